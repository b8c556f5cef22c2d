import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ColumnLayout } from '../src/elements/grid-columns.ts'
import { type Cell, cellAfter, HEADER } from '../src/elements/grid-keys.ts'

const BOUNDS = { rows: 10_000_000, columns: 8, page: 15 }

function press(key: string, row: number, column: number, ctrlKey = false): Cell | null {
  return cellAfter({ key, ctrlKey, metaKey: false }, { row, column }, BOUNDS)
}

test('keys lead where the grid pattern says, and never outside', () => {
  assert.deepEqual(press('ArrowDown', 0, 0), { row: 1, column: 0 })
  assert.deepEqual(press('ArrowDown', 9_999_999, 0), { row: 9_999_999, column: 0 })
  assert.deepEqual(press('ArrowUp', 0, 3), { row: HEADER, column: 3 })
  assert.deepEqual(press('ArrowUp', HEADER, 3), { row: HEADER, column: 3 })
  assert.deepEqual(press('ArrowLeft', 5, 0), { row: 5, column: 0 })
  assert.deepEqual(press('ArrowRight', 5, 7), { row: 5, column: 7 })
  assert.deepEqual(press('Home', 5, 7), { row: 5, column: 0 })
  assert.deepEqual(press('End', 5, 0), { row: 5, column: 7 })
  assert.deepEqual(press('Home', 5, 7, true), { row: 0, column: 0 })
  assert.deepEqual(press('End', 5, 0, true), { row: 9_999_999, column: 7 })
  assert.deepEqual(press('PageDown', 5, 2), { row: 20, column: 2 })
  assert.deepEqual(press('PageUp', 5, 2), { row: 0, column: 2 })
  assert.deepEqual(press('PageUp', HEADER, 2), { row: HEADER, column: 2 })
  assert.equal(press('a', 5, 2), null)
})

test('an empty table has only its headings', () => {
  const bounds = { ...BOUNDS, rows: 0 }
  assert.deepEqual(
    cellAfter({ key: 'ArrowDown', ctrlKey: false, metaKey: false }, { row: HEADER, column: 0 }, bounds),
    {
      row: HEADER,
      column: 0,
    },
  )
})

test('a column comes into sight with as little movement as possible', () => {
  const layout = new ColumnLayout([100, 100, 100, 400])
  assert.equal(layout.reveal(0, 0, 250), 0)
  assert.equal(layout.reveal(2, 0, 250), 50)
  assert.equal(layout.reveal(1, 250, 250), 100)
  assert.equal(layout.reveal(3, 0, 250), 300, 'a column wider than the view shows its beginning')
})

test('only columns near the view are placed, the others leave their room', () => {
  const layout = ColumnLayout.unmeasured(1000)
  const span = layout.span(60, 14_000, 500)
  assert.equal(span.total, 60 + 140_000)
  assert.ok(span.first > 90 && span.end < 112)
  assert.ok(span.template.startsWith(`60px ${span.first * 140}px 140px`))
  layout.resize(0, 5)
  assert.equal(layout.width(0), 64)
})
