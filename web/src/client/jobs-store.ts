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
const POLL_EVERY = 5_000
const OFFLINE_AFTER = 5_000

type Message = { event: LiveEvent } | { live: boolean } | { hello: true }

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
  #poll: ReturnType<typeof setInterval> | undefined
  #offline: ReturnType<typeof setTimeout> | undefined
  #leading = false
  #running = false

  start(): void {
    if (this.#running) return
    this.#running = true
    this.#channel = new BroadcastChannel(CHANNEL)
    this.#channel.onmessage = (message: MessageEvent<Message>) => this.#hear(message.data)
    this.#channel.postMessage({ hello: true } satisfies Message)
    void this.refresh()
    for (const wake of ['online', 'focus', 'pageshow']) window.addEventListener(wake, this.#wake)
    document.addEventListener('visibilitychange', this.#visibility)
    if (navigator.locks) void navigator.locks.request(CHANNEL, () => this.#lead())
    else this.#visibility()
  }

  /** Forget everything, for instance because another person signs in. */
  stop(): void {
    this.#running = false
    this.#channel?.close()
    this.#close()
    clearInterval(this.#poll)
    this.#release?.()
    for (const wake of ['online', 'focus', 'pageshow']) window.removeEventListener(wake, this.#wake)
    document.removeEventListener('visibilitychange', this.#visibility)
    this.jobs = []
    this.loaded = false
    this.#setLive(false)
  }

  /** Ask for the list now. */
  async refresh(): Promise<void> {
    try {
      this.#take(fromActive(await request<ActiveJobs>('GET', '/jobs/active')))
    } catch (error) {
      if (error instanceof ApiError && error.problem.status === 401) this.stop()
    }
  }

  #release: (() => void) | undefined

  #lead(): Promise<void> {
    this.#leading = true
    this.#open()
    return new Promise((resolve) => (this.#release = resolve))
  }

  readonly #visibility = (): void => {
    if (navigator.locks || !this.#running) return
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
    if (!this.#running) return
    const source = new EventSource(`${API}/jobs/stream`)
    this.#source = source
    source.addEventListener('snapshot', (event) => this.#fromStream({ kind: 'snapshot', jobs: (parsed(event) as ActiveJobs).jobs }))
    source.addEventListener('job', (event) => this.#fromStream({ kind: 'job', job: parsed(event) as Job }))
    source.addEventListener('finished', (event) => this.#fromStream({ kind: 'job', job: parsed(event) as Job }))
    source.addEventListener('removed', (event) => this.#fromStream({ kind: 'removed', id: (parsed(event) as { id: string }).id }))
    source.addEventListener('bye', () => this.#again())
    source.onopen = () => {
      this.#failures = 0
      clearInterval(this.#poll)
      this.#poll = undefined
      this.#announceLive(true)
      this.#feedWatchdog()
    }
    source.onerror = () => this.#again()
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
      void this.refresh().then(() => this.#feedWatchdog())
    }, SILENT_AFTER)
  }

  #again(): void {
    this.#close()
    this.#announceLive(false)
    this.#poll ??= setInterval(() => void this.refresh(), POLL_EVERY)
    this.#retry = setTimeout(() => this.#open(), backoff(this.#failures++))
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
    else if (this.#leading) {
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
    if (live || !this.#running) this.#change(live)
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

export async function dismissJob(id: string): Promise<void> {
  await request('POST', `/jobs/${encodeURIComponent(id)}/dismiss`)
  await jobsStore.refresh()
}
