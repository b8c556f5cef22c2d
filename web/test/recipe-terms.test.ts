import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readCall, readCondition, writeCall, writeCondition } from '../src/app/pages/recipe-terms.ts'

const COLUMNS = [{ name: 'n', type: 'integer' }, { name: 't', type: 'text' }, { name: 'b', type: 'boolean' }]

test('a condition is read as it was written', () => {
  const written = [['n', 'lt', '5'], ['t', 'eq', '05'], ['t', 'empty', ''], ['t', 'not empty', ''], ['n', 'ge', '9007199254740993']] as const
  for (const [column, comparison, value] of written) {
    assert.deepEqual(readCondition(writeCondition({ column, comparison, value }, COLUMNS)), { column, comparison, value })
  }
})

test('numbers are numbers where every digit stays', () => {
  const valueOf = (column: string, value: string): unknown => writeCondition({ column, comparison: 'eq', value }, COLUMNS).args?.[1]?.value
  assert.equal(valueOf('n', '5'), 5)
  assert.equal(valueOf('n', '9007199254740993'), '9007199254740993')
  assert.equal(valueOf('t', '5'), '5')
  assert.equal(valueOf('b', 'true'), true)
})

test('a computation takes a column or a value second, or nothing', () => {
  const two = { name: 'add', column: 'n', other: 'n', isColumn: true }
  assert.deepEqual(readCall(writeCall(two, COLUMNS)), two)
  assert.deepEqual(writeCall({ name: 'concat', column: 'n', other: '5', isColumn: false }, COLUMNS).args?.[1], { value: '5' })
  assert.deepEqual(writeCall({ name: 'round', column: 't', other: '2', isColumn: false }, COLUMNS).args?.[1], { value: 2 })
  assert.deepEqual(writeCall({ name: 'upper', column: 't', other: 'x', isColumn: false }, COLUMNS).args, [{ column: 't' }])
})

test('what the form has no place for is not read', () => {
  const [n, t] = [{ column: 'n' }, { column: 't' }]
  assert.equal(readCondition({ call: 'or', args: [{ value: true }, { value: false }] }), null)
  assert.equal(readCondition({ call: 'eq', args: [n, { value: '5', type: 'date' }] }), null, 'its type would get lost')
  assert.equal(readCondition({ call: 'eq', args: [n, t] }), null)
  assert.equal(readCall({ call: 'concat', args: [n, { value: '-' }, t] }), null)
  for (const odd of [null, undefined, 5, 'x', {}, { call: 'eq' }, { call: 'eq', args: [null, null] }]) {
    assert.equal(readCondition(odd), null)
    assert.equal(readCall(odd), null)
  }
})
