import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Job } from '../src/client/types.ts'
import { Countdowns, sayAhead } from '../src/elements/time-left.ts'

const BEGAN = Date.UTC(2026, 0, 1)
const iso = (seconds: number): string => new Date(BEGAN + 1000 * seconds).toISOString()

/** A job that is told `at` seconds after it began, and is to end after `likely`, at the latest after `late`. */
function told(at: number, likely: number, late = 2 * likely, facts: Partial<Job> = {}): Job {
  return {
    id: '1', version: at, status: 'running', phase: 'running', progress: 50, created_at: iso(0), started_at: iso(0), updated_at: iso(at),
    expected_end: { likely_at: iso(likely), late_at: iso(late) }, ...facts,
  } as Job
}

const once = (job: Job): string => new Countdowns().say(job, 0)

test('the time left is told no more exactly than it is known', () => {
  assert.equal(once(told(10, 17)), 'about 7 s left')
  assert.equal(once(told(10, 53)), 'about 45 s left')
  assert.equal(once(told(10, 69)), 'about 1 min left')
  assert.equal(once(told(10, 700)), 'about 12 min left')
  assert.equal(once(told(10, 9010)), 'about 2.5 h left')
})

test('nothing is said of what is not known yet, or of what is as good as over', () => {
  assert.equal(once(told(10, 12)), '')
  assert.equal(once(told(2, 60)), '', 'too early')
  assert.equal(once(told(10, 60, 90, { progress: 4 })), '', 'too little')
  assert.equal(once(told(10, 60, 90, { expected_end: null })), '')
  assert.equal(once(told(10, 60, 90, { phase: 'queued' })), '')
  assert.equal(once(told(10, 60, 90, { phase: 'cancelling' })), '')
})

test('it counts down between two answers, by the clock of the page', () => {
  const say = new Countdowns()
  const job = told(10, 30)
  assert.equal(say.say(job, 500_000), 'about 20 s left')
  assert.equal(say.say(job, 505_000), 'about 15 s left')
  assert.equal(say.say(job, 512_000), 'about 8 s left')
})

test('a time that grows says so, until it shrinks again; a step up from rounding does not', () => {
  const say = new Countdowns()
  assert.equal(say.say(told(10, 30), 0), 'about 20 s left')
  assert.equal(say.say(told(11, 36), 1000), 'about 25 s left')
  assert.equal(say.say(told(12, 72), 2000), 'slower than usual, about 1 min left')
  assert.equal(say.say(told(13, 73), 3000), 'slower than usual, about 1 min left')
  assert.equal(say.say(told(30, 60), 20_000), 'about 30 s left')
})

test('after the usual time it says how long it takes at most, and after that only that it takes longer', () => {
  assert.equal(once(told(20, 18, 60)), 'slower than usual, up to 40 s left')
  assert.equal(once(told(61, 18, 60)), 'taking longer than usual')
})

test('a moment ahead is told roughly, and one that is here not at all', () => {
  assert.equal(sayAhead(iso(42), BEGAN), 'about 40 s')
  assert.equal(sayAhead(iso(1), BEGAN), '')
  assert.equal(sayAhead(iso(-9), BEGAN), '')
})
