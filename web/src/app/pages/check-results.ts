/** `<headway-check-results>`: the check that was begun, or the last one, with its report; and earlier ones to be seen again. */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'

import type { Dataset, Job } from '../../client/types.ts'
import { isEnded } from '../../elements/job-words.ts'
import { formatAgo, formatMoment } from '../../elements/sizes.ts'
import { sayJob } from '../../elements/upload-words.ts'
import './check-report.ts'
import { followJobs } from './following-jobs.ts'
import { jobsStore } from './jobs-seam.ts'
import type { Kept } from './kept-choice.ts'
import { getReport, listChecks, type Report } from './rule-api.ts'
import { sayError } from './say-error.ts'
import { sidesStyles } from './sides-styles.ts'

class CheckResults extends LitElement {
  static override styles = sidesStyles
  static override properties = {
    shown: { attribute: false },
    begun: { attribute: false },
    checks: { state: true },
    job: { state: true },
    report: { state: true },
    problem: { state: true },
  }
  declare shown: Dataset | null
  /** The check that was begun last. */
  declare begun: Job | null
  /** Checks that have ended, the newest first; nothing while they are asked for. */
  declare checks: readonly Job[] | null
  /** The check that is shown. */
  declare job: Job | null
  declare report: Report | null
  declare problem: string

  constructor() {
    super()
    followJobs(this, () => this.#follow())
    this.shown = null
    this.begun = null
    this.checks = null
    this.job = null
    this.report = null
    this.problem = ''
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('begun') && this.begun) {
      this.job = this.begun
      this.report = null
      this.problem = ''
      this.#follow()
    }
    if (changed.has('shown') && changed.get('shown')?.id !== this.shown?.id) void this.#try(() => this.#load())
  }

  async #try(act: () => Promise<void>): Promise<void> {
    try {
      await act()
      this.problem = ''
    } catch (error) {
      this.problem = sayError(error)
    }
  }

  async #load(): Promise<void> {
    if (!this.shown) return
    this.checks = await listChecks(this.shown.id)
    const [last] = this.checks
    if (last && !this.job) await this.#show(last)
  }

  async #show(job: Job): Promise<void> {
    if (!this.shown) return
    this.job = job
    this.report = null
    const report = await getReport(this.shown.id, job.id)
    // Another one may have been chosen meanwhile.
    if (this.job.id === job.id) this.report = report
  }

  #follow(): void {
    const job = jobsStore.jobs.find(({ id }) => id === this.job?.id)
    if (!job || !this.job || isEnded(this.job) || job.version <= this.job.version) return
    this.job = job
    if (job.status === 'completed') void this.#try(() => this.#finish(job))
  }

  async #finish(job: Job): Promise<void> {
    await this.#show(job)
    await this.updateComplete
    this.renderRoot.querySelector('h2')?.focus()
    await this.#load()
  }

  // ------------------------------------------------------------------ rendering

  override render(): TemplateResult {
    return html`<div class="stack">
      <h2 tabindex="-1">What was found</h2>
      ${this.problem ? html`<p class="error" role="alert">${this.problem} ${this.job ? nothing : html`<button @click=${() => this.#try(() => this.#load())}>Retry</button>`}</p>` : nothing}
      ${this.#renderJob()}
      <headway-check-report .report=${this.report} .job=${this.job?.id ?? ''} .version=${this.shown?.version ?? 0}></headway-check-report>
      ${this.#renderChecks()}
    </div>`
  }

  #renderJob(): TemplateResult | typeof nothing {
    const { job } = this
    if (!job) return this.checks?.length === 0 ? html`<p class="muted">Nothing was checked yet.</p>` : nothing
    if (job.status === 'completed') return nothing
    const said = sayJob(job)
    return html`<p class="mark ${isEnded(job) ? 'blocks' : 'calm'}"><span><strong>${said.state}</strong> ${said.sentence}</span></p>`
  }

  #renderChecks(): TemplateResult | typeof nothing {
    const others = this.checks?.filter(({ id }) => id !== this.job?.id) ?? []
    if (!others.length) return nothing
    return html`<h2>Earlier checks</h2>
      <ol aria-label="Earlier checks">${others.map((job) => html`<li class="bar">
        <button class="link" @click=${() => this.#try(() => this.#show(job))}>${saySet(job)}</button>
        <span class="muted"><time datetime=${job.created_at} title=${formatMoment(job.created_at)}>${formatAgo(job.created_at)}</time> · ${job.message}</span>
      </li>`)}</ol>`
  }
}

/** "orders, version 2" */
function saySet(job: Job): string {
  const set = job.result?.['rule_set'] as Kept | undefined
  return set ? `${set.name}, version ${set.version}` : job.title
}

customElements.define('headway-check-results', CheckResults)
