/** The live jobs as an element shows them: which there are, and how far what is shown can be trusted. */

import { jobsStore } from '../client/jobs-store.ts'
import type { Job } from '../client/types.ts'

/** `lost` is said only after a while: a short break is not worth a word. */
export type Connection = 'live' | 'offline' | 'lost'

const PATIENCE_MILLISECONDS = 5_000

export class JobsView {
  readonly #changed: () => void
  #began = 0
  #known: readonly Job[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  /** When the last news came, in milliseconds since 1970; 0 if none ever did. */
  heardAt = 0
  connection: Connection = 'live'

  constructor(changed: () => void) {
    this.#changed = changed
  }

  get jobs(): readonly Job[] {
    return jobsStore.jobs
  }

  get isLoaded(): boolean {
    return jobsStore.loaded
  }

  connect(): void {
    this.#began = Date.now()
    jobsStore.addEventListener('change', this.#take)
    for (const name of ['online', 'offline']) window.addEventListener(name, this.#take)
    this.#take()
  }

  disconnect(): void {
    jobsStore.removeEventListener('change', this.#take)
    for (const name of ['online', 'offline']) window.removeEventListener(name, this.#take)
    clearTimeout(this.#timer)
  }

  readonly #take = (): void => {
    const patience = this.#began + PATIENCE_MILLISECONDS - Date.now()
    clearTimeout(this.#timer)
    // Nothing is lost yet while the first connection is being made.
    if (!jobsStore.live && patience > 0) this.#timer = setTimeout(this.#take, patience + 10)
    this.connection = !navigator.onLine ? 'offline' : jobsStore.live || patience > 0 ? 'live' : 'lost'
    if (jobsStore.jobs !== this.#known && jobsStore.loaded) this.heardAt = Date.now()
    this.#known = jobsStore.jobs
    this.#changed()
  }
}
