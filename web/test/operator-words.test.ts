import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import type { Overview, Queue } from '../src/client/operator-types.ts'
import { DEEDS, detailWords, headline, personName } from '../src/app/pages/operator-words.ts'

function queue(facts: Partial<Queue> = {}): Queue {
  return { name: 'imports', waiting: 0, waiting_since: null, running: 0, places: 2, paused: null, ...facts }
}

function overview(facts: Partial<Overview> = {}): Overview {
  return { workers: [{}], queues: [queue()], stalled: { items: [], more: false }, ...facts } as unknown as Overview
}

test('people have names, and what is no person says what it is', () => {
  assert.equal(personName({ id: 'x', email: 'ada@example.org' }), 'ada@example.org')
  assert.equal(personName({ id: 'headway', email: null }), 'Headway')
  assert.equal(personName({ id: 'local:root', email: null }), 'root at the command line')
  assert.equal(personName({ id: '0199aaaa-bbbb', email: null }), 'Somebody unknown here (0199aaaa)')
})

test('what needs somebody is said first', () => {
  const stalled = { items: [{}], more: false } as unknown as Overview['stalled']
  const paused = [queue({ paused: { at: '', by: { id: '', email: null }, reason: '' }, waiting: 3 })]
  const said = [
    headline(overview({ workers: [], stalled, queues: paused })),
    headline(overview({ workers: [] })),
    headline(overview({ stalled, queues: paused })),
    headline(overview({ queues: paused })),
    headline(overview({ queues: [queue({ running: 1, waiting: 1200 })] })),
    headline(overview()),
  ]
  assert.deepEqual(
    said.map(({ tone, text }) => `${tone}: ${text}`),
    [
      'bad: No worker is running. 3 jobs wait. Start one: headway worker',
      'bad: No worker is running. Jobs will wait. Start one: headway worker',
      'warn: Nothing is heard of 1 job.',
      'warn: Paused: Imports. 3 jobs wait for that.',
      'good: 1 worker alive. 1 job runs, 1,200 wait.',
      'good: 1 worker alive. Nothing to do.',
    ],
  )
})

test('every deed that the server writes has words', () => {
  const source = readFileSync(new URL('../../src/headway/audit/log.py', import.meta.url), 'utf8')
  const names = source.slice(source.indexOf('Action = Literal['), source.indexOf('TargetType')).match(/"[a-z_]+\.[a-z_]+"/g)
  assert.deepEqual([...Object.keys(DEEDS)].sort(), [...new Set(names?.map((name) => name.slice(1, -1)))].sort())
})

test('details are read as sentences are, and what says nothing is left out', () => {
  const details = { reason: 'no room', scopes: ['jobs:read', 'admin'], revoke_tokens: false, older_than_hours: null, datasets: 0 }
  assert.equal(detailWords(details), 'reason: no room · scopes: jobs:read admin · datasets: 0')
})
