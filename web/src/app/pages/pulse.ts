/** Asks again and again while somebody looks: as often as the answers say, at once after a pause, slower after failures. */

/** After a failure, and twice as long after each further one. */
const FIRST_RETRY_MS = 2_000
const LONGEST_RETRY_MS = 60_000
const SHORTEST_MS = 1_000

export interface Watched {
  /** Ask once; return in how many milliseconds it is worth to ask again. */
  ask: (signal: AbortSignal) => Promise<number>
  /** Hear that asking failed, and in how many milliseconds it is tried again. */
  failed: (error: unknown, retryMs: number) => void
}

export class Pulse {
  readonly #watched: Watched
  #timer: ReturnType<typeof setTimeout> | undefined
  #asked: AbortController | null = null
  #failures = 0
  readonly #onWake = (): void => {
    if (document.visibilityState === 'visible') void this.beat()
    else this.#rest()
  }

  constructor(watched: Watched) {
    this.#watched = watched
  }

  start(): void {
    document.addEventListener('visibilitychange', this.#onWake)
    window.addEventListener('online', this.#onWake)
    void this.beat()
  }

  stop(): void {
    document.removeEventListener('visibilitychange', this.#onWake)
    window.removeEventListener('online', this.#onWake)
    this.#rest()
  }

  #rest(): void {
    clearTimeout(this.#timer)
    this.#asked?.abort()
    this.#asked = null
  }

  /** Ask now; what was asked before is not waited for any more. */
  async beat(): Promise<void> {
    this.#rest()
    const asked = (this.#asked = new AbortController())
    let next: number
    try {
      next = Math.max(SHORTEST_MS, await this.#watched.ask(asked.signal))
      if (asked.signal.aborted) return
      this.#failures = 0
    } catch (error) {
      if (asked.signal.aborted) return
      next = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++)
      this.#watched.failed(error, next)
    }
    // Whoever was told may have stopped it.
    if (this.#asked === asked) this.#timer = setTimeout(() => void this.beat(), next)
  }
}
