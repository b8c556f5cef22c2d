import assert from 'node:assert/strict'
import { test } from 'node:test'

import { asText, entries, joined, MOST_SHOWN } from '../src/app/pages/log-lines.ts'
import type { LogLine, LogPage } from '../src/client/types.ts'

const AT = '2026-11-27T18:00:00Z'
const line = (number: number, attempt = 1): LogLine => ({ number, attempt, at: AT, level: 'info', source: 'worker', text: `line ${number}` })
const page = (...items: LogLine[]): LogPage => ({ items, next_after: items.at(-1)?.number ?? 0, more: false, total: 0, dropped: 0 })

test('lines that are there already are not taken twice, and the list has an end', () => {
  const first = joined([], page(line(1), line(2)))
  assert.deepEqual(joined(first, page(line(2), line(3))).map(({ number }) => number), [1, 2, 3])
  assert.equal(joined(first, page()), first)
  const many = joined([], page(...Array.from({ length: MOST_SHOWN + 5 }, (_, index) => line(index + 1))))
  assert.equal(many.length, MOST_SHOWN)
  assert.equal(many[0]?.number, 6)
})

test('a hole says how many lines are missing, and another attempt that it begins', () => {
  const told = entries([line(3), line(4), line(10, 2)], 2).map((entry) => (entry.kind === 'line' ? entry.line.text : entry.text))
  assert.deepEqual(told, [
    '2 earlier lines are not shown', 'Attempt 1 of 2', 'line 3', 'line 4', '5 lines are not kept', 'Attempt 2 of 2', 'line 10',
  ])
  assert.deepEqual(entries([line(1)], 1).map(({ kind }) => kind), ['line'])
  assert.deepEqual(entries([line(2)], 1).map((entry) => entry.kind !== 'line' && entry.text), ['1 earlier line is not shown', false])
})

test('what is copied reads as the server writes it', () => {
  assert.equal(asText([{ ...line(1), level: 'warning', text: 'slow disk' }]), `${AT} warning slow disk\n`)
})
