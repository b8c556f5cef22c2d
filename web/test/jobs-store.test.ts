/** The store's connections, with a browser of which only the parts that it uses are made up. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'

import type { ActiveJobs, Job } from '../src/client/types.ts'

const JOB = { id: '1', title: 'a.csv', status: 'running', phase: 'running', version: 1, created_at: '2026-01-01T00:00:00Z' } as Job
const LATER = { ...JOB, version: 2, progress: 50 } as Job

class FakeStream extends EventTarget {
  static all: FakeStream[] = []
  static get open(): FakeStream[] {
    return FakeStream.all.filter((stream) => !stream.closed)
  }
  closed = false
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  constructor() {
    super()
    FakeStream.all.push(this)
  }
  close(): void {
    this.closed = true
  }
  send(name: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }))
  }
}

/** Delivers at once, to all but the sender, as tabs hear each other. */
class FakeChannel {
  static all = new Set<FakeChannel>()
  onmessage: ((message: { data: unknown }) => void) | null = null
  constructor() {
    FakeChannel.all.add(this)
  }
  postMessage(data: unknown): void {
    for (const other of [...FakeChannel.all]) if (other !== this) other.onmessage?.({ data: structuredClone(data) })
  }
  close(): void {
    FakeChannel.all.delete(this)
  }
}

/** One lock, given in the order of asking. */
class FakeLocks {
  #waiting: { run: () => Promise<void>; done: () => void }[] = []
  #held = false
  request(_name: string, { signal }: { signal: AbortSignal }, run: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = { run, done: resolve }
      this.#waiting.push(entry)
      signal.addEventListener('abort', () => {
        if (!this.#waiting.includes(entry)) return
        this.#waiting = this.#waiting.filter((one) => one !== entry)
        reject(signal.reason as Error)
      })
      this.#grant()
    })
  }
  #grant(): void {
    const entry = this.#held ? undefined : this.#waiting.shift()
    if (!entry) return
    this.#held = true
    void entry.run().then(() => {
      this.#held = false
      entry.done()
      this.#grant()
    })
  }
}

let answer: () => Response
let asked = 0
const started: { stop: () => void }[] = []

function jobs(...list: Job[]): Response {
  const counts = { running: list.length, queued: 0, attention: 0 }
  return Response.json({ jobs: list, counts, next_poll_ms: 5_000, server_time: '' } satisfies ActiveJobs)
}

function stub(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
}

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  FakeStream.all = []
  FakeChannel.all = new Set()
  answer = () => jobs()
  asked = 0
  stub('EventSource', FakeStream)
  stub('BroadcastChannel', FakeChannel)
  stub('navigator', { locks: new FakeLocks() })
  stub('window', new EventTarget())
  stub('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }))
  stub('fetch', async () => {
    asked += 1
    return answer()
  })
})

afterEach(() => {
  for (const store of started.splice(0)) store.stop()
  mock.timers.reset()
})

/** Let everything run that is waiting for nothing but its turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

async function tab() {
  const { JobsStore } = await import('../src/client/jobs-store.ts')
  const store = new JobsStore()
  started.push(store)
  store.start()
  await settle()
  return store
}

function stream(): FakeStream {
  const [only, more] = FakeStream.open
  assert.ok(only && !more, `${FakeStream.open.length} streams are open`)
  return only
}

test('tabs share one stream, and all of them hear it', async () => {
  const first = await tab()
  const second = await tab()
  stream().onopen?.()
  stream().send('job', JOB)
  for (const store of [first, second]) {
    assert.equal(store.live, true)
    assert.equal(store.jobs[0]?.id, '1')
  }
  stream().send('removed', { id: '1' })
  assert.equal(second.jobs.length, 0)
})

test('a tab that comes later is told at once what the others know', async () => {
  await tab()
  stream().onopen?.()
  stream().send('job', LATER)
  answer = () => new Response(null, { status: 503 })
  const late = await tab()
  assert.equal(late.jobs[0]?.version, 2)
  assert.equal(late.live, true)
})

test('when the tab with the stream goes, another takes over', async () => {
  const first = await tab()
  await tab()
  const before = stream()
  first.stop()
  await settle()
  assert.equal(before.closed, true)
  assert.notEqual(stream(), before)
})

test('a tab that was signed out takes no lock from those that are signed in', async () => {
  const first = await tab()
  const second = await tab()
  second.stop()
  const third = await tab()
  first.stop()
  await settle()
  stream().onopen?.()
  stream().send('job', JOB)
  assert.equal(third.jobs[0]?.id, '1')
  assert.equal(second.jobs.length, 0)
})

test('signing in again streams and polls as the first time did', async () => {
  const store = await tab()
  stream().onerror?.()
  store.stop()
  store.start()
  await settle()
  stream().onerror?.()
  asked = 0
  mock.timers.tick(5_000)
  assert.equal(asked, 1)
})

test('without a stream it polls, tells the other tabs, and tries the stream again', async () => {
  const first = await tab()
  const second = await tab()
  const broken = stream()
  broken.onerror?.()
  assert.equal(FakeStream.open.length, 0)
  answer = () => jobs(JOB)
  mock.timers.tick(5_000)
  await settle()
  assert.equal(first.jobs[0]?.id, '1')
  assert.equal(second.jobs[0]?.id, '1')
  assert.notEqual(stream(), broken)
})

test('it polls when the server said so, and more seldom while nobody answers', async () => {
  const store = await tab()
  stream().onerror?.()
  answer = () => Response.json({ jobs: [], counts: {}, next_poll_ms: 1_000, server_time: '' })
  await store.refresh()
  async function asks(after: number): Promise<number> {
    asked = 0
    mock.timers.tick(after)
    await settle()
    return asked
  }
  assert.equal(await asks(5_000), 1, 'that was planned before the server said anything')
  assert.equal(await asks(1_000), 1)
  answer = () => {
    throw new TypeError('Failed to fetch')
  }
  assert.equal(await asks(1_000), 1)
  assert.equal(await asks(1_400), 0)
  assert.equal(await asks(100), 1)
  for (let turn = 0; turn < 20; turn += 1) await asks(30_000)
  assert.ok((await asks(30_000)) > 0, 'it never gives up')
})

test('a short break is not worth a word, a long one is', async () => {
  const store = await tab()
  stream().onopen?.()
  stream().onerror?.()
  mock.timers.tick(4_900)
  assert.equal(store.live, true)
  mock.timers.tick(200)
  assert.equal(store.live, false)
  stream().onopen?.()
  assert.equal(store.live, true)
})

test('a stream that went silent is asked about, and given up if nobody answers', async () => {
  await tab()
  const silent = stream()
  silent.onopen?.()
  mock.timers.tick(25_000)
  await settle()
  assert.equal(silent.closed, false)
  answer = () => {
    throw new TypeError('Failed to fetch')
  }
  mock.timers.tick(25_000)
  await settle()
  assert.equal(silent.closed, true)
})

test('what was asked before signing out is not heard of after it', async () => {
  let reply: (response: Response) => void = () => undefined
  const store = await tab()
  stub('fetch', () => new Promise<Response>((resolve) => (reply = resolve)))
  const asking = store.refresh()
  stub('fetch', async () => jobs())
  store.stop()
  store.start()
  reply(jobs(JOB))
  await asking
  assert.equal(store.jobs.length, 0)
})

test('signing out in one tab makes the others look, and they stop', async () => {
  const first = await tab()
  const second = await tab()
  stream().onopen?.()
  stream().send('job', JOB)
  answer = () => Response.json({ title: 'Sign in', status: 401 }, { status: 401 })
  first.stop()
  await settle()
  assert.equal(second.jobs.length, 0)
  assert.equal(FakeStream.open.length, 0)
})

test('without locks each visible tab has its own stream, and a hidden one none', async () => {
  stub('navigator', {})
  await tab()
  assert.equal(FakeStream.open.length, 1)
  Object.assign(document, { visibilityState: 'hidden' })
  document.dispatchEvent(new Event('visibilitychange'))
  assert.equal(FakeStream.open.length, 0)
  Object.assign(document, { visibilityState: 'visible' })
  document.dispatchEvent(new Event('visibilitychange'))
  assert.equal(FakeStream.open.length, 1)
})
