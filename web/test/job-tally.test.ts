import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Job } from '../src/client/types.ts'
import { arranged } from '../src/elements/job-order.ts'
import { lossOf } from '../src/elements/job-rules.ts'
import { buttonText, tally, wholePercent } from '../src/elements/job-tally.ts'

const NOW = Date.UTC(2026, 0, 1)
const ago = (seconds: number): string => new Date(NOW - 1000 * seconds).toISOString()

function job(id: string, facts: Partial<Job> = {}): Job {
  return {
    id, job_type: 'import', status: 'running', phase: 'running', progress: 0, created_at: ago(60 - Number(id)), started_at: null, completed_at: null,
    stage: null, total_units: null, expected_end: null, cancel_requested: false, ...facts,
  } as Job
}

const failed = (id: string): Job => job(id, { status: 'failed', phase: 'failed' })
const partial = (id: string): Job => job(id, { status: 'completed', phase: 'partial' })
const done = (id: string, seconds = 0): Job => job(id, { status: 'completed', phase: 'completed', completed_at: ago(seconds) })
const waiting = (id: string): Job => job(id, { phase: 'queued' })
const ids = (jobs: readonly Job[]): string => jobs.map(({ id }) => id).join(' ')

test('what needs a person comes first, then what runs, what waits in its order, and what is done, newest first', () => {
  const jobs = [done('1', 9), waiting('3'), job('5'), failed('4'), waiting('2'), done('6', 30), job('7', { phase: 'stalled' }), job('8')]
  assert.equal(ids(arranged(jobs)), '7 4 8 5 2 3 1 6')
})

test('rows that somebody is about to use keep their places, and new ones come after them', () => {
  const held = ['2', '1']
  assert.equal(ids(arranged([done('2'), job('1'), failed('3'), job('4')], held)), '2 1 3 4')
  assert.equal(ids(arranged([job('1'), failed('3')], held)), '1 3', 'one of them went')
})

test('the button says what needs a person, and what runs', () => {
  const text = (...jobs: Job[]): string => Object.values(buttonText(tally(jobs))).filter(Boolean).join(' · ')
  assert.equal(text(), '')
  assert.equal(text(done('1')), '')
  assert.equal(text(job('1')), '1 running job')
  assert.equal(text(job('1'), job('2'), waiting('3')), '3 running jobs')
  assert.equal(text(failed('1')), '1 needs attention')
  assert.equal(text(failed('1'), partial('2'), job('3')), '2 need attention · 1 running job')
  assert.deepEqual(tally([failed('1'), done('2'), waiting('3'), job('4')]), { attention: 1, running: 2, waiting: 1, finished: 1 })
})

test('a silent job is looked after, and needs nobody', () => {
  assert.equal(tally([job('1', { phase: 'stalled' })]).attention, 0)
})

test('the whole is weighed by how long each takes', () => {
  const expected = (seconds: number) => ({ started_at: ago(0), expected_end: { likely_at: ago(-seconds), late_at: ago(-seconds) } })
  assert.equal(wholePercent([job('1', { progress: 43 })]), 43)
  assert.equal(wholePercent([job('1', { progress: 90, ...expected(10) }), job('2', { progress: 10, ...expected(90) })]), 18)
  assert.equal(wholePercent([job('1', { progress: 90 }), job('2', { progress: 10 })]), 50)
  assert.equal(wholePercent([job('1'), job('2')]), null, 'nothing is known')
  assert.equal(wholePercent([job('1', { progress: 99 }), done('2')]), 99)
})

test('cancelling asks only where work would be lost', () => {
  const ran = (seconds: number, facts: Partial<Job> = {}): string => lossOf(job('1', { started_at: ago(seconds), created_at: ago(seconds), ...facts }), NOW)
  assert.equal(ran(5), '')
  assert.equal(ran(900, { phase: 'queued' }), '')
  assert.match(ran(250), /^It has run for 4 min 10 s\. The file is kept/)
  assert.match(ran(60, { stage: 'upload', phase: 'uploading', started_at: null }), /sent so far is thrown away/)
  assert.match(ran(60, { job_type: 'external' }), /cannot be taken up again/)
})

test('a paused upload waits for its person: it does not run, and stands with those that wait', () => {
  const paused = job('2', { phase: 'uploading', stage: 'upload', resumable_until: ago(-3600), done_units: 43, total_units: 100 })
  assert.equal(tally([paused]).running, 0)
  assert.equal(tally([paused, job('1')]).running, 1)
  assert.equal(wholePercent([paused, job('1', { progress: 60 })]), 60)
  assert.equal(ids(arranged([paused, job('1')])), '1 2')
})
