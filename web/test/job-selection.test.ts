import assert from 'node:assert/strict'
import { test } from 'node:test'

import { NOTHING, ranged, toggled, within } from '../src/app/pages/job-selection.ts'

const ORDER = ['a', 'b', 'c', 'd', 'e']
const said = (selection: ReadonlySet<string>): string => [...selection].sort().join('')

test('one more, one less, and what was there stays as it was', () => {
  const one = toggled(NOTHING, 'a')
  assert.equal(said(one), 'a')
  assert.equal(said(toggled(one, 'a')), '')
  assert.equal(said(one), 'a')
})

test('a range goes both ways, and takes away where its end was selected', () => {
  assert.equal(said(ranged(new Set(['b']), ORDER, 'b', 'd')), 'bcd')
  assert.equal(said(ranged(new Set(['d']), ORDER, 'd', 'b')), 'bcd')
  assert.equal(said(ranged(new Set(ORDER), ORDER, 'b', 'd')), 'ae')
})

test('a range without a beginning is one row, also when its beginning is gone', () => {
  assert.equal(said(ranged(NOTHING, ORDER, null, 'c')), 'c')
  assert.equal(said(ranged(NOTHING, ORDER, 'gone', 'c')), 'c')
})

test('what is not shown any more is not selected any more', () => {
  const selection = new Set(['a', 'x'])
  assert.equal(said(within(selection, ORDER)), 'a')
  const kept = new Set(['a'])
  assert.equal(within(kept, ORDER), kept)
})
