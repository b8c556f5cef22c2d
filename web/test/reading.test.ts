import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Decision } from '../src/client/reading-api.ts'
import { alternatives, askedAnew, cleaned, issuesOf, ofFile, sayFix, sayRows, withOptions, withType } from '../src/elements/reading.ts'

const decision = (facts: Partial<Decision>): Decision => ({
  subject: 'encoding', value: 'utf-8', evidence: 'It is valid.', runner_up: null, option: null, instead: null, ...facts,
})

test('each decision offers what it could be instead, in words', () => {
  const labels = (facts: Partial<Decision>): string[] => alternatives(decision(facts)).map(({ label }) => label)
  assert.deepEqual(labels({}), [])
  assert.deepEqual(labels({ runner_up: 'windows-1252', instead: { encoding: 'windows-1252' } }), ['Read as windows-1252'])
  assert.deepEqual(labels({ subject: 'dialect', runner_up: 'comma', instead: { delimiter: ',' } }), ['Separate by comma'])
  assert.deepEqual(labels({ subject: 'header', instead: { header: false } }), ['The first row is data'])
  assert.deepEqual(labels({ subject: 'header', instead: { header: true } }), ['The first row holds the names'])
})

test('every other sheet can be read, also a hidden one by its own name', () => {
  const found = alternatives(decision({ subject: 'sheet', runner_up: ['Customers', 'Secret (hidden)'], instead: { sheet: 'Customers' } }))
  assert.deepEqual(found.map(({ options }) => options), [{ sheet: 'Customers' }, { sheet: 'Secret' }])
  assert.equal(found[1]?.label, 'Read sheet Secret (hidden)')
})

test('a column offers what was tried on it before what is always possible', () => {
  const boolean = { type: 'boolean', label: 'Read “x” as boolean', effect: 'all 3 values', options: { types: { x: 'boolean' } } }
  const found = alternatives(decision({ subject: 'column:x', runner_up: [boolean, 'odd'], instead: { types: { x: 'text' } } }))
  assert.deepEqual(found.map(({ label }) => label), ['Read “x” as boolean', 'Keep as text'])
})

test('one more type does not take away those that were asked for', () => {
  const both = withOptions({ header: false, types: { a: 'text' } }, { header: true, types: { b: 'date' } })
  assert.deepEqual(both, { header: true, types: { a: 'text', b: 'date' } })
})

test('a type that is found out again leaves nothing of what was asked for', () => {
  const asked = withOptions(withType({}, 'a', 'boolean'), { formats: { a: 'ja/nein' } })
  assert.deepEqual(asked, { types: { a: 'boolean' }, formats: { a: 'ja/nein' } })
  assert.deepEqual(withType(asked, 'a', null), {})
  assert.deepEqual(withType(asked, 'a', 'text'), { types: { a: 'text' } }, 'the format belonged to the other type')
  assert.deepEqual(cleaned({ header: false, quote: '', encoding: undefined, types: {} }), { header: false, quote: '' })
})

test('issues are told apart from decisions, and missing ones are none', () => {
  const issues = decision({ subject: 'issues', value: { groups: [{ reason: 'r' }] } })
  const all = [decision({}), decision({ subject: 'column:a' }), issues]
  assert.equal(issuesOf(all).length, 1)
  assert.deepEqual(issuesOf([decision({ subject: 'issues', value: null })]), [])
  assert.deepEqual(ofFile(all).map(({ subject }) => subject), ['encoding'])
})

test('rows and fixes are said in words', () => {
  assert.equal(sayRows([[18]]), 'row 18')
  assert.equal(sayRows([[17], [204], [3011, 3018]]), 'rows 17, 204, and 3,011 to 3,018')
  assert.equal(sayRows([[1, 5]], true), 'rows 1 to 5 and more')
  assert.equal(sayFix({ label: '', options: {}, fixes: 12, of: 12 }), 'fixes 12 of 12')
})

test('what is to be found out again is said to who keeps what was asked for', () => {
  assert.deepEqual(askedAnew({ header: false, types: { a: 'text' }, encoding: 'utf-8' }, { encoding: 'utf-16' }), {
    header: null, types: {}, encoding: 'utf-16',
  })
})
