import assert from 'node:assert/strict'
import { test } from 'node:test'

import { sayDecision, subjectWord } from '../src/elements/say-decision.ts'

test('decisions of any shape become words', () => {
  assert.equal(
    sayDecision({ delimiter: ',', quote: '"', skip_lines: 0 }),
    'delimiter comma, quote double quote, skip lines 0',
  )
  assert.equal(sayDecision(['a', '\t', null]), 'a, tab, none')
  assert.equal(sayDecision(true), 'yes')
  assert.equal(sayDecision('utf-8'), 'utf-8')
  assert.equal(subjectWord('header'), 'Header row')
  assert.equal(subjectWord('something_new'), 'something_new')
})
