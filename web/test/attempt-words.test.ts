import assert from 'node:assert/strict'
import { test } from 'node:test'

import { counts, sayAttempt, sayLength, stageBars, timeline } from '../src/app/pages/attempt-words.ts'
import type { AttemptOutcome, Job, JobAttempt, JobEvent } from '../src/client/types.ts'

const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString()
const JOB = { id: 'j', job_type: 'import', status: 'completed' } as Job

function attempt(number: number, from: number, to: number | null, outcome: AttemptOutcome, stages: [string, number, number | null][] = []): JobAttempt {
  return {
    number, outcome, worker: 'w', started_at: at(from), ended_at: to === null ? null : at(to), problem: null,
    stages: stages.map(([name, begin, end]) => ({ name, started_at: at(begin), ended_at: end === null ? null : at(end) })),
  }
}

const event = (kind: string, seconds: number, number: number): JobEvent => ({ seq: seconds, at: at(seconds), kind, attempt: number, data: {} })

/** Its worker is killed while it parses; another one takes over. */
const LOST = attempt(1, 4, 14, 'worker_lost', [['parse', 4, 14]])
const SECOND = attempt(2, 16, 20, 'completed', [['parse', 16, 18], ['store', 18, 19], ['publish', 19, 20]])
const EVENTS = [
  event('created', 0, 0), event('accepted', 3, 0), event('started', 4, 1), event('stalled', 12, 1),
  event('worker_lost', 14, 1), event('started', 16, 2), event('completed', 20, 2),
]

const told = (entries: ReturnType<typeof timeline>): string[] =>
  entries.map((entry) => `${entry.kind === 'note' ? entry.note.text : `${entry.attempt.number} ${entry.attempt.outcome}`} | ${entry.later}`)

test('a job with two attempts is told in order, with the time between', () => {
  assert.deepEqual(told(timeline(JOB, [LOST, SECOND], EVENTS)), [
    'Upload began | ',
    'File stored, waiting for a worker | 3.0 s later',
    '1 worker_lost | 1.0 s later',
    '2 completed | 2.0 s later',
  ])
})

test('what happened during an attempt is told within it', () => {
  const [, , first, second] = timeline(JOB, [LOST, SECOND], EVENTS)
  assert.deepEqual(first?.kind === 'attempt' && first.notes.map(({ text }) => text), ['No sign of life'])
  assert.deepEqual(second?.kind === 'attempt' && second.notes, [], 'its end is said by the attempt itself')
  assert.equal(first?.kind === 'attempt' && first.isLast, false)
  assert.equal(second?.kind === 'attempt' && second.isLast, true)
})

test('a job that ends without an attempt says so itself, and being tried again stands between two attempts', () => {
  const never = [event('created', 0, 0), event('failed', 1, 0)]
  assert.deepEqual(told(timeline({ ...JOB, job_type: 'export' }, [], never)), ['Created | ', 'Failed | 1.0 s later'])
  const failed = attempt(1, 4, 5, 'failed')
  const again = [...EVENTS.slice(0, 3), event('failed', 5, 1), event('retried', 65, 1), event('started', 66, 2)]
  assert.deepEqual(told(timeline(JOB, [failed, attempt(2, 66, null, 'running')], again)).slice(2), [
    '1 failed | 1.0 s later',
    'Tried again | 1 min later',
    '2 running | 1.0 s later',
  ])
})

test('every outcome has a word, and one of a newer server is shown as it is', () => {
  for (const outcome of ['running', 'completed', 'failed', 'cancelled', 'crashed', 'worker_lost', 'handed_back'] as const) {
    assert.notEqual(sayAttempt(attempt(1, 0, 1, outcome), true, true).word, outcome)
  }
  assert.equal(sayAttempt(attempt(1, 0, 1, 'paused' as AttemptOutcome), true, true).word, 'paused')
})

test('a lost worker is told with what followed from it', () => {
  assert.match(sayAttempt(LOST, false, true).sentence, /another one took over/)
  assert.match(sayAttempt(LOST, true, false).sentence, /Another one takes over/)
  assert.equal(sayAttempt(LOST, true, true).sentence, 'The worker stopped in the middle.')
  assert.equal(sayAttempt(SECOND, true, true).sentence, '')
})

test('stages are bars on the scale of their attempt', () => {
  assert.deepEqual(stageBars(SECOND, 0), [
    { text: 'Parsing', took: '2.0 s', begin: 0, length: 500 },
    { text: 'Storing rows', took: '1.0 s', begin: 500, length: 250 },
    { text: 'Creating the dataset', took: '1.0 s', begin: 750, length: 250 },
  ])
})

test('what goes on is as long as it has been, and never leaves its scale, whatever the clock of the reader says', () => {
  const running = attempt(1, 0, null, 'running', [['parse', 0, 5], ['squeeze', 5, null]])
  assert.deepEqual(stageBars(running, Date.parse(at(10)))[1], { text: 'squeeze', took: '5.0 s so far', begin: 500, length: 500 })
  assert.equal(sayLength(running, Date.parse(at(10))), '10 s so far')
  for (const { begin, length } of stageBars(running, Date.parse(at(-60)))) {
    assert.ok(begin >= 0 && length >= 0 && begin + length <= 1000)
  }
})

test('rows are counted where a result tells them', () => {
  const numbers = (result: Job['result']): number[] => counts({ ...JOB, result }).map(({ count }) => count)
  assert.deepEqual(numbers({ rows: 98, rejected_rows: 2 }), [100, 98, 2])
  assert.deepEqual(numbers({ rows: 98 }), [])
  assert.deepEqual(numbers(null), [])
})
