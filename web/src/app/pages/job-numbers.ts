/** Keeps the numbers beside the filters current: asked for with each filter, and when jobs have begun or ended. */

import { countJobs } from '../../client/jobs-api.ts'
import type { HistoryCounts, Job } from '../../client/types.ts'
import { isCounted } from './job-counts.ts'
import { type JobFilter, toQuery } from './job-filter.ts'

/** Jobs that end one after another are counted once. */
const REST_MILLISECONDS = 400

export class JobNumbers {
  readonly #tell: (counts: HistoryCounts | null) => void
  #asked = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined
  #seen = ''

  constructor(tell: (counts: HistoryCounts | null) => void) {
    this.#tell = tell
  }

  ask(filter: JobFilter): void {
    this.stop()
    if (isCounted(filter)) void this.#count(filter, (this.#asked = new AbortController()).signal)
  }

  /** Look at the live list; progress changes no number. */
  follow(jobs: readonly Job[], filter: JobFilter): void {
    const seen = jobs.map(({ id, status, outcome }) => `${id} ${status} ${outcome}`).join()
    if (seen === this.#seen) return
    this.#seen = seen
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.ask(filter), REST_MILLISECONDS)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#asked.abort()
  }

  async #count(filter: JobFilter, signal: AbortSignal): Promise<void> {
    try {
      const counts = await countJobs(toQuery(filter), signal)
      if (!signal.aborted) this.#tell(counts)
    } catch {
      // Numbers are an addition: without them the filters work, and what keeps the list from coming is said there.
      if (!signal.aborted) this.#tell(null)
    }
  }
}
