import assert from 'node:assert/strict'
import { test } from 'node:test'

import { freeName, resourcesOf } from '../src/app/pages/schema-names.ts'

test('resources are named once, and whatever is no Table Schema has none', () => {
  const key = (resource: unknown): object => ({ fields: 'a', reference: { resource, fields: 'b' } })
  assert.deepEqual(resourcesOf({ foreignKeys: [key('countries'), key(''), key('countries'), null, {}, key(5)] }), ['countries'])
  for (const odd of [null, 5, [], {}, { foreignKeys: 'x' }]) assert.deepEqual(resourcesOf(odd), [])
})

test('rules of a file get a name that is free', () => {
  assert.equal(freeName('orders.schema.json', []), 'orders')
  assert.equal(freeName('orders.json', ['orders', 'orders 2']), 'orders 3')
  assert.equal(freeName('.json', []), 'Rules')
})
