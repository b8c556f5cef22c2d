import assert from 'node:assert/strict'
import { test } from 'node:test'

import { countOf, countOfKind, isCounted } from '../src/app/pages/job-counts.ts'
import { EVERYTHING, TABS } from '../src/app/pages/job-filter.ts'
import type { HistoryCounts } from '../src/client/types.ts'

const COUNTS: HistoryCounts = {
  total: 19,
  matching: 16,
  status: { running: 3, pending: 1, paused: 1, completed: 10, partial: 4, failed: 2, cancelled: 0 },
  job_types: [{ job_type: 'import', count: 15 }],
  more_job_types: false,
}

test('a tab counts each job that it shows once', () => {
  assert.deepEqual(TABS.map(([status]) => countOf(COUNTS, status)), [16, 3, 1, 6, 10, 0])
})

test('a state that this page does not know has no jobs', () => {
  assert.equal(countOf(COUNTS, 'asleep'), 0)
})

test('of a type that is not listed the number is known only if all are listed', () => {
  assert.equal(countOfKind(COUNTS, 'import'), 15)
  assert.equal(countOfKind(COUNTS, 'export'), 0)
  assert.equal(countOfKind({ ...COUNTS, more_job_types: true }, 'export'), null)
})

test('lists by days or by a name are not counted', () => {
  assert.ok(isCounted({ ...EVERYTHING, status: 'failed', kind: 'import' }))
  for (const part of [{ q: 'a' }, { from: '2026-01-01' }, { to: '2026-01-01' }]) assert.ok(!isCounted({ ...EVERYTHING, ...part }))
})
