import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { OperatorJob, Overview } from '../src/client/operator-types.ts'
import { inPlace, sameRows, withJob } from '../src/app/pages/operator-rows.ts'

function job(id: string, facts: Partial<OperatorJob> = {}): OperatorJob {
  return { id, title: id, phase: 'failed', progress: 10, ...facts } as OperatorJob
}

function overview(facts: Partial<Overview> = {}): Overview {
  const empty = { items: [], more: false }
  return { server_time: '', workers: [], lost_workers: [], queues: [], stalled: empty, failed: empty, ...facts } as unknown as Overview
}

function failed(...items: OperatorJob[]): Partial<Overview> {
  return { failed: { items, more: false } }
}

test('numbers that change move no row, and rows that come, go or swap do', () => {
  const before = overview(failed(job('a'), job('b')))
  assert.ok(sameRows(before, overview(failed(job('a', { progress: 99 }), job('b', { phase: 'retrying' })))))
  for (const items of [[job('a')], [job('c'), job('a'), job('b')], [job('b'), job('a')]]) {
    assert.ok(!sameRows(before, overview(failed(...items))))
  }
})

test('a pause makes a row higher, so that it counts as another row', () => {
  const queue = { name: 'imports', waiting: 0, waiting_since: null, running: 0, places: 1, paused: null }
  const paused = { ...queue, paused: { at: '', by: { id: 'x', email: null }, reason: '' } }
  assert.ok(sameRows(overview({ queues: [queue] }), overview({ queues: [{ ...queue, waiting: 7 }] })))
  assert.ok(!sameRows(overview({ queues: [queue] }), overview({ queues: [paused] })))
  const held = inPlace(overview({ queues: [queue] }), overview({ queues: [{ ...paused, waiting: 7 }] }))
  assert.deepEqual(held.queues, [{ ...queue, waiting: 7 }])
})

test('in place, rows stay where they are, each as it is now or was last known', () => {
  const shown = overview(failed(job('a'), job('b')))
  const newer = overview({ server_time: 'later', ...failed(job('c'), job('b', { progress: 60 })) })
  const held = inPlace(shown, newer)
  assert.equal(held.server_time, 'later')
  assert.deepEqual(
    held.failed.items.map(({ id, progress }) => [id, progress]),
    [
      ['a', 10],
      ['b', 60],
    ],
  )
})

test('workers keep their jobs in place, and one that was lost its row', () => {
  const worker = { id: 'w', memory_bytes: 1, jobs: [job('a')] } as unknown as Overview['workers'][number]
  const shown = overview({ workers: [worker] })
  const busy = overview({ workers: [{ ...worker, memory_bytes: 2, jobs: [job('b'), job('a', { progress: 50 })] }] })
  assert.deepEqual(inPlace(shown, busy).workers, [{ ...worker, memory_bytes: 2, jobs: [job('a', { progress: 50 })] }])
  assert.deepEqual(inPlace(shown, overview({ lost_workers: [worker] })).workers, [worker])
  assert.deepEqual(inPlace(shown, overview({ lost_workers: [worker] })).lost_workers, [])
})

test('what has come of a job is shown wherever it stands', () => {
  const worker = { id: 'w', jobs: [job('a')] } as unknown as Overview['workers'][number]
  const now = withJob(overview({ workers: [worker], ...failed(job('a'), job('b')) }), job('a', { phase: 'retrying' }))
  assert.equal(now.workers[0]?.jobs[0]?.phase, 'retrying')
  assert.deepEqual(
    now.failed.items.map(({ phase }) => phase),
    ['retrying', 'failed'],
  )
})
