import assert from 'node:assert/strict'
import { test } from 'node:test'

import { describe, EVERYTHING, fromAddress, isWanted, toAddress, toQuery } from '../src/app/pages/job-filter.ts'
import type { Job } from '../src/client/types.ts'

process.env['TZ'] = 'Europe/Berlin'

const FULL = { status: 'failed,partial', q: 'orders & more', from: '2026-11-01', to: '2026-11-25', kind: 'import' }

function job(facts: Partial<Job>): Job {
  return {
    status: 'completed', phase: 'completed', outcome: 'succeeded', title: 'Orders.csv', job_type: 'import',
    created_at: '2026-11-25T12:00:00Z', ...facts,
  } as Job
}

test('an address and its filter are the same thing', () => {
  for (const filter of [EVERYTHING, FULL, { ...EVERYTHING, status: 'completed,!partial' }]) {
    const address = toAddress(filter)
    assert.deepEqual(fromAddress(address.slice('/jobs'.length)), filter)
  }
  assert.equal(toAddress(EVERYTHING), '/jobs')
  assert.equal(toAddress({ ...EVERYTHING, status: 'failed,!partial' }), '/jobs?status=failed,!partial')
})

test('what an address says wrongly is left out', () => {
  assert.deepEqual(fromAddress('?status=failed,nonsense,constructor&from=yesterday&to=2026-02-31'), { ...EVERYTHING, status: 'failed' })
  assert.equal(fromAddress(`?q=${'x'.repeat(500)}`).q.length, 200)
})

test('days are asked for from midnight to midnight of the reader, also where clocks change between them', () => {
  const query = toQuery({ ...EVERYTHING, from: '2026-10-25', to: '2026-10-25' })
  assert.equal(query.get('created_from'), '2026-10-24T22:00:00.000Z')
  assert.equal(query.get('created_to'), '2026-10-25T23:00:00.000Z')
})

test('the API is asked only for what is filtered', () => {
  assert.equal(String(toQuery(EVERYTHING)), '')
  assert.deepEqual([...toQuery(FULL).keys()], ['status', 'q', 'job_type', 'created_from', 'created_to'])
})

test('a new job is judged by every part of the filter', () => {
  assert.equal(isWanted(job({}), EVERYTHING), true)
  assert.equal(isWanted(job({}), { ...EVERYTHING, q: 'oRDERS' }), true)
  assert.equal(isWanted(job({}), { ...EVERYTHING, q: 'customers' }), false)
  assert.equal(isWanted(job({}), { ...EVERYTHING, kind: 'export' }), false)
  assert.equal(isWanted(job({}), { ...EVERYTHING, from: '2026-11-26' }), false)
  assert.equal(isWanted(job({}), { ...EVERYTHING, from: '2026-11-25', to: '2026-11-25' }), true)
  assert.equal(isWanted(job({ created_at: '2026-11-25T23:30:00Z' }), { ...EVERYTHING, to: '2026-11-25' }), false)
})

test('states are judged as the API does', () => {
  const partial = job({ outcome: 'partial', phase: 'partial' })
  const status = (words: string) => ({ ...EVERYTHING, status: words })
  assert.equal(isWanted(partial, status('failed,partial')), true)
  assert.equal(isWanted(partial, status('completed')), true)
  assert.equal(isWanted(partial, status('completed,!partial')), false)
  assert.equal(isWanted(job({}), status('!partial')), true)
  assert.equal(isWanted(job({}), status('failed,partial')), false)
  assert.equal(isWanted(job({ status: 'running', phase: 'queued' }), status('running')), true)
  const paused = job({ status: 'running', phase: 'uploading', resumable_until: '2026-11-26T12:00:00Z' })
  assert.equal(isWanted(paused, status('running,pending')), false, 'it waits for its person')
  assert.equal(isWanted(paused, status('paused')), true)
})

test('every part of a filter is told in words, with the filter that is left without it', () => {
  const told = describe(FULL)
  assert.deepEqual(
    told.map(({ text }) => text),
    ['State: Needs attention', '“orders & more” in the name', 'From Nov 1, 2026', 'Until Nov 25, 2026', 'Type: Import'],
  )
  assert.deepEqual(told[1]?.without, { ...FULL, q: '' })
  assert.deepEqual(describe(EVERYTHING), [])
  assert.equal(describe({ ...EVERYTHING, status: 'failed,!partial' })[0]?.text, 'State: failed, not partial')
})
