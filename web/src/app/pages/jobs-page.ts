/** `/jobs`: everything that was ever asked for, newest first, with the running ones live. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'

import { request } from '../../client/api.ts'
import type { Job, Page } from '../../client/types.ts'
import { duration, icon, isEnded, phaseWord, sentence, tone } from '../../elements/job-words.ts'
import { formatAgo, formatMoment } from '../../elements/sizes.ts'
import { jobsStore, navigate } from './jobs-seam.ts'
import { pageStyles } from './page-styles.ts'
import { sayError } from './say-error.ts'

const FILTERS = [
  ['', 'All'],
  ['running', 'Running'],
  ['completed', 'Done'],
  ['failed', 'Failed'],
  ['cancelled', 'Cancelled'],
] as const

class JobsPage extends LitElement {
  static override styles = [
    pageStyles,
    css`
      .filters {
        display: flex;
        flex-wrap: wrap;
        gap: 0.3rem;
      }
      .filters a {
        padding: 0.3rem 0.75rem;
        border: 1px solid var(--line);
        border-radius: 99px;
        color: inherit;
        text-decoration: none;
      }
      .filters a[aria-current] {
        border-color: var(--accent);
        background: var(--accent-soft);
        color: var(--accent);
      }
      table {
        inline-size: 100%;
        border-collapse: collapse;
      }
      th {
        padding: 0.4rem 0.75rem;
        border-block-end: 1px solid var(--line);
        color: var(--muted);
        font-weight: 550;
        text-align: start;
      }
      td {
        padding: 0.65rem 0.75rem;
        border-block-end: 1px solid var(--line);
        vertical-align: top;
      }
      td.name {
        overflow-wrap: anywhere;
      }
      td small {
        display: block;
        color: var(--muted);
        font-size: 0.93em;
        font-variant-numeric: tabular-nums;
      }
      td.name a {
        color: inherit;
        font-weight: 550;
        text-decoration: none;
      }
      td.name a:hover {
        text-decoration: underline;
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
      .more {
        margin-block-start: 1rem;
      }
      .time {
        white-space: nowrap;
      }
      @media (max-width: 44rem) {
        thead {
          display: none;
        }
        tr {
          display: block;
          padding-block: 0.5rem;
          border-block-end: 1px solid var(--line);
        }
        td {
          display: block;
          padding: 0.15rem 0;
          border: 0;
        }
      }
    `,
  ]
  static override properties = { items: { state: true }, cursor: { state: true }, problem: { state: true }, filter: { state: true } }
  declare items: readonly Job[] | null
  declare cursor: string | null
  declare problem: string
  declare filter: string

  #asked = new AbortController()
  readonly #onJobs = (): void => this.#followLive()
  readonly #onPop = (): void => {
    if (location.pathname === '/jobs') void this.#load()
  }

  constructor() {
    super()
    this.items = null
    this.cursor = null
    this.problem = ''
    this.filter = ''
  }

  override connectedCallback(): void {
    super.connectedCallback()
    jobsStore.addEventListener('change', this.#onJobs)
    window.addEventListener('popstate', this.#onPop)
    void this.#load()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    jobsStore.removeEventListener('change', this.#onJobs)
    window.removeEventListener('popstate', this.#onPop)
    this.#asked.abort()
  }

  async #load(): Promise<void> {
    this.filter = new URLSearchParams(location.search).get('status') ?? ''
    this.items = null
    this.cursor = null
    await this.#fetch()
  }

  async #fetch(): Promise<void> {
    this.#asked.abort()
    const asked = (this.#asked = new AbortController())
    const params = new URLSearchParams({ limit: '50' })
    if (this.filter) params.set('status', this.filter)
    if (this.cursor) params.set('cursor', this.cursor)
    this.problem = ''
    try {
      const page = await request<Page<Job>>('GET', `/jobs?${params}`, { signal: asked.signal })
      if (asked.signal.aborted) return
      this.items = [...(this.items ?? []), ...page.items]
      this.cursor = page.next_cursor
    } catch (error) {
      if (!asked.signal.aborted) this.problem = sayError(error)
    }
  }

  /** Rows change where they stand; new ones come on top only if the list shows everything. */
  #followLive(): void {
    if (!this.items) return
    const live = new Map(jobsStore.jobs.map((job) => [job.id, job]))
    const known = new Set(this.items.map((job) => job.id))
    const updated = this.items.map((job) => {
      const newer = live.get(job.id)
      return newer && newer.version > job.version ? newer : job
    })
    const fresh = this.filter ? [] : jobsStore.jobs.filter((job) => !known.has(job.id) && isNewerThanAll(job, updated))
    this.items = [...fresh, ...updated]
  }

  override render(): TemplateResult {
    return html`<div class="head">
        <h1>Jobs</h1>
        <nav class="filters" aria-label="Filter by state">
          ${FILTERS.map(
            ([value, text]) =>
              html`<a href=${value ? `/jobs?status=${value}` : '/jobs'} aria-current=${this.filter === value ? 'true' : nothing}>${text}</a>`,
          )}
        </nav>
      </div>
      ${this.problem ? html`<div class="error" role="alert">${this.problem}<button @click=${this.#fetch}>Retry</button></div>` : nothing}
      ${this.items === null ? this.#loading() : this.items.length ? this.#table(this.items) : this.#none()}
      ${this.cursor ? html`<button class="more" @click=${this.#fetch}>Load more</button>` : nothing}`
  }

  #loading(): unknown {
    return this.problem ? nothing : html`<p class="skeleton"></p>`
  }

  #none(): TemplateResult {
    return this.filter
      ? html`<p class="muted">No job is in this state. <a href="/jobs">Show all jobs</a></p>`
      : html`<p class="muted">No jobs yet. <button class="link" @click=${() => navigate('/import')}>Import a file</button> to start one.</p>`
  }

  #table(items: readonly Job[]): TemplateResult {
    return html`<table>
      <thead>
        <tr>
          <th scope="col">Job</th>
          <th scope="col">State</th>
          <th scope="col">Started</th>
          <th scope="col">Took</th>
          <th scope="col">Result</th>
        </tr>
      </thead>
      <tbody>
        ${repeat(
          items,
          (job) => job.id,
          (job) => this.#row(job),
        )}
      </tbody>
    </table>`
  }

  #row(job: Job): TemplateResult {
    return html`<tr>
      <td class="name"><a href="/jobs/${job.id}">${job.title || job.job_type}</a><small>${sentence(job)}</small></td>
      <td class="time ${tone(job)}"><span aria-hidden="true">${icon(job)}</span> ${phaseWord(job)}</td>
      <td class="time" title=${formatMoment(job.created_at)}>${formatAgo(job.created_at)}</td>
      <td class="time">${isEnded(job) ? duration(job.created_at, job.completed_at) : nothing}</td>
      <td>${job.related_dataset_id ? html`<a href="/datasets/${job.related_dataset_id}">Open dataset</a>` : nothing}</td>
    </tr>`
  }
}

function isNewerThanAll(job: Job, items: readonly Job[]): boolean {
  const newest = items[0]
  return !newest || job.created_at >= newest.created_at
}

customElements.define('headway-jobs-page', JobsPage)
