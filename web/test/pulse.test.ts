import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'

import { Pulse } from '../src/app/pages/pulse.ts'

class Page extends EventTarget {
  visibilityState = 'visible'
}

let page: Page
let asked: number
let failures: number[]
let answer: () => Promise<number>

function pulse(): Pulse {
  return new Pulse({
    ask: async () => {
      asked += 1
      return answer()
    },
    failed: (_error, retryMs) => failures.push(retryMs),
  })
}

/** Let what was promised happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
}

async function after(milliseconds: number): Promise<void> {
  mock.timers.tick(milliseconds)
  await settle()
}

beforeEach(() => {
  page = new Page()
  asked = 0
  failures = []
  answer = () => Promise.resolve(5000)
  Object.assign(globalThis, { document: page, window: new EventTarget() })
  mock.timers.enable({ apis: ['setTimeout'] })
})
afterEach(() => mock.timers.reset())

test('it asks as often as the answers say', async () => {
  const beating = pulse()
  beating.start()
  await settle()
  await after(4999)
  assert.equal(asked, 1)
  await after(1)
  assert.equal(asked, 2)
  answer = () => Promise.resolve(0)
  await after(5000)
  await after(999)
  assert.equal(asked, 3)
  beating.stop()
  await after(60_000)
  assert.equal(asked, 3)
})

test('a page that nobody sees asks nothing, and asks at once when it is seen', async () => {
  const beating = pulse()
  beating.start()
  await settle()
  page.visibilityState = 'hidden'
  page.dispatchEvent(new Event('visibilitychange'))
  await after(60_000)
  assert.equal(asked, 1)
  page.visibilityState = 'visible'
  page.dispatchEvent(new Event('visibilitychange'))
  await settle()
  assert.equal(asked, 2)
  beating.stop()
})

test('after failures it waits longer and longer, and then as before', async () => {
  answer = () => Promise.reject(new TypeError('away'))
  const beating = pulse()
  beating.start()
  await settle()
  for (const wait of [2000, 4000, 8000, 16_000, 32_000, 60_000]) await after(wait)
  assert.deepEqual(failures, [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
  answer = () => Promise.resolve(5000)
  window.dispatchEvent(new Event('online'))
  await settle()
  answer = () => Promise.reject(new TypeError('away'))
  await after(5000)
  assert.equal(failures.at(-1), 2000)
  beating.stop()
})

test('whoever stops it when told of a failure is not asked again', async () => {
  answer = () => Promise.reject(new Error('forbidden'))
  const beating: Pulse = new Pulse({
    ask: async () => {
      asked += 1
      return answer()
    },
    failed: () => beating.stop(),
  })
  beating.start()
  await settle()
  await after(120_000)
  assert.equal(asked, 1)
})

test('an answer that comes too late sets nothing off', async () => {
  let late: (next: number) => void = () => undefined
  answer = () => new Promise((resolve) => (late = resolve))
  const beating = pulse()
  beating.start()
  await settle()
  beating.stop()
  late(1000)
  await settle()
  await after(60_000)
  assert.equal(asked, 1)
})
