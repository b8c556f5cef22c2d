import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Span } from '../src/client/operator-types.ts'
import { isEmpty, niceStep, scaleOf, ticksOf, totalsOf } from '../src/app/pages/chart-scale.ts'

function span(completed: number, failed = 0, cancelled = 0, at = '2026-11-27T00:00:00Z'): Span {
  return { at, completed, failed, cancelled }
}

test('steps are 1, 2 or 5 times a power of ten, and whole', () => {
  const found = [0, 1, 4, 5, 8, 9, 20, 21, 40, 41, 1_000_000].map(niceStep)
  assert.deepEqual(found, [1, 1, 1, 2, 2, 5, 5, 10, 10, 20, 500_000])
})

test('zero is always a mark, and nothing stands outside of the drawing', () => {
  for (const spans of [[], [span(0)], [span(7, 0, 2), span(1)], [span(3, 11)], [span(0, 1)]]) {
    const { marks, y } = scaleOf(spans, 100)
    assert.ok(marks.includes(0))
    for (const { completed, failed, cancelled } of spans) {
      assert.ok(y(completed + cancelled) >= -1e-9 && y(-failed) <= 100 + 1e-9)
    }
    assert.deepEqual([y(marks.at(-1) ?? 0), y(marks[0] ?? 0)], [0, 100])
  }
})

test('without a failure the zero line is the ground', () => {
  assert.equal(scaleOf([span(5)], 100).y(0), 100)
  assert.ok(scaleOf([span(5, 1)], 100).y(0) < 100)
})

test('a failure is as high as a success', () => {
  const { y } = scaleOf([span(4), span(0, 4)], 100)
  assert.equal(y(0) - y(4), y(-4) - y(0))
})

test('times along it are round, and not more than fit', () => {
  const first = new Date(2026, 10, 26, 9, 20).getTime()
  const spans = Array.from({ length: 144 }, (_, index) => span(0, 0, 0, new Date(first + index * 600_000).toISOString()))
  for (const most of [3, 6, 12]) {
    const ticks = ticksOf(spans, most)
    assert.ok(ticks.length > 1 && ticks.length <= most)
    for (const index of ticks) assert.equal(new Date(spans[index]?.at ?? '').getMinutes(), 0)
  }
  assert.deepEqual(ticksOf([], 5), [])
})

test('totals are of all spans', () => {
  assert.deepEqual(totalsOf([span(1, 2, 3), span(10, 20, 30)]), { completed: 11, failed: 22, cancelled: 33 })
  assert.ok(isEmpty(totalsOf([])))
  assert.ok(!isEmpty(totalsOf([span(0, 0, 1)])))
})
