/** Tells all tabs of a browser what one source brings: in the tab that leads, or in a worker that all of them share. */

import { JobsSource, type News } from './jobs-source.ts'
import { apply } from './jobs-state.ts'
import type { Job } from './types.ts'

/** What a tab says to the hub: that it has come, that it is worth to look now, that somebody may have signed out. */
export type Request = 'hello' | 'wake' | 'bye'

export class JobsHub {
  readonly #channel: BroadcastChannel
  readonly #source = new JobsSource((news) => this.#tell(news))
  #jobs: readonly Job[] | null = null

  constructor(name: string) {
    this.#channel = new BroadcastChannel(name)
    this.#channel.onmessage = ({ data }: MessageEvent<News | Request>) => this.#hear(data)
    this.#source.start()
    // Nothing is known to be current while the first stream is being opened.
    this.#channel.postMessage({ live: false } satisfies News)
  }

  close(): void {
    this.#source.stop()
    this.#channel.close()
  }

  #hear(said: News | Request): void {
    if (said === 'wake') this.#source.wake()
    else if (said === 'bye') void this.#source.refresh()
    else if (said === 'hello') {
      // After somebody signed out, the next who comes may have signed in.
      this.#source.start()
      this.#channel.postMessage({ live: this.#source.live } satisfies News)
      if (this.#jobs) this.#channel.postMessage({ event: { kind: 'snapshot', jobs: [...this.#jobs] } } satisfies News)
    }
  }

  #tell(news: News): void {
    if ('event' in news) this.#jobs = apply(this.#jobs ?? [], news.event)
    if ('signedOut' in news) this.#jobs = null
    this.#channel.postMessage(news)
  }
}
