/** As much of a browser as the live list needs: tabs that hear each other, one lock, and a server that streams. */

import { mock } from 'node:test'

import type { ActiveJobs, Job } from '../src/client/types.ts'

/** One stream that the server has been asked for. */
export class FakeStream {
  static all: FakeStream[] = []
  static get open(): FakeStream[] {
    return FakeStream.all.filter((stream) => !stream.closed)
  }
  closed = false
  readonly headers: Record<string, string>
  readonly answer: Promise<Response>
  #respond: (response: Response) => void = () => undefined
  #refuse: (reason: unknown) => void = () => undefined
  #body: ReadableStreamDefaultController<Uint8Array> | null = null

  constructor({ headers, signal }: RequestInit) {
    FakeStream.all.push(this)
    this.headers = headers as Record<string, string>
    this.answer = new Promise((resolve, reject) => {
      this.#respond = resolve
      this.#refuse = reject
    })
    signal?.addEventListener('abort', () => this.fail(signal.reason))
  }

  /** Begin to answer, as the server does at once. */
  begin(): void {
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (this.#body = controller) })
    this.#respond(new Response(body))
    this.write('retry: 2000\n\n')
  }

  write(text: string): void {
    if (!this.closed) this.#body?.enqueue(new TextEncoder().encode(text))
  }

  send(name: string, data: unknown, id = ''): void {
    this.write(`${id ? `id: ${id}\n` : ''}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  refuse(status: number, headers: Record<string, string> = {}): void {
    this.closed = true
    this.#respond(new Response(null, { status, headers }))
  }

  end(): void {
    this.closed = true
    this.#body?.close()
  }

  fail(reason: unknown = new TypeError('network error')): void {
    if (this.closed) return
    this.closed = true
    this.#refuse(reason)
    this.#body?.error(reason)
  }
}

/** Delivers at once, to all but the sender, as tabs hear each other. */
export class FakeChannel {
  static all = new Set<FakeChannel>()
  onmessage: ((message: { data: unknown }) => void) | null = null
  readonly name: string
  constructor(name: string) {
    this.name = name
    FakeChannel.all.add(this)
  }
  postMessage(data: unknown): void {
    for (const other of [...FakeChannel.all]) {
      if (other !== this && other.name === this.name) other.onmessage?.({ data: structuredClone(data) })
    }
  }
  close(): void {
    FakeChannel.all.delete(this)
  }
}

interface Entry {
  run: () => Promise<void>
  done: () => void
  fail: (reason: unknown) => void
}

/** Locks that are given in the order of asking, or taken away. */
export class FakeLocks {
  #waiting = new Map<string, Entry[]>()
  #held = new Map<string, Entry>()

  request(name: string, { signal, steal }: { signal?: AbortSignal; steal?: boolean }, run: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = { run, done: resolve, fail: reject }
      const queue = this.#waiting.get(name) ?? []
      this.#waiting.set(name, queue)
      if (steal) {
        this.#held.get(name)?.fail(new DOMException('stolen', 'AbortError'))
        this.#held.delete(name)
        queue.unshift(entry)
      } else queue.push(entry)
      signal?.addEventListener('abort', () => {
        if (!queue.includes(entry)) return
        queue.splice(queue.indexOf(entry), 1)
        reject(signal.reason as Error)
      })
      this.#grant(name)
    })
  }

  #grant(name: string): void {
    const entry = this.#held.has(name) ? undefined : this.#waiting.get(name)?.shift()
    if (!entry) return
    this.#held.set(name, entry)
    void entry.run().then(() => {
      if (this.#held.get(name) === entry) this.#held.delete(name)
      entry.done()
      this.#grant(name)
    })
  }
}

export const JOB = {
  id: '1', title: 'a.csv', status: 'running', phase: 'running', version: 1,
  created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z',
} as Job // prettier-ignore
export const LATER = { ...JOB, version: 2, progress: 50 } as Job

export function active(jobs: Job[], nextPollMs = 5_000): ActiveJobs {
  const counts = { running: jobs.length, queued: 0, paused: 0, attention: 0 }
  return { jobs, counts, next_poll_ms: nextPollMs, server_time: '2026-01-01T00:00:01Z' }
}

/** What `GET /jobs/active` answers, and how often it was asked. */
export const server = {
  asked: 0,
  requests: [] as RequestInit[],
  /** Whether a stream begins as soon as it is asked for. */
  streams: true,
  answer: (): Response | Promise<Response> => Response.json(active([])),
}

export function stub(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
}

/** Begin with an empty browser whose time stands still. */
export function openBrowser(): void {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: Date.parse('2026-01-01T00:00:02Z') })
  FakeStream.all = []
  FakeChannel.all = new Set()
  Object.assign(server, { asked: 0, requests: [], streams: true, answer: () => Response.json(active([])) })
  stub('BroadcastChannel', FakeChannel)
  stub('navigator', { locks: new FakeLocks() })
  stub('window', new EventTarget())
  stub('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }))
  stub('SharedWorker', undefined)
  stub('fetch', async (url: string, init: RequestInit) => {
    if (url.endsWith('/jobs/stream')) {
      const stream = new FakeStream(init)
      if (server.streams) stream.begin()
      return stream.answer
    }
    server.asked += 1
    server.requests.push(init)
    return server.answer()
  })
}

/** Let everything run that is waiting for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Let time pass, in steps, so that what one timer begins can end before the next. */
export async function pass(milliseconds: number): Promise<void> {
  for (let left = milliseconds; left > 0; left -= 500) {
    mock.timers.tick(Math.min(left, 500))
    await settle()
  }
}

export async function show(state: 'visible' | 'hidden'): Promise<void> {
  Object.assign(document, { visibilityState: state })
  document.dispatchEvent(new Event('visibilitychange'))
  await settle()
}
