/**
 * `<headway-recipe-run>`: has steps run on all rows, into a new version or a new dataset, and says what came of it.
 * Dispatches `begun` with what was wished once a job has them.
 */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'

import type { Dataset, Job } from '../../client/types.ts'
import { isEnded } from '../../elements/job-words.ts'
import { sayJob } from '../../elements/upload-words.ts'
import './change-view.ts'
import { radioField } from './form-fields.ts'
import { followJobs } from './following-jobs.ts'
import { jobsStore } from './jobs-seam.ts'
import { type Recipe, runSteps, type RunWish, type Step } from './recipe-api.ts'
import { sidesStyles } from './sides-styles.ts'
import { sayError } from './say-error.ts'

class RecipeRun extends LitElement {
  static override styles = sidesStyles
  static override properties = {
    shown: { attribute: false },
    steps: { attribute: false },
    kept: { attribute: false },
    blocked: {},
    into: { state: true },
    job: { state: true },
    isProposed: { state: true },
    problem: { state: true },
    isBusy: { state: true },
  }
  declare shown: Dataset | null
  declare steps: readonly Step[]
  declare kept: Recipe | null
  /** Why the steps cannot be run yet. */
  declare blocked: string
  declare into: RunWish['into']
  /** The job that was begun here. */
  declare job: Job | null
  /** Whether it only shows what would change. */
  declare isProposed: boolean
  declare problem: string
  declare isBusy: boolean

  constructor() {
    super()
    followJobs(this, () => this.#follow())
    this.shown = null
    this.steps = []
    this.kept = null
    this.blocked = ''
    this.into = 'version'
    this.job = null
    this.isProposed = false
    this.problem = ''
    this.isBusy = false
  }

  override willUpdate(changed: PropertyValues<this>): void {
    // What was said is about other steps.
    if (changed.has('steps') && this.steps.length && this.job && isEnded(this.job)) this.job = null
  }

  #follow(): void {
    const job = jobsStore.jobs.find(({ id }) => id === this.job?.id)
    if (!job || job.version <= (this.job?.version ?? 0)) return
    const hasEnded = isEnded(job) && this.job !== null && !isEnded(this.job)
    this.job = job
    // The button that was pressed may go with the steps.
    if (hasEnded && !this.isProposed) void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>('#ended')?.focus())
  }

  async #run(event: Event, apply: boolean): Promise<void> {
    event.preventDefault()
    const { shown, into } = this
    if (!shown || this.#waits) return
    const name = this.renderRoot.querySelector<HTMLInputElement>('#name')?.value.trim() ?? ''
    const wish: RunWish = into === 'dataset' ? { into, ...(name ? { name } : {}) } : { into, apply }
    this.isBusy = true
    try {
      this.job = await runSteps(shown.id, this.steps, this.kept, wish)
      this.isProposed = !apply
      this.problem = ''
      this.#follow()
      this.dispatchEvent(new CustomEvent<RunWish>('begun', { detail: wish }))
    } catch (error) {
      this.problem = sayError(error)
    }
    this.isBusy = false
  }

  get #waits(): boolean {
    return this.isBusy || this.blocked !== '' || (this.job !== null && !isEnded(this.job))
  }

  override render(): TemplateResult {
    return html`<div class="stack">
      ${this.steps.length ? this.#renderForm() : nothing}
      ${this.job ? (this.isProposed ? this.#renderProposed(this.job) : this.#renderJob(this.job)) : nothing}
    </div>`
  }

  #renderForm(): TemplateResult {
    const waits = this.#waits ? 'true' : nothing
    return html`<form @submit=${(event: SubmitEvent) => this.#run(event, true)}><fieldset>
      <legend>Run on all rows</legend>
      ${radioField('into', 'As a new version, with a way back', this.into === 'version', () => (this.into = 'version'))}
      ${radioField('into', 'As a new dataset', this.into === 'dataset', () => (this.into = 'dataset'))}
      ${this.into === 'dataset' ? this.#renderName() : nothing}
      ${this.blocked ? html`<p class="problem" id="why">${this.blocked}</p>` : nothing}
      ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
      <div class="bar">
        <button class="primary" aria-disabled=${waits} aria-describedby=${this.blocked ? 'why' : nothing}>Run</button>
        ${this.into === 'version' ? html`<button type="button" aria-disabled=${waits} @click=${(event: Event) => this.#run(event, false)}>Show what would change</button>` : nothing}
      </div>
    </fieldset></form>`
  }

  #renderName(): TemplateResult {
    const usual = `${this.shown?.name ?? ''} (${this.kept?.name ?? 'Steps'})`
    return html`<label class="wide">Its name <input id="name" class="wide" maxlength="200" autocomplete="off" placeholder=${usual} /></label>`
  }

  #renderProposed(job: Job): TemplateResult {
    return html`<headway-change .table=${this.shown?.id ?? ''} .job=${job.id}></headway-change>`
  }

  #renderJob(job: Job): TemplateResult {
    const said = sayJob(job)
    const isDone = job.status === 'completed'
    const isNew = !job.result?.['change']
    return html`<div id="ended" tabindex="-1" class="mark ${isDone || !isEnded(job) ? 'calm' : 'blocks'}">
      <p><strong>${said.state}</strong> ${isDone ? (job.message ?? '') : said.sentence}</p>
      ${isDone && isNew ? html`<p><a href="/datasets/${job.related_dataset_id}">Open the new dataset</a></p>` : nothing}
      ${isDone && !isNew ? html`<p class="muted">The version before is kept, and <b>History</b> goes back to it.</p>` : nothing}
    </div>`
  }
}

customElements.define('headway-recipe-run', RecipeRun)
