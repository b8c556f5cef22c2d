import assert from 'node:assert/strict'
import { test } from 'node:test'

import { moved, readField, toggled, withMember } from '../src/app/pages/form-kinds.ts'
import { hasForm, kindOf, missing, STEP_LABELS } from '../src/app/pages/recipe-kinds.ts'

const COLUMNS = [{ name: 'n', type: 'integer' }, { name: 't', type: 'text' }, { name: 'b', type: 'boolean' }]

test('every kind begins with a step that its own form shows, for any table', () => {
  assert.equal(STEP_LABELS.length, 16)
  for (const [step] of STEP_LABELS) {
    for (const columns of [COLUMNS, COLUMNS.slice(0, 1), []]) {
      const begun = kindOf({ step })?.begin(columns)
      assert.equal(begun?.step, step)
      assert.ok(begun && hasForm(begun), step)
    }
  }
})

test('what a form cannot show is JSON, whatever it is', () => {
  for (const step of [
    { step: 'sort' }, { step: 'sort', by: [] }, { step: 'rename', columns: { n: 5 } }, { step: 'aggregate', values: 'x' }, { step: 'fill', columns: ['n'] },
    { step: 'select', columns: 'n' }, { step: 'filter', where: null }, { step: 'derive', column: 'x', value: { call: 'add', args: 5 } },
    { step: 'join', dataset_id: 'x', on: { n: 'a', t: 'b' } }, { step: 'constructor' }, { step: 'pivot' },
  ]) {
    assert.equal(hasForm(step), false, JSON.stringify(step))
    assert.equal(missing(step), '', 'the server says what is wrong with it')
  }
})

test('a step that is not whole says what it needs', () => {
  const needs = (step: string, more: object = {}): string => missing({ ...kindOf({ step })?.begin(COLUMNS), step, ...more })
  const open = STEP_LABELS.filter(([step]) => needs(step)).map(([step]) => step)
  assert.deepEqual(open, ['rename', 'replace', 'derive', 'split', 'merge', 'join'])
  assert.equal(needs('rename'), 'a new name')
  assert.equal(needs('replace'), '“Find”')
  assert.equal(needs('trim', { columns: [] }), '“Columns”')
  assert.equal(needs('filter', { where: { call: 'lt', args: [{ column: 'n' }, { value: '' }] } }), 'a value to compare with')
  assert.equal(needs('join', { dataset_id: 'x' }), 'the column there')
  assert.equal(needs('merge', { into: 'x', with: '' }), '', 'nothing between them is something')
  assert.equal(needs('deduplicate', { columns: undefined }), '')
})

test('what goes without saying is left out, and what is meant stays', () => {
  const [keep] = kindOf({ step: 'select' })?.fields ?? []
  const into = kindOf({ step: 'split' })?.fields.find(({ name }) => name === 'into')
  const format = kindOf({ step: 'cast' })?.fields.find(({ name }) => name === 'format')
  assert.ok(keep && into && format)
  assert.equal(readField(keep, 'true'), undefined)
  assert.equal(readField(keep, 'false'), false)
  assert.equal(readField(format, ''), undefined)
  assert.deepEqual(readField(into, 'a, b,'), ['a', 'b'])
  assert.deepEqual(withMember({ step: 'trim', columns: ['t'], inner: true }, 'inner', undefined), { step: 'trim', columns: ['t'] })
  assert.deepEqual(withMember({ step: 'select', columns: ['t'] }, 'keep', false), { step: 'select', columns: ['t'], keep: false })
})

test('steps move to a place', () => {
  assert.deepEqual(moved(['a', 'b', 'c'], 0, 1), ['b', 'a', 'c'])
  assert.deepEqual(moved(['a', 'b', 'c'], 2, 0), ['c', 'a', 'b'])
})

test('columns are chosen in the order of the table, and an order of their own is kept', () => {
  const all = ['a', 'b', 'c']
  assert.deepEqual(toggled(all, ['a', 'c'], 'b', true), ['a', 'b', 'c'])
  assert.deepEqual(toggled(all, ['c', 'a'], 'b', true), ['c', 'a', 'b'])
  assert.deepEqual(toggled(all, ['c', 'b', 'a'], 'b', false), ['c', 'a'])
})
