import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Summary } from '../src/app/pages/change-api.ts'
import { sayAction, saySummary } from '../src/app/pages/change-words.ts'

const none = { added: [], removed: [], retyped: [] }

test('a merge says what is added, updated, as before, and what stays although the file lacks it', () => {
  const summary: Summary = { columns: none, rows: { insert: 2, update: 1, unchanged: 1000, missing: 3 } }
  assert.deepEqual(saySummary(summary), ['2 rows added.', '1 row updated.', '1,000 rows as before.', '3 rows not in the file, which stay.'])
})

test('another reading says which columns, which cells, and which rejected rows would be others', () => {
  const summary: Summary = {
    columns: {
      added: [{ name: 'more', type: 'text' }],
      removed: [],
      retyped: [{ name: 'code', before: { type: 'integer', format: null }, after: { type: 'text', format: null } }],
      renamed: [{ before: 'a', after: 'b' }],
    },
    rows: { before: 12, after: 12 },
    cells: { changed: 4, become_empty: 1, become_filled: 0, columns: [] },
    rejected_rows: { before: 12, after: 0 },
  }
  assert.deepEqual(saySummary(summary), [
    '12 rows, as before.',
    'Column “more” comes.',
    'Column “a” is called “b”.',
    'Column “code” is text instead of integer.',
    '4 cells would be written otherwise. 1 of them becomes empty.',
    '12 rejected rows become 0.',
  ])
})

test('rows on one side only are counted', () => {
  const rows = { before: 10, after: 12, only_before: 0, only_after: 2, same: 10 }
  assert.deepEqual(saySummary({ columns: none, rows }), ['10 rows become 12.', '2 rows come.', '10 rows stay.'])
})

test('a version says what made it', () => {
  assert.equal(sayAction('append'), 'Rows added')
  assert.equal(sayAction('something_new'), 'something_new')
})
