import assert from 'node:assert/strict'
import { test } from 'node:test'

import { steps } from '../src/app/pages/job-steps.ts'
import type { Job } from '../src/client/types.ts'
import { amount, duration } from '../src/elements/job-figures.ts'
import { isEnded, phaseWord, tone } from '../src/elements/job-words.ts'

function job(facts: Partial<Job>): Job {
  return { status: 'running', phase: 'running', progress: 0, outcome: null, done_units: null, total_units: null, unit: null, ...facts } as Job
}

const states = (facts: Partial<Job>): string => steps(job(facts)).map(({ state }) => state).join(' ')

test('every phase has a word, and one from a newer server is shown as it is', () => {
  const phases = [
    'uploading', 'queued', 'retrying', 'running', 'finishing', 'stalled', 'cancelling', 'completed', 'partial', 'failed', 'cancelled',
  ] as const
  for (const phase of phases) assert.notEqual(phaseWord(job({ phase })), phase)
  assert.equal(phaseWord(job({ phase: 'resting' as Job['phase'] })), 'resting')
  assert.equal(phaseWord(job({ phase: 'completed', outcome: 'duplicate' })), 'Already there')
  assert.equal(phaseWord(job({ phase: 'partial', job_type: 'validation' })), 'Done, with rules broken')
})

test('bytes are told as sizes, and never more than there are', () => {
  assert.equal(amount(job({ unit: 'bytes', done_units: 18_000_000, total_units: 38_000_000 })), '18 MB of 38 MB')
  assert.equal(amount(job({ unit: 'bytes', done_units: 39_000_000, total_units: 38_000_000 })), '38 MB of 38 MB')
  assert.equal(amount(job({ unit: 'rows', done_units: 7 })), '7 rows')
  assert.equal(amount(job({})), '')
})

test('colour follows the phase, and an end follows the status', () => {
  assert.equal(tone(job({ phase: 'failed' })), 'bad')
  assert.equal(tone(job({ phase: 'partial' })), 'warn')
  assert.equal(tone(job({ phase: 'completed' })), 'good')
  assert.equal(tone(job({ phase: 'queued' })), 'plain')
  assert.equal(isEnded(job({ phase: 'cancelling' })), false)
  assert.equal(isEnded(job({ status: 'cancelled' })), true)
})

test('the steps are ticked by percentage, with one of them the present one', () => {
  assert.equal(states({ progress: 0 }), 'now next next next next next')
  assert.equal(states({ progress: 10 }), 'done now next next next next')
  assert.equal(states({ progress: 69 }), 'done done done now next next')
  assert.equal(states({ progress: 99 }), 'done done done done done now')
  assert.equal(states({ progress: 100, status: 'completed' }), 'done done done done done done')
})

test('a job that ended badly stays at the step where it was, also at 100 percent', () => {
  assert.equal(states({ progress: 40, status: 'failed', phase: 'failed' }), 'done done done now next next')
  assert.equal(states({ progress: 100, status: 'failed', phase: 'failed' }), 'done done done done done now')
})

test('durations are short', () => {
  const after = (ms: number): string => duration('2026-01-01T00:00:00Z', new Date(Date.UTC(2026, 0, 1) + ms).toISOString())
  assert.equal(after(1440), '1.4 s')
  assert.equal(after(42_000), '42 s')
  assert.equal(after(125_000), '2 min 5 s')
  assert.equal(after(7_380_000), '2 h 3 min')
  assert.equal(after(240_000), '4 min')
  assert.equal(after(3_600_000), '1 h')
  assert.equal(after(-5000), 'under 0.1 s')
  assert.equal(duration(null, '2026-01-01T00:00:00Z'), '')
})

test('no duration has sixty seconds in its minute', () => {
  const after = (ms: number): string => duration('2026-01-01T00:00:00Z', new Date(Date.UTC(2026, 0, 1) + ms).toISOString())
  assert.equal(after(9960), '10 s')
  assert.equal(after(59_700), '1 min')
  assert.equal(after(119_600), '2 min')
})
