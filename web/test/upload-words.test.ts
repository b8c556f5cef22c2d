import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Job, Problem } from '../src/client/types.ts'
import { formatAgo, formatBytes, formatSeconds } from '../src/elements/sizes.ts'
import { Upload } from '../src/elements/upload.ts'
import { sayInterrupted, sayJob, sayProblem, sayUpload } from '../src/elements/upload-words.ts'

const JOB = {
  status: 'running',
  phase: 'running',
  progress: 64,
  message: 'Reading the file',
  done_units: 1_280_000,
  total_units: 2_000_000,
  unit: 'rows',
} as Job

test('an upload says how much of how much, and how long', () => {
  const upload = new Upload(1, new File([new Uint8Array(38_000_000)], 'orders.csv'), {})
  upload.state = 'sending'
  upload.sentBytes = 18_000_000
  upload.secondsLeft = 4.2
  const said = sayUpload(upload, null)
  assert.equal(said.sentence, '18 MB of 38 MB · 4 s left')
  assert.equal(Math.round(said.percent ?? 0), 47)
})

test('a running job says what it does, how far, and percent', () => {
  assert.equal(sayJob(JOB).sentence, 'Reading the file · 1,280,000 of 2,000,000 rows · 64%')
})

test('only what imports is said to import', () => {
  const words = (job_type: string, facts: Partial<Job> = {}): string => Object.values(sayJob({ ...JOB, job_type, message: '', ...facts })).slice(0, 2).join(': ')
  assert.match(words('import'), /^Importing/)
  assert.match(words('processing'), /^Running/)
  assert.equal(words('import', { status: 'cancelled' }), 'Cancelled: Nothing was imported.')
  assert.equal(words('processing', { status: 'cancelled' }), 'Cancelled: ')
})

test('ends have no percent, so that they are told once and nothing turns any more', () => {
  const problem = { title: 'It failed', detail: 'Line 3 is odd', user_action: 'Mend it.' } as Problem
  const ended: Partial<Job>[] = [
    { status: 'completed', phase: 'completed' },
    { status: 'completed', phase: 'partial' },
    { status: 'completed', phase: 'completed', outcome: 'duplicate' },
    { status: 'failed', phase: 'failed', problem },
    { status: 'cancelled', phase: 'cancelled' },
  ]
  for (const each of ended) assert.equal(sayJob({ ...JOB, ...each }).percent, undefined)
  assert.equal(sayJob({ ...JOB, ...ended[3] }).sentence, 'It failed. Line 3 is odd. Mend it.')
})

test('a problem that repeats its title says it once', () => {
  const problem = { title: 'There is nothing', detail: 'There is nothing', user_action: '' } as Problem
  assert.equal(sayProblem(problem), 'There is nothing.')
})

test('sizes and times are short', () => {
  assert.equal(formatBytes(0), '0 bytes')
  assert.equal(formatBytes(1), '1 byte')
  assert.equal(formatBytes(1234), '1.2 kB')
  assert.equal(formatBytes(412_000_000), '412 MB')
  assert.equal(formatSeconds(0.2), '1 s')
  assert.equal(formatSeconds(200), '3 min')
  assert.equal(formatSeconds(7800), '2 h 10 min')
  const now = Date.parse('2026-01-02T00:00:00Z')
  assert.equal(formatAgo('2026-01-01T23:58:00Z', now), '2 minutes ago')
  assert.equal(formatAgo('2026-01-02T00:00:05Z', now), 'just now')
})

test('a held upload says why, and that it goes on; a paused one what is sent', () => {
  const upload = new Upload(1, new File([new Uint8Array(1000)], 'a.csv'), {})
  upload.state = 'sending'
  upload.sentBytes = 430
  upload.held = 'offline'
  assert.match(sayUpload(upload, null).sentence, /goes on by itself/)
  upload.held = null
  upload.state = 'paused'
  assert.equal(sayUpload(upload, null).sentence, '430 bytes of 1 kB are sent')
  assert.equal(sayUpload(upload, null).percent, 43)
})

test('an interrupted upload says how far it was, and until when it waits', () => {
  const job = { done_units: 439, total_units: 1000, resumable_until: '2026-05-04T12:00:00Z' } as Job
  assert.match(sayInterrupted(job), /^Interrupted at 43%\. Choose the file again to go on, until .*2026/)
})
