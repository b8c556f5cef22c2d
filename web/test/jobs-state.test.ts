import assert from 'node:assert/strict'
import { test } from 'node:test'

import { apply, backoff } from '../src/client/jobs-state.ts'
import type { Job } from '../src/client/types.ts'

function job(id: string, facts: Partial<Job> = {}): Job {
  return { id, status: 'running', phase: 'running', version: 1, created_at: `2026-01-01T00:00:0${id}Z`, ...facts } as Job
}

const ids = (jobs: readonly Job[]): string => jobs.map(({ id }) => id).join(' ')

test('an event of an older or the same version changes nothing', () => {
  const jobs = [job('1', { version: 5, progress: 50 })]
  assert.equal(apply(jobs, { kind: 'job', job: job('1', { version: 4, progress: 40 }) }), jobs)
  assert.equal(apply(jobs, { kind: 'job', job: job('1', { version: 5, progress: 99 }) }), jobs)
  assert.equal(apply(jobs, { kind: 'job', job: job('1', { version: 6, progress: 60 }) })[0]?.progress, 60)
})

test('new jobs come first, and a change does not move a job', () => {
  const jobs = apply([job('1')], { kind: 'job', job: job('2') })
  assert.equal(ids(jobs), '2 1')
  assert.equal(ids(apply(jobs, { kind: 'job', job: job('1', { version: 2 }) })), '2 1')
})

test('a snapshot says which jobs there are, but takes no newer version back', () => {
  const before = [job('1', { version: 7 }), job('2')]
  const after = apply(before, { kind: 'snapshot', jobs: [job('1', { version: 3 }), job('3')] })
  assert.equal(ids(after), '3 1')
  assert.equal(after[1]?.version, 7)
})

test('a removed job goes, and removing an unknown one changes nothing', () => {
  const jobs = [job('1')]
  assert.equal(ids(apply(jobs, { kind: 'removed', id: '1' })), '')
  assert.equal(apply(jobs, { kind: 'removed', id: '9' }), jobs)
})

test('a place in the queue changes a job of any version, and no other', () => {
  const queue = { position: 2, ahead: 1, expected_start: null }
  const after = apply([job('1', { version: 9 }), job('2')], { kind: 'queue', id: '1', queue })
  assert.deepEqual(after.map((each) => each.queue?.ahead), [1, undefined])
  assert.equal(after[0]?.version, 9)
  assert.equal(apply(after, { kind: 'queue', id: '7', queue }), after)
})

test('events do not change the list that they are applied to', () => {
  const jobs = Object.freeze([job('1')])
  apply(jobs, { kind: 'job', job: job('2') })
  assert.equal(ids(jobs), '1')
})

test('tries grow apart, are spread, and never stop', () => {
  const least = (failures: number): number => backoff(failures, () => 0)
  const most = (failures: number): number => backoff(failures, () => 1)
  assert.deepEqual([least(0), most(0)], [250, 500])
  assert.deepEqual([least(3), most(3)], [1_500, 3_000])
  assert.deepEqual([least(5000), most(5000)], [1_500, 3_000])
})

test('a list that was asked for drops what ended its stay, and not what came while it was on its way', () => {
  const at = '2026-01-01T00:00:05Z'
  const before = [job('2', { updated_at: '2026-01-01T00:00:06Z' }), job('1', { updated_at: '2026-01-01T00:00:04Z' })]
  assert.equal(ids(apply(before, { kind: 'snapshot', jobs: [], at })), '2')
  assert.equal(ids(apply(before, { kind: 'snapshot', jobs: [], at: '2026-01-01T00:00:06Z' })), '2')
  assert.equal(ids(apply(before, { kind: 'snapshot', jobs: [] })), '')
})

test('a place in the queue is news of a job without being a version of it', () => {
  const queue = { position: 2, ahead: 1, expected_start: null }
  const [first, second] = apply([job('2'), job('1')], { kind: 'queue', id: '1', queue })
  assert.deepEqual([first?.queue, second?.queue, second?.version], [undefined, queue, 1])
})
