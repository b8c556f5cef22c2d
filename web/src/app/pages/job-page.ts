/** `/jobs/:id`: one job, live: what it does, how it got there, how it ended. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import { ApiError, request } from '../../client/api.ts'
import type { Job, JobEvent, Problem } from '../../client/types.ts'
import { amount, duration, icon, isEnded, phaseWord, sentence, stages, tone } from '../../elements/job-words.ts'
import { progressStyles } from '../../elements/progress-styles.ts'
import { formatMoment } from '../../elements/sizes.ts'
import { cancelJob, jobsStore, retryJob } from './jobs-seam.ts'
import { pageStyles } from './page-styles.ts'
import { sayError } from './say-error.ts'

const EVENTS: Record<string, string> = {
  created: 'Created',
  accepted: 'File stored, job accepted',
  started: 'Work began',
  handed_back: 'Handed back to the queue',
  stalled: 'No sign of life',
  worker_lost: 'Its worker was lost; waiting for another one',
  crashed: 'Reading it broke off',
  redelivered: 'Put into the queue once more',
  retried: 'Tried again',
  restored: 'Restored from a backup',
  cancel_requested: 'Cancelling was asked for',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled',
}
const ACCEPTED = 40
const STAGE_WORDS: Record<string, string> = { parse: 'Parsing', store: 'Storing rows', publish: 'Creating the dataset' }

class JobPage extends LitElement {
  static override styles = [
    pageStyles,
    progressStyles,
    css`
      :host {
        max-inline-size: 60rem;
      }
      .state {
        margin-block-end: 1rem;
        font-size: 1.05rem;
        font-variant-numeric: tabular-nums;
      }
      .good {
        color: var(--ok);
      }
      .bad {
        color: var(--bad);
      }
      .warn {
        color: var(--warn);
      }
      progress {
        margin-block-end: 1.25rem;
      }
      ol.stages {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr));
        gap: 0.5rem;
        margin: 0 0 1.5rem;
        padding: 0;
        list-style: none;
      }
      .stages li {
        padding: 0.6rem 0.75rem;
        border: 1px solid var(--line);
        border-radius: 8px;
        color: var(--muted);
      }
      .stages li.done {
        color: var(--fg);
      }
      .stages li.now {
        border-color: var(--accent);
        background: var(--accent-soft);
        color: var(--fg);
      }
      .stages li.now.bad {
        border-color: var(--bad);
        background: none;
      }
      .stages small {
        display: block;
        font-variant-numeric: tabular-nums;
      }
      .problem {
        margin-block-end: 1.5rem;
        border-color: var(--bad);
      }
      .problem > * + * {
        margin-block-start: 0.4rem;
      }
      .problem code {
        color: var(--muted);
      }
      .two {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr));
        gap: 1.25rem;
        align-items: start;
      }
      dl {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 0.35rem 1rem;
        margin: 0.6rem 0 0;
      }
      dt {
        color: var(--muted);
      }
      dd {
        margin: 0;
        overflow-wrap: anywhere;
      }
      ol.events {
        margin: 0.6rem 0 0;
        padding: 0;
        list-style: none;
      }
      .events li {
        display: flex;
        justify-content: space-between;
        gap: 1rem;
        padding-block: 0.3rem;
      }
      .events li + li {
        border-block-start: 1px solid var(--line);
      }
      .events time {
        color: var(--muted);
        font-variant-numeric: tabular-nums;
      }
      details {
        margin-block-start: 1.25rem;
      }
      pre {
        overflow: auto;
        padding: 0.75rem;
        border-radius: 8px;
        background: var(--panel);
      }
    `,
  ]
  static override properties = { params: { attribute: false }, job: { state: true }, events: { state: true }, problem: { state: true } }
  declare params: Record<string, string>
  declare job: Job | null
  declare events: readonly JobEvent[]
  declare problem: string

  readonly #onJobs = (): void => this.#followLive()

  constructor() {
    super()
    this.params = {}
    this.job = null
    this.events = []
    this.problem = ''
  }

  override connectedCallback(): void {
    super.connectedCallback()
    jobsStore.addEventListener('change', this.#onJobs)
    void this.#load()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    jobsStore.removeEventListener('change', this.#onJobs)
  }

  get #path(): string {
    return `/jobs/${encodeURIComponent(this.params['id'] ?? '')}`
  }

  async #load(): Promise<void> {
    this.problem = ''
    try {
      this.job = await request<Job>('GET', this.#path)
      await this.#loadEvents()
    } catch (error) {
      const unknown = error instanceof ApiError && [404, 422].includes(error.problem.status)
      this.problem = unknown ? 'This job was deleted or never existed.' : sayError(error)
    }
  }

  async #loadEvents(): Promise<void> {
    this.events = (await request<{ items: JobEvent[] }>('GET', `${this.#path}/events`)).items
  }

  #followLive(): void {
    const newer = jobsStore.jobs.find((job) => job.id === this.params['id'])
    if (!newer || (this.job && newer.version <= this.job.version)) return
    const moved = newer.stage !== this.job?.stage || newer.phase !== this.job?.phase
    this.job = newer
    if (moved) void this.#loadEvents().catch(() => undefined)
  }

  override render(): TemplateResult {
    if (this.problem) {
      return html`<h1>Job</h1>
        <div class="error" role="alert">${this.problem}<a class="button" href="/jobs">All jobs</a></div>`
    }
    const job = this.job
    if (!job) return html`<h1>Job</h1><p class="skeleton"></p>`
    return html`<div class="head">
        <h1>${job.title || job.job_type}</h1>
        <div class="bar">${this.#actions(job)}</div>
      </div>
      <p class="state ${tone(job)}">
        <span aria-hidden="true">${icon(job)}</span> <strong>${phaseWord(job)}</strong>${sentence(job) ? html` · ${sentence(job)}` : nothing}
      </p>
      ${isEnded(job) ? nothing : html`<progress aria-label=${job.title || job.job_type} aria-valuetext="${job.progress} percent, ${phaseWord(job)}" max="100" .value=${job.progress}></progress>`}
      ${job.job_type === 'import' && job.outcome !== 'duplicate' ? this.#stages(job) : nothing}
      ${job.problem ? this.#problemBox(job.problem) : nothing}
      <div class="two">${this.#facts(job)}${this.#history()}</div>
      <details>
        <summary>Raw details</summary>
        <pre tabindex="0">${JSON.stringify(job, null, 2)}</pre>
      </details>`
  }

  #actions(job: Job): unknown {
    const open = job.related_dataset_id
      ? html`<a class="button primary" href="/datasets/${job.related_dataset_id}">Open dataset</a>`
      : nothing
    const cancel = isEnded(job) || job.cancel_requested ? nothing : html`<button @click=${() => this.#do(cancelJob, job)}>Cancel</button>`
    const again = canBeRetried(job) ? html`<button @click=${() => this.#do(retryJob, job)}>Try again</button>` : nothing
    return html`${open}${again}${cancel}`
  }

  async #do(what: (id: string) => Promise<void>, job: Job): Promise<void> {
    try {
      await what(job.id)
    } catch (error) {
      if (!(error instanceof ApiError && error.problem.status === 409)) this.problem = sayError(error)
    }
    await this.#load()
  }

  #stages(job: Job): TemplateResult {
    const bad = job.status === 'failed' || job.status === 'cancelled' ? 'bad' : ''
    return html`<ol class="stages" aria-label="Steps">
      ${stages(job).map(
        ({ percent, text, state }) => html`<li class="${state} ${state === 'now' ? bad : ''}" aria-current=${state === 'now' ? 'step' : nothing}>
          <span aria-hidden="true">${state === 'done' ? '✓' : state === 'now' ? (bad ? '✕' : '●') : '○'}</span> ${text}
          <small>${percent}%<span class="hidden">${state === 'done' ? ', done' : state === 'now' ? (bad ? ', ended here' : ', now') : ''}</span></small>
        </li>`,
      )}
    </ol>`
  }

  #problemBox(problem: Problem): TemplateResult {
    return html`<section class="card problem" aria-label="What went wrong">
      <h2>${problem.title}</h2>
      ${problem.detail === problem.title ? nothing : html`<p>${problem.detail}</p>`}
      <p><strong>What to do:</strong> ${problem.user_action}</p>
      <code>${problem.code}${problem['support_id'] ? html` · support id ${problem['support_id']}` : nothing}</code>
    </section>`
  }

  #facts(job: Job): TemplateResult {
    const rows: [string, unknown][] = [
      ['Kind', job.job_type],
      ['Created', formatMoment(job.created_at)],
      ['Work began', job.started_at ? formatMoment(job.started_at) : ''],
      ['Ended', job.completed_at ? formatMoment(job.completed_at) : ''],
      ['Took', duration(job.created_at, job.completed_at)],
      ['Attempt', job.attempt || ''],
      [job.unit === 'bytes' ? 'Received' : 'Counted', amount(job)],
    ]
    return html`<section class="card">
      <h2>Facts</h2>
      <dl>
        ${rows.filter(([, value]) => value !== '').map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}
      </dl>
    </section>`
  }

  #history(): TemplateResult {
    const first = this.events[0]
    return html`<section class="card">
      <h2>What happened</h2>
      <ol class="events">
        ${this.events.map(
          (event) => html`<li>
            <span>${words(event, this.job)}</span>
            <time datetime=${event.at} title=${formatMoment(event.at)}>${first === event ? formatMoment(event.at) : `+ ${duration(first?.at ?? null, event.at)}`}</time>
          </li>`,
        )}
      </ol>
    </section>`
  }
}

function words(event: JobEvent, job: Job | null): string {
  if (event.kind === 'created' && job?.job_type === 'import') return 'Upload began'
  if (event.kind !== 'stage') return EVENTS[event.kind] ?? event.kind
  const stage = String(event.data['stage'] ?? '')
  return STAGE_WORDS[stage] ?? stage
}

/** Only an accepted file is there to be read again. */
function canBeRetried(job: Job): boolean {
  return job.job_type === 'import' && job.progress >= ACCEPTED && (job.status === 'failed' || job.status === 'cancelled')
}

customElements.define('headway-job-page', JobPage)
