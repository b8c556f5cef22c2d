/** Pages of other applications: the token is sent as a header, renewed in time, and shared only by tabs of one person. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'

import { connect, request } from '../src/client/api.ts'
import { JobsStore } from '../src/client/jobs-store.ts'
import { active, FakeStream, JOB, openBrowser, pass, server, settle, stub } from './fake-browser.ts'

const started: JobsStore[] = []
let given = 0
let addresses: string[] = []

function tokenOf(sub: string, number: number): string {
  return `e30.${btoa(JSON.stringify({ sub, number, scopes: ['jobs:read:user'] }))}.signature`
}

beforeEach(() => {
  openBrowser()
  given = 0
  addresses = []
  const { fetch } = globalThis
  stub('fetch', (url: string, init: RequestInit) => {
    addresses.push(url)
    return fetch(url, init)
  })
  connect({ base: 'https://headway.example', getToken: async () => tokenOf('ann', (given += 1)) })
})
afterEach(async () => {
  for (const store of started.splice(0)) store.stop()
  await settle()
  connect({})
  mock.timers.reset()
})

async function page(): Promise<JobsStore> {
  const store = new JobsStore()
  started.push(store)
  store.start()
  await settle()
  return store
}

function open(): FakeStream {
  const [stream, more] = FakeStream.open
  assert.ok(stream && !more, `${FakeStream.open.length} streams are open`)
  return stream
}

test('the token is a header of every request, and in no address', async () => {
  await page()
  assert.equal(open().headers['Authorization'], `Bearer ${tokenOf('ann', 1)}`)
  assert.deepEqual(new Set(server.requests.map(({ headers }) => (headers as Record<string, string>)['Authorization'])), new Set([`Bearer ${tokenOf('ann', 1)}`]))
  assert.ok(addresses.every((url) => url.startsWith('https://headway.example/api/v2/') && !url.includes('e30')))
  assert.equal(given, 1)
})

test('it is renewed when the stream says so, and nothing is lost by it', async () => {
  const store = await page()
  open().send('job', JOB, 'e.3')
  await pass(10_500)
  const before = open()
  before.send('auth_expiring', { expires_at: '2026-01-01T00:15:00Z' })
  await settle()
  assert.equal(before.closed, true)
  assert.equal(open().headers['Authorization'], `Bearer ${tokenOf('ann', 2)}`)
  assert.equal(open().headers['Last-Event-ID'], 'e.3')
  assert.deepEqual([store.live, store.jobs.length], [true, 1])
})

test('tokens that expire as soon as they are given make no storm of streams', async () => {
  await page()
  for (let second = 0; second < 10; second += 1) {
    open().send('auth_expiring', { expires_at: '2026-01-01T00:00:00Z' })
    await pass(500)
  }
  assert.ok(FakeStream.all.length <= 2, `${FakeStream.all.length}`)
})

test('a refused token is renewed once, and a second refusal is an answer', async () => {
  let refused = 0
  server.answer = () => (refused++ ? Response.json(active([])) : new Response(null, { status: 401 }))
  assert.deepEqual((await request<{ jobs: unknown[] }>('GET', '/jobs/active')).jobs, [])
  assert.equal(given, 2)
  server.answer = () => Response.json({ title: 'Sign in', status: 401 }, { status: 401 })
  await assert.rejects(request('GET', '/jobs/active'), { message: 'Sign in' })
})

test('a host that gives no token this time is asked again', async () => {
  let failures = 2
  connect({
    getToken: async () => {
      if (failures-- > 0) throw new Error('not now')
      return tokenOf('ann', 1)
    },
  })
  const store = await page()
  await pass(15_000)
  assert.equal(store.live, true)
})

test('pages of one person share a stream; where nobody knows whose a token is, each has its own', async () => {
  const pages = [await page(), await page()]
  open().send('job', JOB)
  await settle()
  for (const store of pages) assert.equal(store.jobs.length, 1)
  connect({ getToken: async () => tokenOf('bob', 1) })
  const bob = await page()
  assert.equal(bob.jobs.length, 0)
  assert.equal(FakeStream.open.length, 2)
  connect({ getToken: async () => 'hw_12345678_opaque' })
  await page()
  await page()
  assert.equal(FakeStream.open.length, 4)
})
