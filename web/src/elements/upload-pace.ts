/** How fast an upload goes, and how long it will take: smoothed, so that the figure can be read. */

const SETTLE_SECONDS = 1
/** Weight of what was measured a few seconds ago; a new pace shows fully after about ten seconds. */
const MEMORY_SECONDS = 4

export class UploadPace {
  #bytesPerSecond: number | null = null
  #lastBytes = 0
  #lastAt: number
  readonly #startedAt: number

  /** Times are in milliseconds, from any one clock that never goes back. */
  constructor(now: number) {
    this.#startedAt = now
    this.#lastAt = now
  }

  record(bytes: number, now: number): void {
    const seconds = (now - this.#lastAt) / 1000
    if (seconds < 0.1) return
    const measured = Math.max(0, bytes - this.#lastBytes) / seconds
    const weight = 1 - Math.exp(-seconds / MEMORY_SECONDS)
    this.#bytesPerSecond =
      this.#bytesPerSecond === null ? measured : this.#bytesPerSecond + weight * (measured - this.#bytesPerSecond)
    this.#lastBytes = bytes
    this.#lastAt = now
  }

  /** Seconds until `total` bytes are sent, or null while that would be a guess. */
  secondsLeft(total: number, now: number): number | null {
    if (!this.#bytesPerSecond || now - this.#startedAt < SETTLE_SECONDS * 1000) return null
    return Math.max(0, (total - this.#lastBytes) / this.#bytesPerSecond)
  }
}
