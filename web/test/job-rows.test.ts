import assert from 'node:assert/strict'
import { test } from 'node:test'

import { joined, missing, updated } from '../src/app/pages/job-rows.ts'
import type { Job } from '../src/client/types.ts'

const job = (id: string, minute: number, version = 1): Job =>
  ({ id, version, created_at: new Date(Date.UTC(2026, 0, 1, 12, minute)).toISOString() }) as Job

const ids = (jobs: readonly Job[]): string => jobs.map(({ id }) => id).join('')
const all = (): boolean => true

test('a row changes in its place, and an older version never wins', () => {
  const rows = [job('c', 3), job('b', 2, 5), job('a', 1)]
  const after = updated(rows, [job('a', 1, 2), job('b', 2, 4)])
  assert.equal(ids(after), 'cba')
  assert.deepEqual(after.map(({ version }) => version), [1, 5, 2])
  assert.equal(updated(rows, [job('b', 2, 5)]), rows)
})

test('new jobs are those that belong among the rows and are not there', () => {
  const rows = [job('d', 4), job('b', 2)]
  assert.equal(ids(missing(rows, [job('e', 5), job('d', 4), job('c', 3), job('a', 1)], all, false)), 'ec')
  assert.equal(ids(missing(rows, [job('a', 1)], all, true)), 'a')
  assert.equal(ids(missing([], [job('a', 1), job('b', 2)], all, true)), 'ba')
  assert.equal(ids(missing(rows, [job('e', 5)], () => false, true)), '')
})

test('a page and what came meanwhile are one list without doubles, newest first', () => {
  const list = joined([job('d', 4), job('b', 2, 7)], [job('b', 2, 6), job('c', 3), job('a', 1)])
  assert.equal(ids(list), 'dcba')
  assert.equal(list[2]?.version, 7)
})

test('jobs of the same moment stand in the order of the server', () => {
  assert.equal(ids(joined([job('a', 1), job('c', 1)], [job('b', 1)])), 'cba')
})
