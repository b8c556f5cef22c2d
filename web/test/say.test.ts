import assert from 'node:assert/strict'
import { test } from 'node:test'

import { sayRows } from '../src/elements/reading.ts'
import { replaceStrings, say, sayCount } from '../src/elements/say.ts'
import { plural } from '../src/elements/sizes.ts'

const ROWS = { one: '{count} řádek', few: '{count} řádky', other: '{count} řádků' }

test('a sentence is English until a page replaces it, and what is put in there is filled in', () => {
  assert.equal(say('about {time} left', { time: '4 s' }), 'about 4 s left')
  assert.equal(sayCount(1, '{count} running job', '{count} running jobs'), '1 running job')
  assert.equal(sayRows([[1], [3, 4]]), 'rows 1 and 3 to 4')
  replaceStrings({ 'about {time} left': 'noch etwa {time} ({unknown})' })
  assert.equal(say('about {time} left', { time: '4 s' }), 'noch etwa 4 s ({unknown})')
  assert.equal(say('Jobs'), 'Jobs')
})

test('what one element replaces, another one does not take back', () => {
  replaceStrings({ Jobs: 'Aufträge' })
  replaceStrings({ Import: 'Einlesen' })
  assert.deepEqual([say('Jobs'), say('Import')], ['Aufträge', 'Einlesen'])
})

test('a language has as many forms as it has, and puts lists together in its own way', () => {
  replaceStrings({ en: 'cs', '{count} rows': ROWS, 'rows {rows}': 'řádky {rows}', '{first} to {last}': '{first} až {last}' })
  assert.deepEqual([1, 3, 8].map((count) => plural(count, 'row', 'rows')), ['1 řádek', '3 řádky', '8 řádků'])
  assert.equal(sayRows([[1], [3, 4]]), 'řádky 1 a\u00a03 až 4')
})

test('a form that is not given is the one for all others', () => {
  replaceStrings({ en: 'de', '{count} rows': { other: '{count} Zeilen' } })
  assert.equal(plural(1, 'row', 'rows'), '1 Zeilen')
})

test('nothing that is put in there is read as a place to put something', () => {
  assert.equal(say('Cancel {title}', { title: '{title} $& {time}', time: 'x' }), 'Cancel {title} $& {time}')
})
