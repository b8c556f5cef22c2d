import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Job } from '../src/client/types.ts'
import { isBegunWith, otherThan } from '../src/elements/job-source.ts'

const file = new File([new Uint8Array(10)], 'orders.csv', { lastModified: 1000 })
const begun = (facts: Record<string, unknown>): Job =>
  ({ metadata: { file_name: 'orders.csv', bytes: 10, last_modified: '1000', ...facts } }) as unknown as Job

test('a file is known again by its size and by when it was changed', () => {
  assert.equal(otherThan(begun({}), file), '')
  assert.equal(otherThan(begun({ bytes: 11 }), file), 'its size differs')
  assert.equal(otherThan(begun({ last_modified: '999' }), file), 'it has been changed since')
  assert.equal(otherThan(begun({ last_modified: undefined }), file), '', 'another program did not say when')
  assert.equal(otherThan(begun({ bytes: undefined }), file), 'its size differs', 'nothing is known of it')
})

test('a file that is merely brought goes on only under its own name', () => {
  assert.equal(isBegunWith(begun({}), file), true)
  assert.equal(isBegunWith(begun({ file_name: 'others.csv' }), file), false)
})
