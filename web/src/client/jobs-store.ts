/** The live list of jobs, shared by everything on a page and by all tabs of a browser.
 *
 * One tab holds the event stream and tells the others over a BroadcastChannel: seven streams on HTTP/1.1 would
 * leave no connection for the pages. Which tab it is, a lock decides; where there are no locks (plain HTTP by
 * name), each visible tab has its own. Where no stream can be had, it polls, and never gives up.
 */

import { API, ApiError, request } from './api.ts'
import { apply, backoff, fromActive, type LiveEvent } from './jobs-state.ts'
import type { ActiveJobs, Job } from './types.ts'

const CHANNEL = 'headway-jobs'
const SILENT_AFTER = 25_000
/** Until the server has said when to ask again. */
const POLL_FIRST = 5_000
const POLL_SLOWEST = 30_000
const OFFLINE_AFTER = 5_000

type Message = { event: LiveEvent } | { live: boolean } | { hello: true } | { bye: true }

export class JobsStore extends EventTarget {
  jobs: readonly Job[] = []
  /** Whether what is shown is known to be current. */
  live = false
  /** Whether a first answer has come. */
  loaded = false

  #channel: BroadcastChannel | null = null
  #source: EventSource | null = null
  #failures = 0
  #watchdog: ReturnType<typeof setTimeout> | undefined
  #retry: ReturnType<typeof setTimeout> | undefined
  #poll: ReturnType<typeof setTimeout> | undefined
  #pollAfter = POLL_FIRST
  #offline: ReturnType<typeof setTimeout> | undefined
  #leading = false
  /** Aborted by `stop`: what was begun before it must not be heard of after it. */
  #life: AbortController | null = null

  start(): void {
    if (this.#life) return
    const life = (this.#life = new AbortController())
    this.#channel = new BroadcastChannel(CHANNEL)
    this.#channel.onmessage = (message: MessageEvent<Message>) => this.#hear(message.data)
    this.#channel.postMessage({ hello: true } satisfies Message)
    void this.refresh()
    for (const wake of ['online', 'focus', 'pageshow']) window.addEventListener(wake, this.#wake)
    document.addEventListener('visibilitychange', this.#visibility)
    // The signal also ends the waiting for the lock, else it would be held later by a tab where nobody is signed in.
    if (navigator.locks) navigator.locks.request(CHANNEL, { signal: life.signal }, () => this.#lead(life.signal)).catch(() => undefined)
    else this.#visibility()
  }

  /** Forget everything, for instance because another person signs in. */
  stop(): void {
    if (!this.#life) return
    this.#life.abort()
    this.#life = null
    this.#leading = false
    this.#failures = 0
    // The session is that of the whole browser; the other tabs should look whether they still have it.
    this.#channel?.postMessage({ bye: true } satisfies Message)
    this.#channel?.close()
    this.#channel = null
    this.#close()
    this.#stopPolling()
    clearTimeout(this.#offline)
    for (const wake of ['online', 'focus', 'pageshow']) window.removeEventListener(wake, this.#wake)
    document.removeEventListener('visibilitychange', this.#visibility)
    this.jobs = []
    this.loaded = false
    this.#change(false)
  }

  /** Ask for the list now, and say whether there was an answer. */
  async refresh(): Promise<boolean> {
    const life = this.#life
    if (!life) return false
    try {
      const answer = await request<ActiveJobs>('GET', '/jobs/active', { signal: life.signal })
      if (life !== this.#life) return false
      this.#pollAfter = answer.next_poll_ms
      const event = fromActive(answer)
      this.#take(event)
      // Without a stream, what the leading tab learns by asking is all that the others hear.
      if (this.#leading) this.#channel?.postMessage({ event } satisfies Message)
      return true
    } catch (error) {
      if (error instanceof ApiError && error.problem.status === 401 && life === this.#life) this.stop()
      this.#pollAfter = Math.min(POLL_SLOWEST, this.#pollAfter * 1.5)
      return false
    }
  }

  /** Hold the lock, and with it the stream, until `stop` or until the tab is gone. */
  #lead(life: AbortSignal): Promise<void> {
    this.#leading = true
    this.#open()
    return new Promise((resolve) => life.addEventListener('abort', () => resolve(), { once: true }))
  }

  readonly #visibility = (): void => {
    if (navigator.locks || !this.#life) return
    if (document.visibilityState === 'visible') this.#open()
    else this.#close()
  }

  readonly #wake = (): void => {
    if (this.live) return
    void this.refresh()
    if (this.#leading || !navigator.locks) this.#open()
  }

  #open(): void {
    this.#close()
    if (!this.#life) return
    const source = new EventSource(`${API}/jobs/stream`)
    this.#source = source
    source.addEventListener('snapshot', (event) => this.#fromStream({ kind: 'snapshot', jobs: (parsed(event) as ActiveJobs).jobs }))
    source.addEventListener('job', (event) => this.#fromStream({ kind: 'job', job: parsed(event) as Job }))
    source.addEventListener('finished', (event) => this.#fromStream({ kind: 'job', job: parsed(event) as Job }))
    source.addEventListener('removed', (event) => this.#fromStream({ kind: 'removed', id: (parsed(event) as { id: string }).id }))
    source.addEventListener('bye', () => this.#again())
    source.onopen = () => {
      this.#failures = 0
      this.#stopPolling()
      this.#announceLive(true)
      this.#feedWatchdog()
    }
    source.onerror = () => this.#again()
    // Also for a connection that neither opens nor fails.
    this.#feedWatchdog()
  }

  #fromStream(event: LiveEvent): void {
    this.#feedWatchdog()
    this.#announceLive(true)
    this.#take(event)
    this.#channel?.postMessage({ event } satisfies Message)
  }

  /** The server beats every 10 s, but comments reach no listener; so a quiet stream is asked about by polling. */
  #feedWatchdog(): void {
    clearTimeout(this.#watchdog)
    this.#watchdog = setTimeout(() => {
      const source = this.#source
      void this.refresh().then((answered) => {
        if (source === null || source !== this.#source) return
        if (answered) this.#feedWatchdog()
        else this.#again()
      })
    }, SILENT_AFTER)
  }

  #again(): void {
    this.#close()
    this.#announceLive(false)
    if (!this.#life) return
    if (this.#poll === undefined) this.#pollLater()
    this.#retry = setTimeout(() => this.#open(), backoff(this.#failures++))
  }

  /** Ask again when the server said that it is worth it, more and more seldom while nobody answers, and never give up. */
  #pollLater(): void {
    const poll = setTimeout(() => {
      void this.refresh().then(() => {
        if (this.#poll === poll) this.#pollLater()
      })
    }, this.#pollAfter)
    this.#poll = poll
  }

  #stopPolling(): void {
    clearTimeout(this.#poll)
    this.#poll = undefined
  }

  #close(): void {
    this.#source?.close()
    this.#source = null
    clearTimeout(this.#watchdog)
    clearTimeout(this.#retry)
  }

  #hear(message: Message): void {
    if ('event' in message) this.#take(message.event)
    else if ('live' in message) this.#setLive(message.live)
    else if ('bye' in message) void this.refresh()
    else if (this.#leading && this.loaded) {
      this.#channel?.postMessage({ live: this.live } satisfies Message)
      this.#channel?.postMessage({ event: { kind: 'snapshot', jobs: [...this.jobs] } } satisfies Message)
    }
  }

  #announceLive(live: boolean): void {
    this.#channel?.postMessage({ live } satisfies Message)
    this.#setLive(live)
  }

  /** A short break is not worth a word; a long one is. */
  #setLive(live: boolean): void {
    clearTimeout(this.#offline)
    if (live === this.live) return
    if (live) this.#change(true)
    else this.#offline = setTimeout(() => this.#change(false), OFFLINE_AFTER)
  }

  #change(live: boolean): void {
    this.live = live
    this.dispatchEvent(new Event('change'))
  }

  #take(event: LiveEvent): void {
    const jobs = apply(this.jobs, event)
    if (jobs === this.jobs && this.loaded) return
    this.jobs = jobs
    this.loaded = true
    this.dispatchEvent(new Event('change'))
  }
}

function parsed(event: Event): unknown {
  return JSON.parse((event as MessageEvent<string>).data)
}

/** The store of this page. */
export const jobsStore = new JobsStore()

export async function cancelJob(id: string): Promise<void> {
  await request('POST', `/jobs/${encodeURIComponent(id)}/cancel`)
}

/** Run a failed or cancelled job again, from its stored file. */
export async function retryJob(id: string): Promise<void> {
  await request('POST', `/jobs/${encodeURIComponent(id)}/retry`)
}

export async function dismissJob(id: string): Promise<void> {
  await request('POST', `/jobs/${encodeURIComponent(id)}/dismiss`)
  await jobsStore.refresh()
}
