/** The live list of jobs, shared by everything on a page and by all tabs of a browser.
 *
 * One stream is enough for a browser: seven on HTTP/1.1 would leave no connection for the pages. Who holds it is the tab
 * that has a lock; without locks (plain HTTP by name) a worker that all tabs share; without either, each tab while it is
 * visible. All of them listen to a channel, and none knows which it is.
 */

import { ApiError, identity, request } from './api.ts'
import { JobsHub, type Request } from './jobs-hub.ts'
import type { News } from './jobs-source.ts'
import { apply, fromActive, type LiveEvent } from './jobs-state.ts'
import type { ActiveJobs, Job } from './types.ts'
import { workerUrl } from './worker-url.ts'

const CHANNEL = 'headway-jobs'
const OFFLINE_AFTER = 5_000
/** A visible tab that has heard nothing for so long asks whether the tab with the stream is still there. */
const SILENT_AFTER = 30_000
const ANSWER_WITHIN = 2_000
/** Under one name for all versions: tabs of an older one share the worker that runs. */
const WORKER = '/jobs-worker.js'

export class JobsStore extends EventTarget {
  jobs: readonly Job[] = []
  /** Whether what is shown is known to be current. */
  live = false
  /** Whether a first answer has come. */
  loaded = false
  /** When the session ends, once that is near. */
  expiresAt: string | null = null

  #key: string | null = null
  /** Aborted when this tab stops or falls asleep: what was begun before it must not be heard of after it. */
  #life: AbortController | null = null
  #name = ''
  #channel: BroadcastChannel | null = null
  /** Here only while this tab is the one that holds the stream. */
  #hub: JobsHub | null = null
  #alone = false
  #workerFailed = false
  #heardAt = 0
  #watch: ReturnType<typeof setInterval> | undefined
  #offline: ReturnType<typeof setTimeout> | undefined

  /** Begin, for one person; `key` tells them from others who use this browser. */
  start(key = ''): void {
    if (this.#key !== null) return
    this.#key = key
    for (const [target, name] of this.#events()) target.addEventListener(name, this.#handle)
    void this.#join()
  }

  /** Forget everything, for instance because another person signs in. */
  stop(): void {
    if (this.#key === null) return
    this.#key = null
    for (const [target, name] of this.#events()) target.removeEventListener(name, this.#handle)
    // The session is that of the whole browser; the others should look whether they still have it.
    this.#say('bye')
    this.#leave()
    this.jobs = []
    this.loaded = false
    this.expiresAt = null
    this.#change(false)
  }

  /** Ask for the list now, and say whether there was an answer. */
  async refresh(): Promise<boolean> {
    const life = this.#life
    if (!life) return false
    try {
      const answer = await request<ActiveJobs>('GET', '/jobs/active', { signal: life.signal })
      if (life !== this.#life) return false
      this.#take(fromActive(answer))
      return true
    } catch (error) {
      if (error instanceof ApiError && error.problem.status === 401 && life === this.#life) this.stop()
      return false
    }
  }

  #events(): [EventTarget, string][] {
    const page = ['online', 'focus', 'pagehide', 'pageshow'].map((name): [EventTarget, string] => [window, name])
    const life = ['visibilitychange', 'freeze', 'resume'].map((name): [EventTarget, string] => [document, name])
    return [...page, ...life]
  }

  readonly #handle = ({ type }: Event): void => {
    // A tab that sleeps holds no stream: others would wait for it, and the browser could not keep the page.
    if (type === 'pagehide' || type === 'freeze') this.#leave()
    else if (!this.#life) void this.#join(true)
    else this.#look()
  }

  async #join(again = false): Promise<void> {
    const life = (this.#life = new AbortController())
    const who = await identity()
    const name = `${CHANNEL}/${who}${this.#key}`
    if (life !== this.#life) return
    this.#alone = who === null || (!navigator.locks && (who !== '' || !this.#startWorker(name)))
    this.#name = this.#alone ? `${CHANNEL}/${Math.random()}` : name
    this.#channel = new BroadcastChannel(this.#name)
    this.#channel.onmessage = ({ data }: MessageEvent<News | Request>) => this.#hear(data)
    this.#say('hello')
    this.#watch = setInterval(() => this.#look(), SILENT_AFTER)
    if (navigator.locks && !this.#alone) this.#queue(life)
    if (again) this.#look()
    else if (this.#alone) this.#whileVisible()
    void this.refresh()
  }

  /** Start the worker of this name, or use the one that runs; say whether it seems that there is one. */
  #startWorker(name: string): boolean {
    if (this.#workerFailed || !globalThis.SharedWorker) return false
    new SharedWorker(workerUrl(WORKER), { type: 'module', name }).onerror = () => {
      this.#workerFailed = true
      this.#leave()
      if (this.#key !== null) void this.#join(true)
    }
    return true
  }

  #leave(): void {
    this.#life?.abort()
    this.#life = null
    this.#hub?.close()
    this.#channel?.close()
    this.#hub = this.#channel = null
    clearInterval(this.#watch)
    clearTimeout(this.#offline)
  }

  /** Somebody may be looking at this tab, maybe after a long time. */
  #look(): void {
    if (this.#alone) this.#whileVisible()
    if (document.visibilityState !== 'visible') return
    this.#say('wake')
    if (this.#life && navigator.locks && !this.#alone && !this.#hub) void this.#findLeader(this.#life)
  }

  #whileVisible(): void {
    if (document.visibilityState === 'visible') this.#hub ??= new JobsHub(this.#name)
    else {
      this.#hub?.close()
      this.#hub = null
    }
  }

  /** Wait until no other tab holds the lock, then hold it, and with it the stream, until this tab is gone or asleep. */
  #queue(life: AbortController, steal = false): void {
    const lead = (): Promise<void> => {
      this.#hub = new JobsHub(this.#name)
      return new Promise((resolve) => life.signal.addEventListener('abort', () => resolve(), { once: true }))
    }
    navigator.locks.request(this.#name, steal ? { steal } : { signal: life.signal }, lead).catch(() => {
      if (life !== this.#life) return
      // It was taken away, because this tab slept without having been told.
      this.#hub?.close()
      this.#hub = null
      this.#queue(life)
    })
  }

  /** Take over from a tab that holds the lock and sleeps. */
  async #findLeader(life: AbortController): Promise<void> {
    const asked = Date.now()
    if (asked - this.#heardAt < SILENT_AFTER) return
    this.#say('hello')
    await new Promise((resolve) => setTimeout(resolve, ANSWER_WITHIN))
    if (life === this.#life && !this.#hub && this.#heardAt < asked) this.#queue(life, true)
  }

  #say(request: Request): void {
    this.#channel?.postMessage(request)
  }

  #hear(said: News | Request): void {
    if (said === 'bye') void this.refresh()
    if (typeof said === 'string') return
    this.#heardAt = Date.now()
    if ('event' in said) this.#take(said.event)
    else if ('live' in said) this.#setLive(said.live)
    else if ('expires' in said) {
      this.expiresAt = said.expires
      this.dispatchEvent(new Event('change'))
    } else void this.refresh().then((isSignedIn) => isSignedIn && this.#say('hello'))
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
