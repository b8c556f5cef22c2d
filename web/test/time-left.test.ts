import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Job } from '../src/client/types.ts'
import { timeLeft } from '../src/elements/time-left.ts'

const NOW = '2026-01-01T12:00:00+00:00'

function left(likely: number, late = likely * 2): string {
  const at = (seconds: number): string => new Date(Date.parse(NOW) + seconds * 1000).toISOString()
  return timeLeft({ updated_at: NOW, expected_end: { likely_at: at(likely), late_at: at(late) } } as Job)
}

test('what is left is said no more exactly than it is known', () => {
  assert.equal(left(4.4), 'about 4 s left')
  assert.equal(left(38), 'about 40 s left')
  assert.equal(left(57), 'about 55 s left')
  assert.equal(left(58), 'about 1 min left')
  assert.equal(left(1000), 'about 17 min left')
  assert.equal(left(5400), 'about 1.5 h left')
})

test('nothing is said where nothing is known, or next to nothing is left', () => {
  assert.equal(timeLeft({ updated_at: NOW, expected_end: null } as Job), '')
  assert.equal(left(2), '')
  assert.equal(left(-5, 10), '')
})

test('a job that takes longer than nine of ten says so', () => {
  assert.equal(left(-60, -1), 'taking longer than usual')
})
