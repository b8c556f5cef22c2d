/** Where the live list comes from, and that all tabs of a browser share it. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'

import { JobsStore } from '../src/client/jobs-store.ts'
import { active, FakeStream, JOB, LATER, openBrowser, pass, server, settle, show, stub } from './fake-browser.ts'

const started: JobsStore[] = []
const away = (): Response => {
  throw new TypeError('Failed to fetch')
}
const signedOut = (): Response => Response.json({ title: 'Sign in', status: 401 }, { status: 401 })

beforeEach(openBrowser)
afterEach(async () => {
  for (const store of started.splice(0)) store.stop()
  await settle()
  mock.timers.reset()
})

async function tab(key = 'ann'): Promise<JobsStore> {
  const store = new JobsStore()
  started.push(store)
  store.start(key)
  await settle()
  return store
}

function stream(): FakeStream {
  const [only, more] = FakeStream.open
  assert.ok(only && !more, `${FakeStream.open.length} streams are open`)
  return only
}

async function send(name: string, data: unknown, id = ''): Promise<void> {
  stream().send(name, data, id)
  await settle()
}

async function end(): Promise<void> {
  stream().end()
  await settle()
}

test('tabs share one stream, and all of them hear it', async () => {
  const tabs = [await tab(), await tab(), await tab()]
  await send('job', JOB)
  for (const store of tabs) assert.deepEqual([store.live, store.jobs[0]?.id], [true, '1'])
  await send('removed', { id: '1' })
  for (const store of tabs) assert.equal(store.jobs.length, 0)
})

test('a tab that comes later is told at once what the others know', async () => {
  await tab()
  await send('job', LATER)
  server.answer = away
  const late = await tab()
  assert.deepEqual([late.jobs[0]?.version, late.live], [2, true])
})

test('when the tab with the stream goes, another takes over', async () => {
  const first = await tab()
  const second = await tab()
  const before = stream()
  first.stop()
  await settle()
  assert.equal(before.closed, true)
  await send('job', JOB)
  assert.equal(second.jobs[0]?.id, '1')
})

test('two people in one browser hear nothing of each other', async () => {
  const ann = await tab('ann')
  const bob = await tab('bob')
  assert.equal(FakeStream.open.length, 2)
  FakeStream.open[0]?.send('job', JOB)
  await settle()
  assert.deepEqual([ann.jobs.length, bob.jobs.length], [1, 0])
})

test('a stream that broke goes on where it ended', async () => {
  await tab()
  await send('job', JOB, 'e.7')
  stream().fail()
  await pass(1_000)
  assert.equal(stream().headers['Last-Event-ID'], 'e.7')
})

test('a stream that has only lasted long enough is no break', async () => {
  const store = await tab()
  await send('bye', { reason: 'renew' })
  await end()
  await pass(500)
  assert.equal(stream().closed, false)
  await pass(6_000)
  assert.equal(store.live, true)
})

test('a server that stops is asked again after a random while, so that not everybody comes at once', async () => {
  const waits = new Set<number>()
  for (let run = 0; run < 20; run += 1) {
    const store = await tab(`person ${run}`)
    await send('bye', { reason: 'stopping' })
    await end()
    let waited = 0
    while (!FakeStream.open.length) {
      await pass(500)
      waited += 500
    }
    waits.add(waited)
    assert.ok(waited <= 3_000)
    store.stop()
    await settle()
  }
  assert.ok(waits.size > 2, [...waits].join())
})

test('a refusal says for how long to stay away', async () => {
  await tab()
  server.streams = false
  stream().fail()
  await pass(1_000)
  stream().refuse(429, { 'Retry-After': '10' })
  await pass(9_500)
  assert.equal(FakeStream.open.length, 0)
  await pass(1_000)
  assert.equal(FakeStream.open.length, 1)
})

test('without a stream it polls, tells the other tabs, and tries the stream again', async () => {
  const tabs = [await tab(), await tab()]
  server.streams = false
  stream().fail()
  server.answer = () => Response.json(active([JOB]))
  await pass(5_000)
  for (const store of tabs) assert.equal(store.jobs[0]?.id, '1')
  assert.equal(FakeStream.open.length, 1)
})

test('it polls when the server said so, with what it knows, and more seldom while nobody answers', async () => {
  await tab()
  server.streams = false
  stream().fail()
  server.answer = () => Response.json(active([JOB], 1_000), { headers: { ETag: '"1"' } })
  await pass(5_500)
  server.asked = 0
  server.answer = () => new Response(null, { status: 304 })
  await pass(4_000)
  assert.equal(server.asked, 4)
  assert.equal((server.requests.at(-1)?.headers as Record<string, string>)['If-None-Match'], '"1"')
  server.answer = away
  server.asked = 0
  await pass(60_000)
  assert.ok(server.asked < 12, `${server.asked}`)
  server.asked = 0
  await pass(600_000)
  assert.ok(server.asked >= 18, 'it never gives up')
})

test('a short break is not worth a word, a long one is', async () => {
  const store = await tab()
  server.streams = false
  stream().fail()
  await pass(4_500)
  assert.equal(store.live, true)
  await pass(1_000)
  assert.equal(store.live, false)
  FakeStream.open[0]?.begin()
  await settle()
  assert.equal(store.live, true)
})

test('a stream that went silent is given up, and one whose beats arrive is not', async () => {
  await tab()
  const silent = stream()
  for (let beat = 0; beat < 6; beat += 1) {
    await pass(10_000)
    silent.write(': beat\n\n')
    await settle()
  }
  assert.equal(silent.closed, false)
  await pass(25_500)
  assert.equal(silent.closed, true)
})

test('a stream that neither opens nor fails is given up, and polled beside', async () => {
  server.streams = false
  const store = await tab()
  const hanging = stream()
  server.answer = () => Response.json(active([JOB]))
  await pass(6_000)
  assert.equal(store.jobs.length, 1)
  await pass(20_000)
  assert.equal(hanging.closed, true)
})

test('after a sleep it doubts a stream of which it has heard nothing, and asks at once', async () => {
  await tab()
  const before = stream()
  before.write(': beat\n\n')
  await settle()
  window.dispatchEvent(new Event('focus'))
  await settle()
  assert.equal(stream(), before)
  mock.timers.setTime(Date.now() + 20_000)
  server.asked = 0
  window.dispatchEvent(new Event('online'))
  await settle()
  assert.equal(before.closed, true)
  assert.notEqual(stream(), before)
  assert.ok(server.asked > 0)
})

for (const [sleep, wake] of [['freeze', 'resume'], ['pagehide', 'pageshow']] as const) {
  test(`a tab lets go of the stream at ${sleep} and is current again after ${wake}`, async () => {
    const sleeper = await tab()
    const other = await tab()
    await send('job', JOB)
    const target = sleep === 'freeze' ? document : window
    // Both tabs share a window here, so the other one comes after.
    other.stop()
    target.dispatchEvent(new Event(sleep))
    await settle()
    assert.equal(FakeStream.open.length, 0)
    const third = await tab()
    await send('job', LATER)
    server.answer = () => Response.json(active([LATER]))
    assert.equal(sleeper.jobs[0]?.version, 1)
    target.dispatchEvent(new Event(wake))
    await settle()
    assert.equal(sleeper.jobs[0]?.version, 2)
    assert.equal(third.jobs[0]?.version, 2)
    stream()
  })
}

test('a lock whose tab sleeps without a word is taken away, and that tab follows when it wakes', async () => {
  const sleeper = await tab()
  const { all } = await import('./fake-browser.ts').then(({ FakeChannel }) => FakeChannel)
  const deaf = [...all].slice(-2).map((channel) => ({ channel, hear: channel.onmessage }))
  for (const { channel } of deaf) channel.onmessage = null
  const before = stream()
  server.streams = true
  const other = await tab()
  await pass(70_000)
  assert.equal(before.closed, true)
  for (const { channel, hear } of deaf) channel.onmessage = hear
  await send('job', JOB)
  assert.equal(other.jobs[0]?.id, '1')
  assert.equal(sleeper.jobs[0]?.id, '1')
})

test('what was asked before signing out is not heard of after it', async () => {
  let reply: (response: Response) => void = () => undefined
  const store = await tab()
  server.answer = () => new Promise((resolve) => (reply = resolve))
  const asking = store.refresh()
  server.answer = () => Response.json(active([]))
  store.stop()
  store.start('bob')
  reply(Response.json(active([JOB])))
  await asking
  await settle()
  assert.equal(store.jobs.length, 0)
})

test('signing out in one tab makes the others look, and they stop', async () => {
  const first = await tab()
  const second = await tab()
  await send('job', JOB)
  server.answer = signedOut
  server.streams = false
  first.stop()
  await settle()
  assert.equal(second.jobs.length, 0)
  assert.equal(FakeStream.open.length, 0)
})

test('a session that ends under the stream clears every tab', async () => {
  const tabs = [await tab(), await tab()]
  await send('job', JOB)
  server.answer = signedOut
  server.streams = false
  await send('bye', { reason: 'revoked' })
  await end()
  await pass(500)
  stream().refuse(401)
  await settle()
  for (const store of tabs) assert.equal(store.jobs.length, 0)
  await pass(60_000)
  assert.equal(FakeStream.open.length, 0)
})

test('a session that is about to end is known in every tab', async () => {
  const tabs = [await tab(), await tab()]
  await pass(11_000)
  await send('auth_expiring', { expires_at: '2026-01-01T00:01:00Z' })
  for (const store of tabs) assert.equal(store.expiresAt, '2026-01-01T00:01:00Z')
})

test('signing in again streams as the first time did', async () => {
  const store = await tab()
  store.stop()
  await settle()
  assert.equal(FakeStream.open.length, 0)
  store.start('ann')
  await settle()
  await send('job', JOB)
  assert.equal(store.jobs[0]?.id, '1')
})

test('without locks and workers each visible tab has its own stream, and a hidden one none', async () => {
  stub('navigator', {})
  const store = await tab()
  await send('job', JOB)
  assert.equal(store.jobs[0]?.id, '1')
  await show('hidden')
  assert.equal(FakeStream.open.length, 0)
  await show('visible')
  await send('job', LATER)
  assert.equal(store.jobs[0]?.version, 2)
})

test('without locks a worker has the stream; if it cannot be had, each visible tab has its own', async () => {
  const workers: { name: string; onerror?: () => void }[] = []
  class FakeWorker {
    onerror?: () => void
    readonly name: string
    constructor(_url: string, { name }: { name: string }) {
      this.name = name
      workers.push(this)
    }
  }
  stub('navigator', {})
  stub('SharedWorker', FakeWorker)
  const store = await tab()
  await tab()
  assert.deepEqual(workers.map(({ name }) => name), ['headway-jobs/ann', 'headway-jobs/ann'])
  assert.equal(FakeStream.open.length, 0)
  const { JobsHub } = await import('../src/client/jobs-hub.ts')
  const hub = new JobsHub(workers[0]?.name ?? '')
  await settle()
  await send('job', JOB)
  assert.equal(store.jobs[0]?.id, '1')
  hub.close()
  for (const worker of workers) worker.onerror?.()
  await settle()
  assert.equal(FakeStream.open.length, 2)
})
