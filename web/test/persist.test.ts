import assert from 'node:assert/strict'
import { test } from 'node:test'

import { whenSignedOut } from '../src/client/api.ts'
import { persist, Unanswered } from '../src/elements/persist.ts'
import { type Held, type SendHooks, UploadRefused } from '../src/elements/upload.ts'

/** Hooks that keep what was waited for, and never wait. */
function hooks() {
  const waits: [Held, number][] = []
  const abort = new AbortController()
  const held = async (why: Held, milliseconds: number): Promise<void> => void waits.push([why, milliseconds])
  return { waits, abort, hooks: { signal: abort.signal, held } as unknown as SendHooks }
}

/** An attempt that fails in these ways, one after another, and then succeeds. */
function failing(...errors: Error[]) {
  return async (): Promise<string> => {
    const error = errors.shift()
    if (error) throw error
    return 'done'
  }
}

const problem = (status: number, code: string, retryable: boolean): Unanswered =>
  new Unanswered(status, JSON.stringify({ title: 'No', status, code, retryable }))

test('a broken line is tried again, at once and then ever more patiently', async () => {
  const { waits, hooks: given } = hooks()
  const broken = [1, 2, 3, 4, 5].map(() => new Unanswered(0))
  assert.equal(await persist(given, failing(...broken)), 'done')
  assert.deepEqual(
    waits.map(([, milliseconds]) => milliseconds),
    [0, 1000, 3000, 10_000, 10_000],
  )
})

test('an attempt that got somewhere makes patience begin anew', async () => {
  const { waits, hooks: given } = hooks()
  let tries = 0
  await persist(given, async (progressed) => {
    if (++tries > 4) return
    progressed()
    throw new Unanswered(0)
  })
  assert.deepEqual(
    waits.map(([, milliseconds]) => milliseconds),
    [0, 0, 0, 0],
  )
})

test('what passes is waited for, what does not is refused in its own words', async () => {
  const { waits, hooks: given } = hooks()
  await persist(given, failing(problem(503, 'storage.unavailable', true), problem(423, 'upload.locked', true)))
  assert.deepEqual(
    waits.map(([why]) => why),
    ['unreachable', 'unreachable'],
  )
  const refusal = problem(413, 'upload.too_large', false)
  await assert.rejects(persist(given, failing(refusal)), (error) => {
    assert.ok(error instanceof UploadRefused)
    return error.problem === refusal.problem
  })
})

test('a late request of our own may take an upload over, but two pages do not take it from each other for ever', async () => {
  const { waits, hooks: given } = hooks()
  const takenOver = () => problem(409, 'upload.taken_over', true)
  assert.equal(await persist(given, failing(takenOver(), takenOver(), takenOver())), 'done')
  assert.deepEqual(
    waits.map(([, milliseconds]) => milliseconds),
    [1000, 3000, 10_000],
  )
  let asked = 0
  await assert.rejects(
    persist(given, async (progressed) => {
      asked += 1
      progressed()
      throw takenOver()
    }),
    UploadRefused,
  )
  assert.equal(asked, 4)
})

test('who is not signed in any more is asked to, and waited for', async () => {
  const { waits, hooks: given } = hooks()
  let told = 0
  whenSignedOut(() => (told += 1))
  await persist(given, failing(problem(401, 'auth.required', false)))
  assert.deepEqual(waits, [['signed-out', 0]])
  assert.equal(told, 1)
})

test('nothing is tried again once it is not wanted any more', async () => {
  const { waits, abort, hooks: given } = hooks()
  abort.abort()
  await assert.rejects(persist(given, failing(new Unanswered(0))), Unanswered)
  assert.deepEqual(waits, [])
})

test('a fault of our own is no trouble with the line', async () => {
  const { hooks: given } = hooks()
  await assert.rejects(persist(given, failing(new RangeError('boom'))), RangeError)
})
