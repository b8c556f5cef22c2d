/** `/jobs/:id`: one job, live: what it does, how it got there, how it ended. */

import { html, LitElement, nothing, type TemplateResult } from 'lit'

import { ApiError } from '../../client/api.ts'
import { deleteJob, getJob, listAttempts, listEvents } from '../../client/jobs-api.ts'
import type { Job, JobAttempt, JobEvent, Problem } from '../../client/types.ts'
import { amount, duration } from '../../elements/job-figures.ts'
import '../../elements/job-cancel.ts'
import { canBeDeleted, canBeRetried } from '../../elements/job-rules.ts'
import { phaseSign, signStyles } from '../../elements/job-icons.ts'
import { sentence } from '../../elements/job-sentence.ts'
import { LINKS, resultLink, resultWord } from '../../elements/job-links.ts'
import { isEnded, kindWord, phaseWord, titleOf, tone } from '../../elements/job-words.ts'
import { progressStyles } from '../../elements/progress-styles.ts'
import { formatCount, formatMoment } from '../../elements/sizes.ts'
import { toneStyles } from '../../elements/tone-styles.ts'
import { counts } from './attempt-words.ts'
import { followJobs } from './following-jobs.ts'
import './job-delete-dialog.ts'
import './job-files.ts'
import './job-log.ts'
import './job-raw.ts'
import './job-receipt.ts'
import { steps } from './job-steps.ts'
import { jobStyles } from './job-styles.ts'
import './job-timeline.ts'
import { jobsStore, navigate, retryJob } from './jobs-seam.ts'
import { pageStyles } from './page-styles.ts'
import { sayError } from './say-error.ts'

class JobPage extends LitElement {
  static override styles = [pageStyles, progressStyles, signStyles, jobStyles, toneStyles]
  static override properties = {
    params: { attribute: false },
    job: { state: true },
    attempts: { state: true },
    droppedAt: { state: true },
    events: { state: true },
    problem: { state: true },
    refusal: { state: true },
    busy: { state: true },
    said: { state: true },
  }
  declare params: Record<string, string>
  declare job: Job | null
  declare attempts: readonly JobAttempt[]
  /** When the events were deleted that are not kept as long as the job. */
  declare droppedAt: string | null
  declare events: readonly JobEvent[]
  /** Why the job cannot be shown. */
  declare problem: string
  /** Why what was asked of it was not done. */
  declare refusal: string
  declare busy: boolean
  /** What the page's status region says. How a job ended says the one of the jobs button, on every page. */
  declare said: string

  #asked = new AbortController()
  #wasLive = false
  #isLeaving = false
  readonly #onSaid = ({ detail }: CustomEvent<string>): void => void (this.said = detail)

  constructor() {
    super()
    followJobs(this, () => this.#followLive())
    this.params = {}
    this.job = null
    this.attempts = []
    this.droppedAt = null
    this.events = []
    this.problem = ''
    this.refusal = ''
    this.busy = false
    this.said = ''
  }

  override connectedCallback(): void {
    super.connectedCallback()
    void this.#load()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#asked.abort()
  }

  get #id(): string {
    return this.params['id'] ?? ''
  }

  /** Ask for all of it; what an answer brings too late, after a newer question, is dropped. */
  async #load(): Promise<void> {
    this.#asked.abort()
    const { signal } = (this.#asked = new AbortController())
    try {
      const job = await getJob(this.#id, signal)
      if (!this.job || job.version >= this.job.version) this.job = job
      const [attempts, events] = await Promise.all([listAttempts(this.#id, signal), listEvents(this.#id, signal)])
      if (signal.aborted) return
      this.attempts = attempts.items
      this.droppedAt = attempts.events_dropped_at
      this.events = events
      this.problem = ''
    } catch (error) {
      if (signal.aborted) return
      const unknown = error instanceof ApiError && [404, 422].includes(error.problem.status)
      if (unknown) this.job = null
      this.problem = unknown ? 'This job was deleted or never existed.' : sayError(error)
    }
  }

  #followLive(): void {
    // It would ask for what is being deleted.
    if (this.#isLeaving) return
    const newer = jobsStore.jobs.find((job) => job.id === this.#id)
    // Out of the live list it is old, dismissed, or deleted in another window.
    if (!newer && this.#wasLive) void this.#load()
    this.#wasLive = Boolean(newer)
    if (!newer || (this.job && newer.version <= this.job.version)) return
    const before = this.job
    this.job = newer
    if (newer.stage !== before?.stage || newer.phase !== before?.phase || newer.attempt !== before?.attempt) void this.#load()
  }

  // ------------------------------------------------------------------ what can be done

  async #do(what: (id: string) => Promise<void>): Promise<void> {
    this.busy = true
    this.refusal = ''
    try {
      await what(this.#id)
    } catch (error) {
      this.refusal = sayError(error)
    }
    this.busy = false
    await this.#load()
  }

  async #delete(job: Job): Promise<void> {
    if (!(await this.renderRoot.querySelector('headway-job-delete-dialog')?.ask([job]))) return
    this.busy = this.#isLeaving = true
    this.refusal = ''
    try {
      await deleteJob(job.id)
      await jobsStore.refresh()
      navigate('/jobs', { replace: true })
    } catch (error) {
      this.refusal = sayError(error)
      this.#isLeaving = false
    }
    this.busy = false
  }

  // ------------------------------------------------------------------ rendering

  override render(): TemplateResult {
    const { job } = this
    return html`<div class="head">
        <h1 tabindex="-1">${job ? titleOf(job) : 'Job'}</h1>
        ${job ? html`<div class="bar">${this.#renderActions(job)}</div>` : nothing}
      </div>
      ${this.problem ? this.#renderFailure() : nothing}
      ${this.refusal ? html`<div class="error" role="alert">${this.refusal}</div>` : nothing}
      ${job ? this.#renderJob(job) : this.problem ? nothing : html`<p class="skeleton"></p>`}
      <headway-job-delete-dialog></headway-job-delete-dialog>
      <p class="hidden" role="status">${this.said}</p>`
  }

  #renderFailure(): TemplateResult {
    return html`<div class="error" role="alert">
      <p>${this.problem}</p>
      <div class="bar"><button @click=${this.#load}>Retry</button><a class="button" href="/jobs">All jobs</a></div>
    </div>`
  }

  #renderActions(job: Job): unknown {
    const { busy } = this
    return html`${
      job.related_dataset_id ? html`<a class="button primary" href=${resultLink(LINKS, job)}>${resultWord(LINKS, job)}</a>` : nothing
    }
    ${canBeRetried(job) ? html`<button ?disabled=${busy} @click=${() => this.#do(retryJob)}>Try again</button>` : nothing}
    <headway-job-cancel .job=${job}></headway-job-cancel>
    ${canBeDeleted(job) ? html`<button ?disabled=${busy} @click=${() => this.#delete(job)}>Delete…</button>` : nothing}`
  }

  #renderJob(job: Job): TemplateResult {
    const isImport = job.job_type === 'import' && job.status !== 'completed'
    const said = sentence(job)
    // A problem says in full below what the sentence would say here.
    return html`<p class="state">
        <span class=${tone(job)}>${phaseSign(job)} <strong>${phaseWord(job)}</strong></span>${said && !job.problem ? html` · ${said}` : nothing}
      </p>
      ${isEnded(job) ? nothing : html`<progress aria-label=${titleOf(job)} aria-valuetext="${job.progress} percent, ${phaseWord(job)}" max="100" .value=${job.progress}></progress>`}
      ${isImport ? this.#renderSteps(job) : nothing} ${job.problem ? this.#renderProblem(job.problem) : nothing}
      ${this.#renderCounts(job)}
      <headway-job-files .job=${job} @left=${this.#load}></headway-job-files>
      <div class="two">
        <section class="card">
          <h2>What happened</h2>
          ${this.droppedAt ? html`<p class="muted">What happened before ${formatMoment(this.droppedAt)} is no longer kept.</p>` : nothing}
          <headway-job-timeline .job=${job} .attempts=${this.attempts} .events=${this.events}></headway-job-timeline>
        </section>
        ${this.#renderFacts(job)}
      </div>
      <headway-job-log .job=${job} @said=${this.#onSaid}></headway-job-log>
      <headway-job-raw .job=${job} .attempts=${this.attempts} .events=${this.events} @said=${this.#onSaid}></headway-job-raw>`
  }

  #renderSteps(job: Job): TemplateResult {
    const bad = isEnded(job) ? 'bad' : ''
    return html`<ol class="stages" aria-label="Steps">
      ${steps(job).map(
        ({ percent, text, state }) => html`<li class="${state} ${state === 'now' ? bad : ''}" aria-current=${state === 'now' ? 'step' : nothing}>
          <span aria-hidden="true">${state === 'done' ? '✓' : state === 'now' ? (bad ? '✕' : '●') : '○'}</span> ${text}
          <small>${percent}%<span class="hidden">${state === 'done' ? ', done' : state === 'now' ? (bad ? ', ended here' : ', now') : ''}</span></small>
        </li>`,
      )}
    </ol>`
  }

  #renderProblem(problem: Problem): TemplateResult {
    return html`<section class="card problem" aria-label="What went wrong">
      <h2>${problem.title}</h2>
      ${problem.detail === problem.title ? nothing : html`<p>${problem.detail}</p>`}
      <p><strong>What to do:</strong> ${problem.user_action}</p>
      <code>${problem.code}${problem['support_id'] ? html` · support id ${problem['support_id']}` : nothing}</code>
    </section>`
  }

  #renderCounts(job: Job): TemplateResult | typeof nothing {
    const found = counts(job)
    if (!found.length) return nothing
    return html`<dl class="counts">
      ${found.map(({ text, count, tone }) => html`<div><dt>${text}</dt><dd class=${tone}>${formatCount(count)}</dd></div>`)}
    </dl>`
  }

  #renderFacts(job: Job): TemplateResult {
    const rows: [string, unknown][] = [
      ['Type', kindWord(job.job_type)],
      ['Created', formatMoment(job.created_at)],
      ['Ended', job.completed_at ? formatMoment(job.completed_at) : ''],
      ['Took', duration(job.created_at, job.completed_at)],
      [job.unit === 'bytes' ? 'Received' : 'Counted', counts(job).length ? '' : amount(job)],
      ['Attempts', job.attempt > 1 ? formatCount(job.attempt) : ''],
      ['Datasets', this.#renderDatasets(job)],
    ]
    return html`<section class="card facts">
      <h2>Facts</h2>
      <dl>${rows.filter(([, value]) => value !== '').map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
      <headway-job-receipt .job=${job}></headway-job-receipt>
    </section>`
  }

  /** Links to all datasets of a job that made several; one alone has its button at the top. */
  #renderDatasets(job: Job): unknown {
    const ids = job.result?.['datasets']
    if (!Array.isArray(ids) || ids.length < 2) return ''
    return ids.map((id, index) => html`<a href="/datasets/${String(id)}" aria-label="Dataset ${index + 1}">${index + 1}</a> `)
  }
}

customElements.define('headway-job-page', JobPage)
