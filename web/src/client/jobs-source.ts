/** Where news of jobs comes from: the event stream, and polling for as long as there is none. Runs in pages and workers. */

import { renewToken, send } from './api.ts'
import { eventReader, type ServerEvent } from './event-stream.ts'
import { backoff, fromActive, type LiveEvent } from './jobs-state.ts'
import type { ActiveJobs, Job, QueueNews } from './types.ts'

/** The server beats every 10 s; less than two of its beats would take a slow network for a dead one. */
const SILENT_AFTER = 25_000
/** After a sleep no timer has run: a page that is looked at again need not wait for the rest of it. */
const DOUBTFUL_AFTER = 12_000
/** Until the server has said when to ask again. */
const POLL_FIRST = 5_000
const POLL_SLOWEST = 30_000
/** A server that stops lets everybody go at the same moment; they should not all come back at one. */
const RESTART_SPREAD = 2_000
/** A token that is about to expire when its stream begins is no reason to begin another one. */
const RENEW_AFTER = 10_000

export type News = { event: LiveEvent } | { live: boolean } | { expires: string } | { signedOut: true }

export class JobsSource {
  readonly #tell: (news: News) => void
  live = false
  /** Aborted by `stop`: what was begun before it must not be heard of after it. */
  #life: AbortController | null = null
  #stream: AbortController | null = null
  #lastId = ''
  #openedAt = 0
  #heardAt = 0
  #failures = 0
  #tag = ''
  #pollAfter = POLL_FIRST
  #poll: ReturnType<typeof setTimeout> | undefined
  #retry: ReturnType<typeof setTimeout> | undefined

  constructor(tell: (news: News) => void) {
    this.#tell = tell
  }

  get running(): boolean {
    return this.#life !== null
  }

  start(): void {
    if (this.#life) return
    this.#life = new AbortController()
    this.#open()
    this.#pollLater()
  }

  stop(): void {
    this.#life?.abort()
    this.#life = null
    clearTimeout(this.#poll)
    clearTimeout(this.#retry)
    this.#lastId = this.#tag = ''
    this.#failures = 0
    this.#setLive(false)
  }

  /** Look at once: the network is back, or somebody looks at the page again. */
  wake(): void {
    if (!this.#life || (this.live && Date.now() - this.#heardAt < DOUBTFUL_AFTER)) return
    this.#open()
    void this.refresh()
  }

  /** Ask for the list now, and say whether there was an answer. */
  async refresh(): Promise<boolean> {
    const life = this.#life
    if (!life) return false
    try {
      const headers: Record<string, string> = this.#tag ? { 'If-None-Match': this.#tag } : {}
      const answer = await send('/jobs/active', { headers, signal: life.signal })
      if (answer.status === 401) this.#signedOut(life)
      if (answer.status !== 304) {
        if (!answer.ok) throw new TypeError(answer.statusText)
        const active = (await answer.json()) as ActiveJobs
        if (life !== this.#life) return false
        this.#tag = answer.headers.get('ETag') ?? ''
        this.#pollAfter = active.next_poll_ms
        this.#tell({ event: fromActive(active) })
      }
      return true
    } catch {
      this.#pollAfter = Math.min(POLL_SLOWEST, this.#pollAfter * 1.5)
      return false
    }
  }

  /** Ask again when the server said that it is worth it, more and more seldom while nobody answers, and never give up. */
  #pollLater(): void {
    const poll = setTimeout(async () => {
      if (!this.live) await this.refresh()
      if (this.#life && this.#poll === poll) this.#pollLater()
    }, this.#pollAfter)
    this.#poll = poll
  }

  /** Open a stream in place of the one that there may be. */
  #open(): void {
    clearTimeout(this.#retry)
    this.#stream?.abort()
    const life = this.#life
    if (!life) return
    const stream = (this.#stream = new AbortController())
    life.signal.addEventListener('abort', () => stream.abort(), { signal: stream.signal })
    void this.#listen(stream, life).then((wait) => {
      if (stream !== this.#stream || life.signal.aborted) return
      stream.abort()
      // One that has only lasted long enough is no loss; the next one begins where it ended.
      if (wait !== 0) this.#setLive(false)
      this.#retry = setTimeout(() => this.#open(), Math.max(wait, backoff(this.#failures++)))
    })
  }

  /** Take what the stream brings; return how long to wait at least when it has ended, 0 if it ended as it should. */
  async #listen(stream: AbortController, life: AbortController): Promise<number> {
    let watchdog: ReturnType<typeof setTimeout> | undefined
    // Also for a connection that neither opens nor fails, as behind a proxy that keeps everything to itself.
    const watch = (): void => {
      clearTimeout(watchdog)
      watchdog = setTimeout(() => stream.abort(), SILENT_AFTER)
    }
    let wait = 1
    try {
      watch()
      const headers: Record<string, string> = { Accept: 'text/event-stream' }
      if (this.#lastId) headers['Last-Event-ID'] = this.#lastId
      const answer = await send('/jobs/stream', { headers, signal: stream.signal, cache: 'no-store' })
      if (answer.status === 401) this.#signedOut(life)
      else if (answer.ok && answer.body) wait = await this.#read(answer.body, stream, watch)
      else wait = 1000 * Number(answer.headers.get('Retry-After')) || 1
    } catch {
      // The network, our own watchdog, or the server went away.
    }
    clearTimeout(watchdog)
    return wait
  }

  async #read(body: ReadableStream<Uint8Array<ArrayBuffer>>, stream: AbortController, watch: () => void): Promise<number> {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader()
    const read = eventReader()
    let wait = 1
    this.#openedAt = Date.now()
    for (;;) {
      const { done, value } = await reader.read()
      if (done || stream.signal.aborted) return wait
      watch()
      this.#heardAt = Date.now()
      this.#failures = 0
      this.#setLive(true)
      for (const event of read(value)) wait = this.#take(event) ?? wait
    }
  }

  /** Take one event; return how long to wait for the next stream if it says that this one is over. */
  #take({ id, name, data }: ServerEvent): number | undefined {
    const said = JSON.parse(data) as unknown
    if (id) this.#lastId = id
    if (name === 'snapshot') this.#tell({ event: { kind: 'snapshot', jobs: (said as ActiveJobs).jobs } })
    else if (name === 'job' || name === 'finished') this.#tell({ event: { kind: 'job', job: said as Job } })
    else if (name === 'removed') this.#tell({ event: { kind: 'removed', id: (said as { id: string }).id } })
    else if (name === 'queue') this.#tell({ event: { kind: 'queue', ...(said as QueueNews) } })
    else if (name === 'auth_expiring') {
      // Nothing is lost meanwhile: the new stream begins where this one was left.
      if (Date.now() - this.#openedAt < RENEW_AFTER) return undefined
      if (renewToken()) this.#open()
      else this.#tell({ expires: (said as { expires_at: string }).expires_at })
    } else if (name === 'bye') {
      const { reason } = said as { reason?: string }
      if (reason === 'expired' || reason === 'revoked') renewToken()
      return reason === 'stopping' ? 500 + Math.random() * RESTART_SPREAD : 0
    }
    return undefined
  }

  #signedOut(life: AbortController): void {
    if (life !== this.#life) return
    this.stop()
    this.#tell({ signedOut: true })
  }

  #setLive(live: boolean): void {
    if (live === this.live) return
    this.live = live
    this.#tell({ live })
  }
}
