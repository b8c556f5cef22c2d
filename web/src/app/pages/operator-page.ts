/** `/operator`: what happens to everybody's jobs, and what whoever runs Headway does about it. For administrators. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import { ApiError } from '../../client/api.ts'
import { getOverview, getThroughput, pauseQueue, resumeQueue, steer } from '../../client/operator-api.ts'
import type { Overview, Throughput, ThroughputWindow } from '../../client/operator-types.ts'
import { toneStyles } from '../../elements/tone-styles.ts'
import './operator-audit.ts'
import './operator-chart.ts'
import './operator-dialogs.ts'
import { jobName, type Steer } from './operator-jobs.ts'
import './operator-list.ts'
import type { QueueDeed } from './operator-queues.ts'
import './operator-queues.ts'
import { inPlace, sameRows, withJob } from './operator-rows.ts'
import './operator-storage.ts'
import { headline, queueName } from './operator-words.ts'
import './operator-workers.ts'
import { pageStyles } from './page-styles.ts'
import { Pulse } from './pulse.ts'
import { sayError } from './say-error.ts'

class OperatorPage extends LitElement {
  static override styles = [
    pageStyles,
    toneStyles,
    css`
      .section {
        margin-block-end: 2.25rem;
      }
      h2 {
        margin-block-end: 0.5rem;
      }
      h2:focus {
        outline: none;
      }
      .headline {
        margin-block-end: 1.75rem;
        font-size: 1.05rem;
        font-variant-numeric: tabular-nums;
        overflow-wrap: anywhere;
      }
      .headline.warn,
      .headline.bad {
        font-weight: 550;
      }
      .at {
        color: var(--muted);
        font-variant-numeric: tabular-nums;
      }
      /* At the end of the page and above its edge, so that nothing moves when a notice comes. */
      .notices {
        position: sticky;
        z-index: 3;
        inset-block-end: 0.75rem;
        display: grid;
        gap: 0.5rem;
        justify-items: center;
        pointer-events: none;
      }
      .notices > * {
        margin: 0;
        background: var(--bg);
        box-shadow: var(--shadow);
        pointer-events: auto;
      }
      .stale {
        padding: 0.5rem 0.75rem;
        border: 1px solid var(--warn);
        border-radius: 8px;
      }
      .waiting {
        display: grid;
        gap: 1.5rem;
        padding-block: 1.5rem;
      }
    `,
  ]
  static override properties = {
    overview: { state: true },
    pending: { state: true },
    chart: { state: true },
    failure: { state: true },
    refusal: { state: true },
    forbidden: { state: true },
    look: { state: true },
    busy: { state: true },
    said: { state: true },
  }
  /** null until the first answer. */
  declare overview: Overview | null
  /** The newest answer, while its other rows wait to be shown. */
  declare pending: Overview | null
  declare chart: { window: ThroughputWindow; throughput: Throughput }
  /** Why what is shown is not the newest. */
  declare failure: string
  /** Why the last deed was not done. */
  declare refusal: string
  declare forbidden: boolean
  /** The queue of which the waiting jobs are shown. */
  declare look: string
  /** Jobs and queues to which something is being done. */
  declare busy: ReadonlySet<string>
  /** What the one status region says. */
  declare said: string

  #window: ThroughputWindow = '24h'
  readonly #pulse = new Pulse({
    ask: (signal) => this.#ask(signal),
    failed: (error) => this.#onFailure(error),
  })
  /** Asked once whatever ended the use of a list has had its effect. */
  readonly #onRest = (): void => void requestAnimationFrame(() => this.#showPending())
  readonly #onOffline = (): void => void (this.failure = 'You are offline.')

  constructor() {
    super()
    this.overview = null
    this.pending = null
    this.chart = { window: '24h', throughput: { minutes: 10, spans: [] } }
    this.failure = ''
    this.refusal = ''
    this.forbidden = false
    this.look = ''
    this.busy = new Set()
    this.said = ''
  }

  override connectedCallback(): void {
    super.connectedCallback()
    window.addEventListener('offline', this.#onOffline)
    this.#pulse.start()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    window.removeEventListener('offline', this.#onOffline)
    this.#pulse.stop()
  }

  // ------------------------------------------------------------------ what is shown

  async #ask(signal: AbortSignal): Promise<number> {
    const window = this.#window
    const [overview, other] = await Promise.all([getOverview(signal), window === '24h' ? null : getThroughput(window, signal)])
    if (signal.aborted) return 0
    this.failure = ''
    if (window === this.#window) this.chart = { window, throughput: other ?? overview.throughput }
    this.#show(overview)
    return overview.next_poll_ms
  }

  /** Numbers change where they stand. Rows come and go only while nobody is about to use one. */
  #show(newest: Overview): void {
    const held = this.overview !== null && !sameRows(this.overview, newest) && this.#isInUse
    this.pending = held ? newest : null
    this.overview = held && this.overview ? inPlace(this.overview, newest) : newest
  }

  #showPending(): void {
    if (this.pending && !this.#isInUse) this.#show(this.pending)
  }

  #onShow(): void {
    if (this.pending) this.overview = this.pending
    this.pending = null
    this.renderRoot.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true })
  }

  get #isInUse(): boolean {
    if (this.renderRoot.querySelector('.live:hover') && matchMedia('(hover: hover)').matches) return true
    let focused = this.shadowRoot?.activeElement
    if (!focused?.closest('.live, .notices')) return false
    while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement
    return focused?.matches(':focus-visible') ?? false
  }

  #onFailure(error: unknown): void {
    this.failure = navigator.onLine ? sayError(error) : 'You are offline.'
    if (!(error instanceof ApiError && error.problem.status === 403)) return
    this.forbidden = true
    this.#pulse.stop()
  }

  async #choose({ detail: window }: CustomEvent<ThroughputWindow>): Promise<void> {
    this.#window = window
    try {
      const throughput = await getThroughput(window)
      if (window === this.#window) this.chart = { window, throughput }
    } catch (error) {
      this.refusal = sayError(error)
    }
  }

  // ------------------------------------------------------------------ deeds

  async #onQueue({ detail: { queue, deed } }: CustomEvent<QueueDeed>): Promise<void> {
    if (deed === 'look') {
      this.look = this.look === queue.name ? '' : queue.name
      return
    }
    const reason = deed === 'pause' ? await this.renderRoot.querySelector('headway-operator-dialogs')?.askPause(queue) : ''
    if (reason === null || reason === undefined) return
    await this.#doing(queue.name, queueName(queue.name), async () => {
      const now = await (deed === 'pause' ? pauseQueue(queue.name, reason) : resumeQueue(queue.name))
      if (this.overview) this.overview = { ...this.overview, queues: this.overview.queues.map((each) => (each.name === now.name ? now : each)) }
      return now.paused ? 'paused' : 'resumed'
    })
  }

  async #onSteer({ detail: { job, deed }, target }: CustomEvent<Steer>): Promise<void> {
    if (deed === 'cancel' && !(await this.renderRoot.querySelector('headway-operator-dialogs')?.askCancel(job))) return
    const done = await this.#doing(job.id, jobName(job), async () => {
      const now = await steer(job, deed)
      if (this.overview) this.overview = withJob(this.overview, now)
      for (const list of this.renderRoot.querySelectorAll('headway-operator-list')) list.replace(now)
      return deed === 'retry' ? 'tried again' : now.phase === 'cancelled' ? 'cancelled' : 'asked to stop'
    })
    // Its button is gone; without a place of its own the focus would go back to the beginning of the page.
    if (done && deed === 'cancel') (target as Element).closest('section')?.querySelector<HTMLElement>('h2')?.focus()
  }

  /** Do one thing at a time to the same job or queue, say what came of it, and look at everything again. */
  async #doing(id: string, name: string, work: () => Promise<string>): Promise<boolean> {
    if (this.busy.has(id)) return false
    this.busy = new Set([...this.busy, id])
    this.refusal = ''
    let done = false
    try {
      this.said = `${name}: ${await work()}`
      done = true
      void this.#pulse.beat()
      void this.renderRoot.querySelector('headway-operator-audit')?.lookAgain()
    } catch (error) {
      this.refusal = `${name}: ${sayError(error)}`
    }
    this.busy = new Set([...this.busy].filter((each) => each !== id))
    await this.updateComplete
    return done
  }

  // ------------------------------------------------------------------ rendering

  override render(): TemplateResult {
    if (this.forbidden) return this.#renderForbidden()
    const { overview } = this
    return html`<div class="head">
        <h1 tabindex="-1">Operator</h1>
        ${overview ? html`<p class="at">As of ${clock(overview.server_time)}</p>` : nothing}
      </div>
      ${overview ? this.#renderOverview(overview) : this.#renderFirst()}
      <headway-operator-dialogs></headway-operator-dialogs>
      ${overview ? this.#renderNotices(overview) : nothing}
      <p class="hidden" role="status">${this.said}</p>`
  }

  #renderForbidden(): TemplateResult {
    return html`<h1 tabindex="-1">Operator</h1>
      <p>Only administrators see this page. Ask one of yours if you need it, or go to <a href="/jobs">your own jobs</a>.</p>`
  }

  #renderFirst(): TemplateResult {
    if (this.failure) {
      return html`<div class="error" role="alert"><p>${this.failure}</p><button @click=${() => this.#pulse.beat()}>Retry</button></div>`
    }
    return html`<div class="waiting" role="status" aria-label="Loading">${Array.from({ length: 6 }, () => html`<div class="skeleton"></div>`)}</div>`
  }

  #renderOverview(overview: Overview): TemplateResult {
    const { tone, text } = headline(overview)
    return html`<p class="headline ${tone}">${text}</p>
      ${this.#renderLive(
        'Workers',
        html`<headway-operator-workers .workers=${overview.workers} .lost=${overview.lost_workers}></headway-operator-workers>`,
      )}
      ${this.#renderLive('Queues', this.#renderQueues(overview))}
      ${this.#renderTrouble('No sign of life', 'stalled', overview, 'Silent since', 'Every running job has been heard of.')}
      ${this.#renderTrouble('Failed jobs', 'failed', overview, 'Failed', 'None that is still kept.')}
      <section class="section" aria-labelledby="ended">
        <h2 id="ended">Ended jobs</h2>
        <headway-operator-chart
          .throughput=${this.chart.throughput}
          .window=${this.chart.window}
          @window=${this.#choose}
        ></headway-operator-chart>
      </section>
      <section class="section" aria-labelledby="room">
        <h2 id="room">Storage, retention, versions</h2>
        <headway-operator-storage .overview=${overview}></headway-operator-storage>
      </section>
      <section class="section" aria-labelledby="audit">
        <h2 id="audit">Audit</h2>
        <headway-operator-audit></headway-operator-audit>
      </section>`
  }

  /** A section whose rows stand still while somebody points at it. */
  #renderLive(name: string, content: TemplateResult): TemplateResult {
    const id = name.toLowerCase().replaceAll(' ', '-')
    return html`<section class="section live" aria-labelledby=${id} @pointerleave=${this.#onRest} @focusout=${this.#onRest}>
      <h2 id=${id} tabindex="-1">${name}</h2>
      ${content}
    </section>`
  }

  #renderQueues({ queues, server_time: now }: Overview): TemplateResult {
    const { look } = this
    return html`<headway-operator-queues .queues=${queues} .now=${now} .open=${look} .busy=${this.busy} @queue=${this.#onQueue}></headway-operator-queues>
      ${
        look
          ? html`<headway-operator-list
              .which=${{ queue: look }}
              .label=${`What waits in ${queueName(look)}, the longest wait first`}
              .none=${'Nothing waits in it.'}
              .since=${'Waits since'}
              .busy=${this.busy}
              @steer=${this.#onSteer}
            ></headway-operator-list>`
          : nothing
      }`
  }

  #renderTrouble(name: string, which: 'stalled' | 'failed', overview: Overview, since: string, none: string): TemplateResult {
    return this.#renderLive(
      name,
      html`<headway-operator-list
        .which=${which}
        .some=${overview[which]}
        .label=${name}
        .since=${since}
        .none=${none}
        .busy=${this.busy}
        @steer=${this.#onSteer}
      ></headway-operator-list>`,
    )
  }

  #renderNotices(overview: Overview): TemplateResult {
    return html`<div class="notices">
      ${
        this.failure
          ? html`<p class="stale" role="alert">
              ${this.failure} What you see is as of ${clock(overview.server_time)}. <button @click=${() => this.#pulse.beat()}>Try now</button>
            </p>`
          : nothing
      }
      ${
        this.refusal
          ? html`<div class="error" role="alert"><p>${this.refusal}</p><button @click=${() => (this.refusal = '')}>Close</button></div>`
          : nothing
      }
      ${this.pending ? html`<button class="fresh" @click=${this.#onShow}>Show what has changed</button>` : nothing}
    </div>`
  }
}

/** The time of day to the second: whoever waits for news sees that they are new. */
function clock(at: string): string {
  return new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' }).format(new Date(at))
}

customElements.define('headway-operator-page', OperatorPage)
