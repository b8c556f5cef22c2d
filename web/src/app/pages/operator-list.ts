/** A list of jobs of all owners: the newest ones as the overview tells them, and on wish all of them by pages. */

import { html, LitElement, nothing, type TemplateResult } from 'lit'

import { type JobsOf, listJobsOf } from '../../client/operator-api.ts'
import type { OperatorJob, SomeJobs } from '../../client/operator-types.ts'
import { controlStyles } from '../../elements/control-styles.ts'
import { formatTime } from '../../elements/sizes.ts'
import type { Steer } from './operator-jobs.ts'
import './operator-jobs.ts'
import { operatorStyles } from './operator-styles.ts'
import { sayError } from './say-error.ts'

/** Says `steer` as its table does. Without `some` it is loaded at once, and stands still until it is looked at again. */
export class OperatorList extends LitElement {
  static override styles = [controlStyles, operatorStyles]
  static override properties = {
    which: { attribute: false },
    some: { attribute: false },
    label: { attribute: false },
    since: { attribute: false },
    none: { attribute: false },
    busy: { attribute: false },
    loaded: { state: true },
    problem: { state: true },
    asking: { state: true },
  }
  declare which: JobsOf
  declare some: SomeJobs | null
  declare label: string
  declare since: string
  /** What is said where there is none. */
  declare none: string
  declare busy: ReadonlySet<string>
  declare loaded: readonly OperatorJob[] | null
  declare problem: string
  declare asking: boolean

  #cursor: string | null = null
  #at = 0

  constructor() {
    super()
    this.which = 'failed'
    this.some = null
    this.label = ''
    this.since = 'Since'
    this.none = 'None.'
    this.busy = new Set()
    this.loaded = null
    this.problem = ''
    this.asking = false
  }

  override firstUpdated(): void {
    if (!this.some) void this.#load()
  }

  /** Show what has come of a job. */
  replace(job: OperatorJob): void {
    this.loaded = this.loaded?.map((each) => (each.id === job.id ? job : each)) ?? null
  }

  async #load(more = false): Promise<void> {
    this.asking = true
    this.problem = ''
    try {
      const page = await listJobsOf(this.which, more ? this.#cursor : null)
      this.#cursor = page.next_cursor
      this.loaded = more ? joined(this.loaded ?? [], page.items) : page.items
      if (!more) this.#at = Date.now()
    } catch (error) {
      this.problem = sayError(error)
    }
    this.asking = false
  }

  #fold(): void {
    this.loaded = null
    this.#cursor = null
  }

  get #jobs(): readonly OperatorJob[] | null {
    if (!this.loaded) return this.some?.items ?? null
    const newer = new Map(this.some?.items.map((job) => [job.id, job]))
    return this.loaded.map((job) => newer.get(job.id) ?? job)
  }

  override render(): TemplateResult {
    return html`${this.problem ? this.#renderProblem() : nothing} ${this.#renderJobs()} ${this.#renderBelow()}`
  }

  #renderJobs(): TemplateResult | typeof nothing {
    const jobs = this.#jobs
    if (!jobs) return this.problem ? nothing : html`<p class="none">Loading…</p>`
    if (!jobs.length) return html`<p class="none">${this.none}</p>`
    return html`<headway-operator-jobs
      .jobs=${jobs}
      .label=${this.label}
      .since=${this.since}
      .busy=${this.busy}
      @steer=${({ detail }: CustomEvent<Steer>) => this.dispatchEvent(new CustomEvent('steer', { detail }))}
    ></headway-operator-jobs>`
  }

  #renderProblem(): TemplateResult {
    const more = this.#cursor !== null
    return html`<div class="error" role="alert"><p>${this.problem}</p><button @click=${() => this.#load(more)}>Retry</button></div>`
  }

  #renderBelow(): TemplateResult | typeof nothing {
    if (this.loaded) {
      return html`<p class="more">
        ${this.#cursor ? html`<button @click=${() => this.#load(true)}>Load more</button>` : nothing}
        <button @click=${() => this.#load()}>Look again</button>
        ${this.some ? html`<button @click=${this.#fold}>Only the newest</button>` : nothing}
        <span class="muted">As of ${formatTime(this.#at)}</span>
      </p>`
    }
    return this.some?.more ? html`<p class="more"><button @click=${() => this.#load()}>Show all</button></p>` : nothing
  }
}

/** Pages that were told at different times may name a job twice. */
function joined(before: readonly OperatorJob[], more: readonly OperatorJob[]): OperatorJob[] {
  const known = new Set(before.map(({ id }) => id))
  return [...before, ...more.filter(({ id }) => !known.has(id))]
}

customElements.define('headway-operator-list', OperatorList)

declare global {
  interface HTMLElementTagNameMap {
    'headway-operator-list': OperatorList
  }
}
