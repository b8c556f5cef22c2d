/** Against a real Headway, whose address and token are in HEADWAY_URL and HEADWAY_TOKEN; a test in Python starts both. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ended, follow, Headway, HeadwayError, importFile, type JobResponse } from '../src/index.ts'

const base = process.env['HEADWAY_URL'] ?? ''
const token = process.env['HEADWAY_TOKEN'] ?? ''
const headway = new Headway({ base, getToken: () => token })

/** More than a piece, and different from every other file. */
function largeFile(): Blob {
  const line = `${'x'.repeat(1000)}\n`
  return new Blob([`name-${crypto.randomUUID()}\n`, ...Array.from({ length: 9_000 }, () => line)])
}

test('a file becomes a dataset, whose rows are typed', async () => {
  const file = new Blob([`name,born\nAda ${crypto.randomUUID()},1815-12-10\n`])
  const seen: number[] = []
  let asked = 0
  const counting: typeof fetch = (url, init) => {
    asked += 1
    return fetch(url, init)
  }
  const begun = await importFile(headway, file, { name: 'people.csv', options: { types: { born: 'text' } } })
  const following = new Headway({ base, getToken: () => token, fetch: counting })
  const job = await ended(following, begun.id, { changed: ({ progress }) => seen.push(progress) })
  assert.deepEqual([job.status, asked], ['completed', seen.length])
  assert.deepEqual(seen, seen.toSorted((a, b) => a - b))
  const { columns } = await headway.get('/datasets/{dataset_id}', { path: { dataset_id: job.related_dataset_id ?? '' } })
  assert.deepEqual(columns.map(({ name, type }) => [name, type]), [['name', 'text'], ['born', 'text']])
  const [listed] = (await headway.get('/jobs', { query: { limit: 5, status: 'completed' } })).items.filter(({ id }) => id === job.id)
  assert.equal(listed?.title, 'people.csv')
})

test('a large file goes on after its line broke, and arrives whole', async () => {
  let breaks = 2
  const sent: number[] = []
  const shaky: typeof fetch = async (url, init) => {
    const answer = await fetch(url, init)
    // The server has it, and its answer gets lost.
    if (init?.method === 'PATCH' && breaks-- > 0) throw new TypeError('fetch failed')
    return answer
  }
  const file = largeFile()
  const begun = await importFile(new Headway({ base, getToken: () => token, fetch: shaky }), file, {
    name: 'large.csv',
    sent: (bytes) => sent.push(bytes),
  })
  const job = await ended(headway, begun.id)
  assert.deepEqual([job.status, job.metadata['bytes'], breaks <= 0], ['completed', file.size, true])
  assert.equal(sent[0], 0)
})

test('what the server refuses is an error with its problem', async () => {
  const nothing = headway.get('/jobs/{job_id}', { path: { job_id: crypto.randomUUID() } })
  await assert.rejects(nothing, (error) => {
    assert.ok(error instanceof HeadwayError)
    assert.deepEqual([error.code, error.status, error.retryable], ['job.not_found', 404, false])
    assert.match(error.message, /There is no such job/)
    return true
  })
  await assert.rejects(importFile(headway, new Blob(['a\n']), { name: 'a.csv', options: { nonsense: 1 } }), { code: 'import.bad_options' })
})

test('an answer that is not of Headway says so', async () => {
  const elsewhere = new Headway({ base, getToken: () => token, fetch: async () => new Response('<h1>Bad gateway</h1>', { status: 502 }) })
  await assert.rejects(elsewhere.get('/me'), { code: 'client.foreign_answer', status: 502, retryable: true })
})

test('a token that is refused is asked for again, once', async () => {
  const tokens = ['expired', token]
  const renewing = new Headway({ base, getToken: async () => tokens.shift() ?? 'none' })
  const [me, again] = await Promise.all([renewing.get('/me'), renewing.get('/me')])
  assert.deepEqual([me.id, tokens.length], [again.id, 0])
  await assert.rejects(new Headway({ base, getToken: () => 'expired' }).get('/me'), { status: 401 })
})

test('what has not changed is not sent again', async () => {
  const job = await headway.post('/jobs', { body: { job_type: 'external', title: 'Nightly copy' } })
  const first = await headway.poll('/jobs/{job_id}', null, { path: { job_id: job.id } })
  assert.ok(first?.etag)
  assert.equal(await headway.poll('/jobs/{job_id}', first.etag, { path: { job_id: job.id } }), null)
  await headway.post('/jobs/{job_id}/progress', { path: { job_id: job.id }, body: { progress: 40 } })
  const second = await headway.poll('/jobs/{job_id}', first.etag, { path: { job_id: job.id } })
  assert.equal(second?.data.progress, 40)
  await headway.post('/jobs/{job_id}/cancel', { path: { job_id: job.id } })
})

test('a job is followed through every change, also through a break', async () => {
  const { id } = await headway.post('/jobs', { body: { job_type: 'external', title: 'Nightly copy' } })
  const path = { job_id: id }
  let breaks = 1
  const shaky: typeof fetch = async (url, init) => {
    if (String(url).includes('wait=25') && breaks-- > 0) throw new TypeError('fetch failed')
    return fetch(url, init)
  }
  const seen: JobResponse[] = []
  for await (const job of follow(new Headway({ base, getToken: () => token, fetch: shaky }), id)) {
    seen.push(job)
    const next = job.progress === 0 ? { progress: 50 } : { status: 'failed' as const, error: 'The disk is full.' }
    if (job.status !== 'failed') await headway.post('/jobs/{job_id}/progress', { path, body: next })
  }
  assert.deepEqual(seen.map(({ status, progress }) => [status, progress]), [['running', 0], ['running', 50], ['failed', 50]])
  assert.ok(breaks <= 0)
})

test('whoever follows can stop', async () => {
  const { id } = await headway.post('/jobs', { body: { job_type: 'external', title: 'Endless' } })
  const stop = new AbortController()
  await assert.rejects(ended(headway, id, { signal: stop.signal, changed: () => stop.abort(new Error('enough')) }), { message: 'enough' })
  await headway.post('/jobs/{job_id}/cancel', { path: { job_id: id } })
})

/** Never called: what the compiler refuses. */
export function refused(): void {
  // @ts-expect-error There is no such path.
  void headway.get('/job')
  // @ts-expect-error This path has no such method.
  void headway.delete('/jobs/active')
  // @ts-expect-error The path needs its value.
  void headway.get('/jobs/{job_id}')
  // @ts-expect-error A limit is a number.
  void headway.get('/jobs', { query: { limit: 'ten' } })
  // @ts-expect-error A title is text.
  void headway.post('/jobs', { body: { job_type: 'external', title: 7 } })
}
