import assert from 'node:assert/strict'
import { test } from 'node:test'

import { PLAIN_VIEW } from '../src/elements/grid-view.ts'
import { isPart, wishOf } from '../src/app/pages/export-wish.ts'

function form(values: Record<string, string>): FormData {
  const made = new FormData()
  for (const [name, value] of Object.entries(values)) made.set(name, value)
  return made
}

const VIEW = {
  ...PLAIN_VIEW,
  q: 'ann',
  sort: { column: '-x', descending: true },
  filters: [{ column: 'a:b', op: 'eq' as const, value: '1:2' }],
}

test('only what CSV knows is said of it', () => {
  assert.deepEqual(wishOf(form({ format: 'xlsx', values: 'typed', bom: 'on', delimiter: ';' }), PLAIN_VIEW, 3), {
    format: 'xlsx',
    version: 3,
    values: 'typed',
  })
})

test('the rows are those that are shown, if that is wished', () => {
  assert.equal(isPart(VIEW), true)
  assert.equal(isPart({ ...PLAIN_VIEW, written: true }), false)
  const shown = wishOf(form({ format: 'json', values: 'typed', rows: 'shown' }), VIEW, 1)
  assert.deepEqual([shown['sort'], shown['filter'], shown['q']], [['--x'], ['a:b:eq:1:2'], 'ann'])
  assert.equal(wishOf(form({ format: 'json', values: 'typed', rows: 'all' }), VIEW, 1)['filter'], undefined)
})

test('a mark is asked for only where the encoding has one', () => {
  const csv = { format: 'csv', values: 'written', delimiter: '\t', escape: 'on', bom: 'on' }
  const marked = wishOf(form({ ...csv, encoding: 'utf-8' }), PLAIN_VIEW, 1)
  assert.deepEqual([marked['bom'], marked['formulas'], marked['unencodable'], marked['delimiter']], [true, 'escape', 'fail', '\t'])
  const other = wishOf(form({ ...csv, encoding: 'windows-1252', replace: 'on' }), PLAIN_VIEW, 1)
  assert.deepEqual([other['bom'], other['unencodable']], [false, 'replace'])
})
