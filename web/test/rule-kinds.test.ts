import assert from 'node:assert/strict'
import { test } from 'node:test'

import { beginRule, cleaned, columnsOf, patched, RULE_LABELS, ruleFields, ruleNeeds } from '../src/app/pages/rule-kinds.ts'

const COLUMNS = [
  { name: 'id', type: 'integer' }, { name: 'name', type: 'text' }, { name: 'from', type: 'date' }, { name: 'to', type: 'date' },
]

test('every kind begins with a rule that its form shows, for any table, and says what it needs', () => {
  assert.equal(RULE_LABELS.length, 9)
  for (const [kind] of RULE_LABELS) {
    for (const columns of [COLUMNS, []]) {
      const rule = beginRule(kind, columns)
      assert.equal(rule?.rule, kind)
      assert.ok(rule && ruleFields(rule), kind)
    }
    assert.notEqual(ruleNeeds(beginRule(kind, []) ?? { rule: kind }), '', kind)
  }
  const whole = RULE_LABELS.filter(([kind]) => ruleNeeds(beginRule(kind, COLUMNS) ?? { rule: kind }) === '').map(([kind]) => kind)
  assert.deepEqual(whole, ['required', 'unique', 'type', 'date_order'])
})

test('a bound, a value or the other dataset is what is needed', () => {
  assert.equal(ruleNeeds({ rule: 'range', column: 'id' }), 'a bound')
  assert.equal(ruleNeeds({ rule: 'range', column: 'id', below: '5' }), '')
  assert.equal(ruleNeeds({ rule: 'one_of', column: 'name', values: [] }), '“Values, one a line”')
  assert.equal(ruleNeeds({ rule: 'reference', column: 'name', dataset: '', to: '' }), 'a dataset')
  assert.equal(ruleNeeds({ rule: 'reference', column: 'name', dataset: 'x', to: '' }), 'the column there')
})

test('what the form has no place for is kept as it is', () => {
  assert.equal(ruleFields({ rule: 'checksum', column: 'id' }), null)
  assert.equal(ruleFields({ rule: 'required', column: 5 }), null)
  assert.ok(ruleFields({ rule: 'range', column: 'id', min: 0.5, max: '7' }), 'numbers may be numbers')
})

test('rules of the server are without what goes without saying, and so are those that were reworded', () => {
  assert.deepEqual(cleaned({ rule: 'date_order', earlier: 'from', later: 'to', strict: false }), { rule: 'date_order', earlier: 'from', later: 'to' })
  assert.deepEqual(patched({ rule: 'range', column: 'id', above: '1', max: '9' }, { min: 0, above: null }), { rule: 'range', column: 'id', max: '9', min: 0 })
})

test('a rule names its columns', () => {
  assert.equal(columnsOf({ rule: 'unique', columns: ['id', 'name'] }), 'id, name')
  assert.equal(columnsOf({ rule: 'date_order', earlier: 'from', later: 'to' }), 'from, to')
  assert.equal(columnsOf({ rule: 'required', column: 'id' }), 'id')
})
