import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import type { Job, Problem } from '../src/client/types.ts'
import { type ImportOptions, type SendHooks, UploadRefused } from '../src/elements/upload.ts'
import { UploadQueue } from '../src/elements/upload-queue.ts'

interface Sent extends SendHooks {
  file: File
  options: ImportOptions
  accept: (job: Job) => void
  refuse: (error: Error) => void
}

function queue() {
  const sent: Sent[] = []
  let now = 0
  const uploads = new UploadQueue(
    (file, options, hooks) =>
      new Promise((accept, refuse) => {
        sent.push({ file, options, ...hooks, accept, refuse })
        hooks.signal.addEventListener('abort', () => refuse(new DOMException('cancelled', 'AbortError')))
      }),
    () => now,
  )
  return { uploads, sent, wait: (milliseconds: number) => (now += milliseconds) }
}

function file(name: string, size = 1000): File {
  return new File([new Uint8Array(size)], name)
}

const JOB = { id: 'j', version: 1 } as Job
const PROBLEM: Problem = {
  type: 'about:blank',
  title: 'No',
  status: 422,
  detail: 'No.',
  code: 'x',
  user_action: 'Do.',
  retryable: false,
}

test('three go at once, the others follow as each ends', async () => {
  const { uploads, sent } = queue()
  uploads.add(['a', 'b', 'c', 'd', 'e'].map((name) => file(name)))
  assert.deepEqual(
    sent.map((each) => each.file.name),
    ['a', 'b', 'c'],
  )
  assert.equal(uploads.inBrowser, 5)
  sent[1]?.accept(JOB)
  await turn()
  sent[0]?.refuse(new UploadRefused(PROBLEM))
  await turn()
  assert.deepEqual(
    sent.map((each) => each.file.name),
    ['a', 'b', 'c', 'd', 'e'],
  )
  assert.deepEqual(
    uploads.uploads.map((each) => each.state),
    ['refused', 'accepted', 'sending', 'sending', 'sending'],
  )
  assert.equal(uploads.uploads[0]?.problem, PROBLEM)
  assert.equal(uploads.inBrowser, 3)
})

test('the time left is told once the pace is known', () => {
  const { uploads, sent, wait } = queue()
  const [upload] = uploads.add([file('a', 10_000)])
  wait(500)
  sent[0]?.progress(1000)
  assert.equal(upload?.secondsLeft, null, 'half a second tells nothing')
  wait(500)
  sent[0]?.progress(2000)
  assert.equal(upload?.secondsLeft, 4)
  sent[0]?.progress(10_000)
  assert.equal(upload?.state, 'storing')
})

test('a cancelled upload is aborted and makes room', async () => {
  const { uploads, sent } = queue()
  const [first] = uploads.add(['a', 'b', 'c', 'd'].map((name) => file(name)))
  assert.ok(first)
  await uploads.cancel(first)
  await turn()
  assert.equal(first.state, 'cancelled')
  assert.equal(sent[0]?.signal.aborted, true)
  assert.equal(sent[3]?.file.name, 'd')
})

test('where the server can cancel the job, the connection is left to its answer', async () => {
  const { uploads, sent } = queue()
  const [upload] = uploads.add([file('a')])
  assert.ok(upload)
  const cancelled = uploads.cancel(upload, async () => true)
  await turn()
  assert.equal(upload.state, 'cancelling')
  assert.equal(sent[0]?.signal.aborted, false)
  sent[0]?.refuse(new UploadRefused({ ...PROBLEM, code: 'upload.cancelled' }))
  await cancelled
  assert.equal(upload.state, 'cancelled')
  assert.equal(upload.problem, null)
})

test('a waiting file that is cancelled is never sent', async () => {
  const { uploads, sent } = queue()
  const added = uploads.add(['a', 'b', 'c', 'd'].map((name) => file(name)))
  assert.ok(added[3])
  await uploads.cancel(added[3])
  sent[0]?.accept(JOB)
  await turn()
  assert.equal(sent.length, 3)
  assert.equal(added[3].state, 'cancelled')
})

test('a file over the limit is refused before a byte is sent', () => {
  const { uploads, sent } = queue()
  uploads.maxBytes = 500
  const [upload] = uploads.add([file('big.csv')])
  assert.equal(upload?.state, 'refused')
  assert.equal(upload?.problem?.code, 'upload.too_large')
  assert.equal(sent.length, 0)
})

test('a duplicate is sent again, saying so, in its own place', async () => {
  const { uploads, sent } = queue()
  const [first] = uploads.add([file('a'), file('b')])
  assert.ok(first)
  sent[0]?.accept({ ...JOB, outcome: 'duplicate' })
  await turn()
  uploads.again(first, { duplicate: 'import' })
  assert.deepEqual(sent[2]?.options, { duplicate: 'import' })
  assert.deepEqual(
    uploads.uploads.map((each) => each.file.name),
    ['a', 'b'],
  )
})

test('a failure that nobody foresaw still ends the upload in words', async () => {
  const { uploads, sent } = queue()
  const [upload] = uploads.add([file('a')])
  sent[0]?.refuse(new TypeError('boom'))
  await turn()
  assert.equal(upload?.state, 'refused')
  assert.match(upload?.problem?.title ?? '', /stopped/)
})

test('for another person the queue is empty and nothing goes on', async () => {
  const { uploads, sent } = queue()
  uploads.add(['a', 'b', 'c', 'd'].map((name) => file(name)))
  uploads.clear()
  await turn()
  assert.equal(uploads.uploads.length, 0)
  assert.equal(sent.length, 3, 'the waiting one is not sent')
  assert.ok(sent.every((each) => each.signal.aborted))
})

test('a paused upload makes room, and goes on where the server has its job', async () => {
  const { uploads, sent } = queue()
  const [first] = uploads.add(['a', 'b', 'c', 'd'].map((name) => file(name)))
  assert.ok(first)
  uploads.pause(first)
  assert.equal(first.state, 'sending', 'what cannot be gone on with is not interrupted')
  sent[0]?.began('job-a')
  sent[0]?.progress(400)
  uploads.pause(first)
  await turn()
  assert.equal(first.state, 'paused')
  assert.equal(sent[0]?.signal.aborted, true)
  assert.equal(sent[3]?.file.name, 'd')
  assert.equal(first.inBrowser, false, 'leaving the page loses nothing')
  uploads.resume(first)
  assert.equal(first.state, 'waiting')
  sent[1]?.accept(JOB)
  await turn()
  assert.equal(sent[4]?.file.name, 'a')
  assert.equal(sent[4]?.begun, 'job-a')
  assert.equal(sent[4]?.key, sent[0]?.key)
  sent[4]?.accept(JOB)
  await turn()
  assert.equal(first.state, 'accepted')
})

test('an upload that is paused and resumed at once is not ended by its first run', async () => {
  const { uploads, sent } = queue()
  const [upload] = uploads.add([file('a')])
  assert.ok(upload)
  sent[0]?.began('job-a')
  uploads.pause(upload)
  uploads.resume(upload)
  await turn()
  assert.equal(upload.state, 'sending')
  assert.equal(sent.length, 2)
})

test('a held upload goes on when what was missing is back, and not before', async () => {
  const { uploads, sent } = queue()
  const [upload] = uploads.add([file('a')])
  let goesOn = false
  const held = sent[0]?.held('signed-out', 0).then(() => (goesOn = true))
  assert.equal(upload?.held, 'signed-out')
  uploads.wake('offline', 'unreachable')
  await turn()
  assert.equal(goesOn, false)
  uploads.wake('signed-out')
  await held
  assert.equal(upload?.held, null)
})

test('a held upload can be paused and cancelled', async () => {
  const { uploads, sent } = queue()
  const [one, two] = uploads.add([file('a'), file('b')])
  assert.ok(one && two)
  sent[0]?.began('job-a')
  const waits = [sent[0]?.held('offline', 0), sent[1]?.held('offline', 0)]
  const ends = Promise.all(waits.map((each) => assert.rejects(each as Promise<void>, { name: 'AbortError' })))
  uploads.pause(one)
  await uploads.cancel(two)
  await ends
  assert.deepEqual([one.state, two.state], ['paused', 'cancelled'])
})

test('a paused upload is cancelled by its job', async () => {
  const { uploads, sent } = queue()
  const [upload] = uploads.add([file('a')])
  assert.ok(upload)
  sent[0]?.began('job-a')
  uploads.pause(upload)
  await turn()
  let asked = 0
  await uploads.cancel(upload, async () => Boolean(++asked))
  assert.equal(asked, 1)
  assert.equal(upload.state, 'cancelled')
})

test('an upload whose job was cancelled elsewhere is cancelled, and no failure', async () => {
  const { uploads, sent } = queue()
  const [upload] = uploads.add([file('a')])
  sent[0]?.refuse(new UploadRefused({ ...PROBLEM, code: 'upload.cancelled' }))
  await turn()
  assert.equal(upload?.state, 'cancelled')
})
