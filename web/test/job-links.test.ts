import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Job } from '../src/client/types.ts'
import { LINKS, resultLink, resultWord } from '../src/elements/job-links.ts'

const CHECK = { job_type: 'validation', status: 'completed', related_dataset_id: 'd1' } as Job

test('the result of a check is its report, on the page of the dataset', () => {
  assert.equal(resultLink(LINKS, CHECK), '/datasets/d1?tab=check')
  assert.equal(resultWord(LINKS, CHECK), 'Open report')
})

test('there is none before it is done, of other jobs, and on the pages of a host', () => {
  const others: [typeof LINKS, Partial<Job>, string][] = [
    [LINKS, { status: 'failed' }, '/datasets/d1'], [LINKS, { job_type: 'import' }, '/datasets/d1'], [{ dataset: '/tables/{id}' }, {}, '/tables/d1'],
  ]
  for (const [links, facts, link] of others) {
    assert.equal(resultLink(links, { ...CHECK, ...facts }), link)
    assert.equal(resultWord(links, { ...CHECK, ...facts }), 'Open dataset')
  }
  assert.equal(resultLink({}, CHECK), '')
})
