/** What is spoken of the jobs: beginnings, quarters, new stages, ends; together, and not more often than one can listen to. Pure. */

import type { Job } from '../client/types.ts'
import { isEnded, phaseWord, titleOf } from './job-words.ts'
import { say } from './say.ts'

export const PAUSE_MILLISECONDS = 10_000
const QUARTER = 25

interface Heard {
  version: number
  quarter: number
  stage: string | null
  phase: string
}

/** Hears the jobs whenever they change, and says what is worth it when it is asked. */
export class JobVoice {
  #heard: Map<string, Heard> | null = null
  /** The newest thing to say of each job: what it was before it is not worth a word any more. */
  readonly #news = new Map<string, string>()
  #failures: string[] = []
  #spokeAt = Number.NEGATIVE_INFINITY

  /** Take the present state. Of what is there at first, nothing is said. */
  hear(jobs: readonly Job[]): void {
    const before = this.#heard
    this.#heard = new Map(jobs.map((job) => [job.id, heardOf(job)]))
    if (!before) return
    for (const job of jobs) {
      const last = before.get(job.id)
      if (last?.version === job.version) continue
      const text = news(job, last)
      if (!text) continue
      if (job.status === 'failed') {
        this.#failures.push(text)
        this.#news.delete(job.id)
      } else this.#news.set(job.id, text)
    }
    // What was dismissed elsewhere needs no words here.
    for (const id of this.#news.keys()) if (!this.#heard.has(id)) this.#news.delete(id)
  }

  /** Whether there is something to say, and how long it has to wait. */
  waits(now: number): number | null {
    return this.#news.size ? Math.max(0, this.#spokeAt + PAUSE_MILLISECONDS - now) : null
  }

  /** Return what is to be said now, all in one; empty while the pause goes on. */
  speak(now: number): string {
    if (this.waits(now) !== 0) return ''
    const text = [...this.#news.values()].join(' ')
    this.#news.clear()
    this.#spokeAt = now
    return text
  }

  /** Return failures that were not told yet; these interrupt. */
  alarm(): string {
    return this.#failures.splice(0).join(' ')
  }
}

function heardOf(job: Job): Heard {
  return { version: job.version, quarter: Math.floor(job.progress / QUARTER), stage: job.stage, phase: job.phase }
}

function news(job: Job, last: Heard | undefined): string {
  const now = heardOf(job)
  const title = titleOf(job)
  if (isEnded(job)) {
    if (last && last.phase === job.phase) return ''
    const why = job.status === 'failed' ? (job.problem?.title ?? job.error ?? '') : job.status === 'completed' ? (job.message ?? '') : ''
    return `${title}: ${phaseWord(job)}.${why ? ` ${why.replace(/\.$/, '')}.` : ''}`
  }
  if (!last) return say('{title}: started.', { title })
  if (now.phase !== last.phase && now.phase !== 'running') return `${title}: ${phaseWord(job).replace('…', '')}.`
  const values = { title, message: job.message, percent: job.progress }
  if (now.stage !== last.stage && job.message) return say('{title}: {message}, {percent} percent.', values)
  return now.quarter > last.quarter ? say('{title}: {percent} percent.', values) : ''
}
