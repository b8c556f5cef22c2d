import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Endings, sayEnd, tabIcon, tabTitle, tookLong } from '../src/app/away.ts'
import type { Job } from '../src/client/types.ts'

function job(id: string, facts: Partial<Job> = {}): Job {
  return { id, title: `${id}.csv`, job_type: 'import', status: 'running', outcome: null, completed_at: null, created_at: '2026-01-01T00:00:00Z', ...facts } as Job
}

const done = (id: string): Job => job(id, { status: 'completed', completed_at: '2026-01-01T00:00:11Z' })
const quiet = { page: 'Jobs', running: 0, attention: 0, ended: null }

test('only what ends while it is watched counts as an end, and once', () => {
  const endings = new Endings()
  assert.deepEqual(endings.since([job('a'), done('b')]), [])
  assert.deepEqual(endings.since([done('a'), done('b')]).map(({ id }) => id), ['a'])
  assert.deepEqual(endings.since([done('a'), done('b')]), [])
  endings.since([job('c')])
  endings.forget()
  assert.deepEqual(endings.since([done('c')]), [], 'somebody else has signed in')
})

test('who started something short is still there', () => {
  assert.equal(tookLong(done('a')), true)
  assert.equal(tookLong(job('a', { completed_at: '2026-01-01T00:00:10Z' })), false)
  assert.equal(tookLong(job('a')), false)
})

test('the title says how many run, then what needs somebody, then the page alone', () => {
  assert.equal(tabTitle({ ...quiet, running: 2, attention: 1 }), '(2) Jobs · Headway')
  assert.equal(tabTitle({ ...quiet, attention: 1 }), '(!) Jobs · Headway')
  assert.equal(tabTitle(quiet), 'Jobs · Headway')
  assert.equal(tabTitle({ ...quiet, page: '' }), 'Headway')
})

test('what ended while nobody looked is the title, and says how', () => {
  assert.equal(tabTitle({ ...quiet, running: 1, ended: done('a') }), '(✓) a.csv imported · Headway')
  assert.equal(tabTitle({ ...quiet, ended: job('a', { status: 'failed' }) }), '(!) a.csv failed · Headway')
  assert.equal(sayEnd(job('a', { status: 'completed', outcome: 'duplicate' })), 'a.csv done')
  assert.equal(sayEnd(job('a', { status: 'completed', job_type: 'export' })), 'a.csv done')
})

test('the icon says the same in one sign', () => {
  const sign = (facts: object): string => decodeURIComponent(tabIcon({ ...quiet, ...facts })).match(/>([^<>]+)<\/text>/)?.[1] ?? ''
  assert.equal(tabIcon(quiet), '/logo.svg')
  assert.equal(sign({ running: 3 }), '3')
  assert.equal(sign({ running: 12 }), '9+')
  assert.equal(sign({ running: 3, attention: 1 }), '!')
  assert.equal(sign({ ended: done('a'), running: 1 }), '✓')
  assert.equal(sign({ ended: job('a', { status: 'cancelled' }) }), '!')
})
