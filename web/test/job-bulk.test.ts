import assert from 'node:assert/strict'
import { test } from 'node:test'

import { offers, sayOutcome } from '../src/app/pages/job-bulk.ts'
import type { Job } from '../src/client/types.ts'

const job = (id: string, facts: Partial<Job>): Job =>
  ({ id, title: `${id}.csv`, job_type: 'import', status: 'running', phase: 'running', progress: 50, cancel_requested: false, ...facts }) as Job

const RUNNING = job('running', {})
const STOPPING = job('stopping', { phase: 'cancelling', cancel_requested: true })
const DONE = job('done', { status: 'completed', phase: 'completed', progress: 100 })
const FAILED = job('failed', { status: 'failed', phase: 'failed' })
const REFUSED = job('refused', { status: 'failed', phase: 'failed', progress: 10 })
const EXPORT = job('export', { status: 'failed', phase: 'failed', job_type: 'export' })

test('each action is offered for those it fits, with their number', () => {
  const found = offers([RUNNING, STOPPING, DONE, FAILED, REFUSED, EXPORT])
  assert.deepEqual(
    found.map(({ text }) => text),
    ['Cancel 1 job', 'Try 1 job again', 'Delete 4 jobs…'],
  )
  assert.deepEqual(
    found.map(({ jobs }) => jobs.map(({ id }) => id).join(' ')),
    ['running', 'failed', 'done failed refused export'],
  )
})

test('what fits none is not offered', () => {
  assert.deepEqual(offers([STOPPING]), [])
  assert.deepEqual(
    offers([DONE]).map(({ action }) => action),
    ['delete'],
  )
})

test('what came of it names every job that refused, and why', () => {
  const answer = { done: ['running'], refused: [{ id: 'done', code: 'job.ended', detail: 'The job is already completed.' }] }
  assert.deepEqual(sayOutcome('cancel', answer, [RUNNING, DONE]), {
    text: '1 job being cancelled. 1 job refused:',
    refused: [{ title: 'done.csv', why: 'The job is already completed.' }],
  })
  assert.equal(sayOutcome('delete', { done: ['a', 'b'], refused: [] }, []).text, '2 jobs deleted.')
  assert.equal(sayOutcome('retry', { done: [], refused: [] }, []).text, 'Nothing was done.')
  assert.deepEqual(sayOutcome('retry', { done: [], refused: [{ id: 'x', code: 'job.not_found', detail: '' }] }, []).refused, [
    { title: 'x', why: 'job.not_found' },
  ])
})
