import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Job, Problem } from '../src/client/types.ts'
import { rejectedRows, sentence } from '../src/elements/job-sentence.ts'

const NOON = new Date(2026, 0, 1, 12, 0, 0).getTime()
const at = (seconds: number): string => new Date(NOON + 1000 * seconds).toISOString()

function say(facts: Partial<Job>): string {
  const job = {
    id: '1', job_type: 'import', status: 'running', phase: 'running', progress: 0, message: null, error: null, problem: null, outcome: null, result: null,
    stage: null, done_units: null, total_units: null, unit: null, attempt: 1, expected_end: null,
    created_at: at(-60), started_at: at(-50), completed_at: null, updated_at: at(0), ...facts,
  } as Job
  return sentence(job, NOON)
}

test('what runs says what it does and how much of how much', () => {
  const facts = { message: 'Reading', done_units: 1_280_000, total_units: 2_000_000, unit: 'rows', progress: 59 }
  assert.equal(say(facts), 'Reading · 1,280,000 of 2,000,000 rows')
  assert.equal(say({ ...facts, message: 'Reading, 1,280,000 rows so far' }), 'Reading, 1,280,000 rows so far')
  assert.equal(say({ ...facts, total_units: null }), 'Reading · 1,280,000 rows so far')
  assert.equal(say({ ...facts, rate: 5123.4 }), 'Reading · 1,280,000 of 2,000,000 rows · 5,100 rows/s')
  assert.equal(say({ done_units: 18_000_000, total_units: 38_000_000, unit: 'bytes', rate: 2_100_000, phase: 'uploading' }), '18 MB of 38 MB · 2.1 MB/s')
  assert.match(say({ ...facts, failed_units: 12 }), /rows · 12 failed$/)
  assert.equal(say({ ...facts, rate: 0.2 }), 'Reading · 1,280,000 of 2,000,000 rows')
  assert.equal(say({}), '')
})

test('what waits says behind whom, and until when where that is known', () => {
  assert.equal(say({ phase: 'queued' }), 'For a free worker.')
  assert.equal(say({ phase: 'queued', job_type: 'external' }), 'For its program to begin.')
  assert.equal(say({ phase: 'queued', queue: { position: 3, ahead: 2, expected_start: at(41) } }), '2 ahead of it, starts in about 40 s.')
  assert.equal(say({ phase: 'queued', queue: { position: 1, ahead: 0, expected_start: null } }), 'Next in line.')
  const paused = { phase: 'queued', paused: true, queue: { position: 1, ahead: 0, expected_start: null } } as const
  assert.equal(say({ ...paused, message: 'Paused by the operator: New disks' }), 'Paused by the operator: New disks.')
  assert.equal(say(paused), 'The operator has paused its queue.')
})

test('what is tried again says why, when, and which attempt that is', () => {
  assert.equal(say({ phase: 'retrying', message: 'The store is away. Trying again in 20 s.' }), 'The store is away. Trying again in 20 s. Next: attempt 2.')
  const queue = { position: 1, ahead: 0, expected_start: at(19) }
  assert.equal(say({ phase: 'retrying', message: 'The store is away', queue }), 'The store is away. In about 20 s: attempt 2.')
  assert.equal(say({ phase: 'retrying' }), 'The last attempt broke off. Next: attempt 2.')
})

test('silence says since when, and what comes of it', () => {
  assert.match(say({ phase: 'stalled' }), /^Nothing heard since 12:00\sPM\. If its worker is gone it is started again/)
})

test('cancelling says what stays, for each kind of work', () => {
  assert.match(say({ phase: 'cancelling', stage: 'upload' }), /sent is thrown away/)
  assert.match(say({ phase: 'cancelling', stage: 'parse' }), /the file is kept/)
  assert.match(say({ phase: 'cancelling', job_type: 'external' }), /may stay/)
  const ended = { status: 'cancelled', phase: 'cancelled' } as const
  assert.equal(say({ ...ended, progress: 12 }), 'Nothing was kept.')
  assert.equal(say({ ...ended, progress: 55 }), 'Nothing was imported. The file is kept.')
  assert.equal(say({ ...ended, progress: 55, job_type: 'export' }), 'Stopped at 55%.')
  assert.equal(say({ ...ended, job_type: 'export' }), 'Stopped before it began.')
})

test('what is done says what came of it, and how long it took', () => {
  const done = { status: 'completed', phase: 'completed', completed_at: at(-8) } as const
  assert.equal(say({ ...done, done_units: 100_000, unit: 'rows', message: '100,000 rows' }), '100,000 rows in 52 s')
  assert.equal(say({ ...done, message: '14 pages written' }), '14 pages written in 52 s')
  assert.equal(say(done), 'In 52 s.')
  assert.equal(say({ ...done, outcome: 'duplicate' }), 'You imported this file before. Nothing was added.')
})

test('what is done in part says how many rows it lost', () => {
  const result = { rows: 99_988, rejected_rows: 12 }
  const partial = { status: 'completed', phase: 'partial', done_units: 99_988, unit: 'rows', result } as const
  assert.equal(say(partial), '99,988 of 100,000 rows. 12 could not be read.')
  assert.match(say({ ...partial, job_type: 'export', result: null, failed_units: 3, unit: 'files' }), /99,991 files\. 3 could not be done\.$/)
  assert.equal(say({ ...partial, result: null }), 'Some rows could not be read.')
  assert.equal(rejectedRows({ result } as unknown as Job), 'the 12 rows')
  assert.equal(rejectedRows({ result: { rejected_rows: 1 } } as unknown as Job), 'the row')
})

test('what failed says why', () => {
  const failed = { status: 'failed', phase: 'failed', error: 'The file is empty' } as const
  assert.equal(say({ ...failed, problem: { title: 'There is nothing in it' } as Problem }), 'There is nothing in it.')
  assert.equal(say(failed), 'The file is empty.')
  assert.equal(say({ ...failed, error: null }), 'It failed without a reason.')
})
