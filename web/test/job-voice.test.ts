import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Job, Problem } from '../src/client/types.ts'
import { JobVoice, PAUSE_MILLISECONDS } from '../src/elements/job-voice.ts'

function job(id: string, facts: Partial<Job> = {}): Job {
  return { id, title: `${id}.csv`, status: 'running', phase: 'running', progress: 0, version: 1, stage: 'parse', message: null, ...facts } as Job
}

/** A voice that knows these jobs already, and speaks ten seconds later each time that it is asked. */
function voiceOf(...jobs: Job[]): (...jobs: Job[]) => string {
  const voice = new JobVoice()
  voice.hear(jobs)
  let now = 0
  return (...next) => {
    voice.hear(next)
    return voice.speak((now += PAUSE_MILLISECONDS))
  }
}

test('of what is there at first nothing is said', () => {
  const voice = new JobVoice()
  voice.hear([job('a'), job('b', { status: 'failed', phase: 'failed' })])
  assert.equal(voice.speak(0), '')
  assert.equal(voice.alarm(), '')
})

test('beginnings, quarters, stages and ends are told, and nothing between them', () => {
  const say = voiceOf()
  assert.equal(say(job('a')), 'a.csv: started.')
  assert.equal(say(job('a', { version: 2, progress: 24 })), '')
  assert.equal(say(job('a', { version: 3, progress: 26 })), 'a.csv: 26 percent.')
  assert.equal(say(job('a', { version: 4, progress: 49 })), '')
  assert.equal(say(job('a', { version: 5, progress: 50, stage: 'store', message: 'Storing rows' })), 'a.csv: Storing rows, 50 percent.')
  assert.equal(say(job('a', { version: 6, progress: 60, phase: 'stalled', stage: 'store' })), 'a.csv: No sign of life.')
  assert.equal(say(job('a', { version: 7, progress: 100, status: 'completed', phase: 'completed', message: '12 rows' })), 'a.csv: Done. 12 rows.')
})

test('several things are said in one, and of each job only the newest', () => {
  const voice = new JobVoice()
  voice.hear([])
  voice.hear([job('a')])
  assert.equal(voice.speak(0), 'a.csv: started.')
  voice.hear([job('a', { version: 2, progress: 30 }), job('b')])
  voice.hear([job('a', { version: 3, progress: 80 }), job('b', { version: 2, status: 'completed', phase: 'completed' })])
  assert.equal(voice.speak(9_000), '', 'the pause goes on')
  assert.equal(voice.waits(9_000), 1_000)
  assert.equal(voice.speak(10_000), 'a.csv: 80 percent. b.csv: Done.')
  assert.equal(voice.waits(10_000), null)
})

test('a failure does not wait, and is told once', () => {
  const voice = new JobVoice()
  voice.hear([job('a')])
  const failed = job('a', { version: 2, status: 'failed', phase: 'failed', problem: { title: 'The file is empty.' } as Problem })
  voice.hear([failed])
  assert.equal(voice.alarm(), 'a.csv: Failed. The file is empty.')
  voice.hear([{ ...failed, version: 3 }])
  assert.equal(voice.alarm(), '')
  assert.equal(voice.speak(0), '')
})

test('what was dismissed before it was told is not told', () => {
  const voice = new JobVoice()
  voice.hear([])
  voice.hear([job('a')])
  voice.hear([])
  assert.equal(voice.speak(0), '')
})
