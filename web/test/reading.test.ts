import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Decision } from '../src/client/reading-api.ts'
import type { Problem } from '../src/client/types.ts'
import {
  aboutOptions, alternatives, askedAnew, choiceOf, cleaned, issuesOf, isSeveral, ofFile, sayFix, sayRows, toLookAt,
  withOptions, withTables, withType,
} from '../src/elements/reading.ts'

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

test('tables are chosen one, all or some of them, and another choice takes the place of the last one', () => {
  const some = withTables({ header: false, sheet: 'a' }, 'sheet', { how: 'some', names: ['b', 'c'], unite: false })
  assert.deepEqual(some, { header: false, sheets: ['b', 'c'] })
  assert.deepEqual(choiceOf(some), { how: 'some', names: ['b', 'c'], unite: false })
  const all = withTables(some, 'member', { how: 'all', names: [], unite: true })
  assert.deepEqual(all, { header: false, parts: 'all', unite: true })
  assert.deepEqual(choiceOf(all), { how: 'all', names: [], unite: true })
  const one = withTables(all, 'member', { how: 'one', names: ['b'], unite: true })
  assert.deepEqual(one, { header: false, member: 'b' })
  assert.deepEqual(choiceOf(one), { how: 'one', names: ['b'], unite: false })
  assert.deepEqual(withTables(one, 'member', { how: 'some', names: [], unite: false }), { header: false }, 'none is the first')
  assert.deepEqual([some, all, one, {}].map(isSeveral), [true, false, false, false])
  assert.equal(isSeveral({ parts: 'all' }), true)
})

test('of several tables one is looked at, and it is one of them', () => {
  const some = { sheets: ['a', 'b'], header: true }
  assert.deepEqual(toLookAt(some, 'sheet', 'b'), { sheet: 'b', header: true })
  assert.deepEqual(toLookAt(some, 'sheet', 'c'), { sheet: 'a', header: true })
  assert.deepEqual(toLookAt({ parts: 'all', unite: true }, 'member', 'x.csv'), { member: 'x.csv' })
  assert.deepEqual(toLookAt({ parts: 'all' }, 'member', ''), {})
  assert.deepEqual(toLookAt({ sheet: 'a' }, 'sheet', 'b'), { sheet: 'a' }, 'one that is chosen is the one that is seen')
})

test('a problem is about what it names, what its code is of, or what was changed last', () => {
  const problem = (facts: object): Problem => ({
    type: '', title: '', status: 422, detail: '', code: 'csv.bad_row', user_action: '', retryable: false, ...facts,
  })
  const pointed = problem({ code: 'import.bad_options', errors: [{ pointer: '/options/delimiter', message: 'too long' }] })
  assert.deepEqual(aboutOptions(pointed, { header: true }, {}), ['delimiter'])
  assert.deepEqual(aboutOptions(problem({ code: 'encoding.mismatch' }), { encoding: 'big5', header: true }, { encoding: 'big5' }), ['encoding'])
  assert.deepEqual(aboutOptions(problem({ code: 'sheet.empty' }), { sheets: ['a'] }, {}), ['sheets'])
  assert.deepEqual(aboutOptions(problem({}), { quote: "'", header: true }, { header: true }), ['quote'])
  assert.deepEqual(aboutOptions(problem({ code: 'encoding.unknown' }), {}, null), [], 'nothing was chosen, so it is the file')
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
