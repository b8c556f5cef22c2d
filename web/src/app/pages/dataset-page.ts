/** `/datasets/:id`: one dataset, its rows, its columns, and where it comes from. */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'

import type { Dataset, Job } from '../../client/types.ts'
import type { GridSource } from '../../elements/grid-pages.ts'
import '../../elements/headway-grid.ts'
import { fromParams, type GridView, PLAIN_VIEW, toParams } from '../../elements/grid-view.ts'
import { fileLink } from '../../elements/job-links.ts'
import { formatAgo, formatBytes, formatCount, formatMoment, plural } from '../../elements/sizes.ts'
import { sayJob } from '../../elements/upload-words.ts'
import './dataset-about.ts'
import { fetchRows, getDataset, getProfile } from './dataset-api.ts'
import './dataset-check.ts'
import './dataset-columns.ts'
import './dataset-dialogs.ts'
import './dataset-export.ts'
import './dataset-history.ts'
import './dataset-name.ts'
import './dataset-reading.ts'
import './dataset-recipe.ts'
import './dataset-rejected.ts'
import { datasetStyles } from './dataset-styles.ts'
import { followJobs } from './following-jobs.ts'
import { jobsStore, navigate } from './jobs-seam.ts'
import { pageStyles } from './page-styles.ts'
import { sayError } from './say-error.ts'

const TABS = {
  rows: 'Rows',
  columns: 'Columns',
  rejected: 'Rejected',
  reading: 'Reading',
  recipe: 'Recipe',
  check: 'Check',
  history: 'History',
  about: 'About',
} as const
type Tab = keyof typeof TABS

class DatasetPage extends LitElement {
  static override styles = [pageStyles, datasetStyles]
  static override properties = {
    params: { attribute: false },
    shown: { state: true },
    source: { state: true },
    view: { state: true },
    tab: { state: true },
    problem: { state: true },
    exported: { state: true },
  }
  declare params: Record<string, string>
  declare shown: Dataset | null
  declare source: GridSource | null
  declare view: GridView
  declare tab: Tab
  declare problem: string
  /** The export's job that was begun on this page. */
  declare exported: string

  #asked = new AbortController()
  #running: readonly Job[] = []
  readonly #onPop = (): void => this.#readUrl()

  constructor() {
    super()
    followJobs(this, () => this.#followJobs())
    this.params = {}
    this.shown = null
    this.source = null
    this.view = PLAIN_VIEW
    this.tab = 'rows'
    this.problem = ''
    this.exported = ''
  }

  override connectedCallback(): void {
    super.connectedCallback()
    window.addEventListener('popstate', this.#onPop)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    window.removeEventListener('popstate', this.#onPop)
    this.#asked.abort()
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('params') && this.params['id'] !== this.shown?.id) void this.#load()
  }

  async #load(): Promise<void> {
    const id = this.params['id']
    if (!id) return
    this.#asked.abort()
    const asked = new AbortController()
    this.#asked = asked
    this.problem = ''
    try {
      const dataset = await getDataset(id, asked.signal)
      if (asked.signal.aborted) return
      this.shown = dataset
      this.source = sourceOf(dataset)
      this.#readUrl()
      this.#followJobs()
    } catch (error) {
      if (!asked.signal.aborted) this.problem = sayError(error)
    }
  }

  /** Jobs that work on this dataset are shown; when one has ended, the dataset may be another. */
  #followJobs(): void {
    const id = this.shown?.id
    const running = jobsStore.jobs.filter((job) => job.related_dataset_id === id && job.status === 'running')
    const ended = this.#running.some((job) => !running.some((still) => still.id === job.id))
    this.#running = running
    if (ended) void this.#load()
    this.requestUpdate()
  }

  // ------------------------------------------------------------------ the address

  #readUrl(): void {
    // On the way to another page its address is already there, and this page still is.
    if (location.pathname !== `/datasets/${this.params['id']}`) return
    const params = new URLSearchParams(location.search)
    const tab = params.get('tab') ?? ''
    this.tab = Object.hasOwn(TABS, tab) ? (tab as Tab) : 'rows'
    const view = fromParams(
      params,
      (this.shown?.columns ?? []).map((column) => column.name),
    )
    if (String(toParams(view)) !== String(toParams(this.view))) this.view = view
  }

  #writeUrl(push: boolean): void {
    const params = toParams(this.view)
    if (this.tab !== 'rows') params.set('tab', this.tab)
    const query = String(params)
    const url = location.pathname + (query ? `?${query}` : '')
    if (push) history.pushState(history.state, '', url)
    else history.replaceState(history.state, '', url)
  }

  #onView({ detail }: CustomEvent<GridView>): void {
    this.view = detail
    this.#writeUrl(true)
  }

  #choose(tab: Tab): void {
    this.tab = tab
    this.#writeUrl(false)
  }

  /** It is on this page already. */
  #onRejected(event: MouseEvent): void {
    event.preventDefault()
    event.stopPropagation()
    this.#choose('rejected')
  }

  /** Tabs by the ARIA pattern: one stop, arrows choose. */
  #onTabKey(event: KeyboardEvent): void {
    const tabs = Object.keys(TABS) as Tab[]
    const here = tabs.indexOf(this.tab)
    const steps: Record<string, number> = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: tabs.length - 1 }
    const next = steps[event.key]
    if (next === undefined) return
    event.preventDefault()
    this.#choose(tabs[(next + tabs.length) % tabs.length] ?? 'rows')
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>('[aria-selected="true"]')?.focus())
  }

  // ------------------------------------------------------------------ rendering

  /** The heading is there from the first moment: focus goes to it when the page is opened from another one. */
  override render(): TemplateResult {
    const { shown: dataset } = this
    return html`<div class="head">
        <div class="facts">
          <div class="bar">
            <h1 tabindex="-1">${dataset?.name ?? 'Dataset'}</h1>
            ${dataset ? this.#renderRename(dataset) : nothing}
          </div>
          ${dataset ? this.#renderFacts(dataset) : nothing}
        </div>
        ${dataset ? this.#renderActions(dataset) : nothing}
      </div>
      ${this.problem ? this.#renderProblem() : dataset ? this.#renderDataset(dataset) : this.#renderSkeleton()}
      <headway-dataset-dialogs @deleted=${() => navigate('/datasets')}></headway-dataset-dialogs>`
  }

  #renderActions(dataset: Dataset): TemplateResult {
    return html`<div class="bar">
      <headway-dataset-export
        .shown=${dataset}
        .view=${this.view}
        @started=${({ detail }: CustomEvent<Job>) => (this.exported = detail.id)}
      ></headway-dataset-export>
      <button aria-label=${`Delete ${dataset.name}`} @click=${this.#askDelete}>Delete</button>
    </div>`
  }

  #renderRename(dataset: Dataset): TemplateResult {
    return html`<headway-dataset-name
      .shown=${dataset}
      @renamed=${({ detail }: CustomEvent<Dataset>) => (this.shown = detail)}
    ></headway-dataset-name>`
  }

  #renderDataset(dataset: Dataset): TemplateResult {
    return html`${this.#running.map((job) => this.#renderJob(job))} ${this.#renderExported()} ${this.#renderRejected(dataset)}
      <div class="tabs" role="tablist" aria-label="Dataset" @keydown=${this.#onTabKey}>
        ${(Object.keys(TABS) as Tab[]).map((tab) => this.#renderTab(tab))}
      </div>
      <div
        class=${this.#isNoted(dataset) ? 'noted' : ''}
        role="tabpanel"
        id="panel"
        aria-labelledby=${`tab-${this.tab}`}
        @headway-changed=${() => this.#load()}
      >
        ${this.#renderPanel(dataset)}
      </div>`
  }

  /** Whether something between heading and tabs takes room from the rows. */
  #isNoted(dataset: Dataset): boolean {
    return (dataset.rejected_rows > 0 && this.tab !== 'rejected') || this.#running.length > 0 || this.exported !== ''
  }

  #askDelete(): void {
    if (this.shown) void this.renderRoot.querySelector('headway-dataset-dialogs')?.ask('delete', this.shown)
  }

  #renderFacts(dataset: Dataset): TemplateResult {
    const facts = [
      plural(dataset.rows, 'row', 'rows'),
      plural(dataset.columns.length, 'column', 'columns'),
      formatBytes(dataset.bytes),
    ].join(' · ')
    return html`<p class="muted">
      ${facts} ·
      <time datetime=${dataset.created_at} title=${formatMoment(dataset.created_at)}
        >imported ${formatAgo(dataset.created_at)}</time
      >
      ${dataset.source.file_name === dataset.name ? nothing : html` · from ${dataset.source.file_name}`}
    </p>`
  }

  #renderRejected(dataset: Dataset): TemplateResult | typeof nothing {
    if (!dataset.rejected_rows || this.tab === 'rejected') return nothing
    const rows = plural(dataset.rejected_rows, 'row of the file was', 'rows of the file were')
    return html`<p class="mark note">
      ${rows} not readable and left out.
      <a href=${`/datasets/${dataset.id}?tab=rejected`} @click=${this.#onRejected}>See and correct them</a>
    </p>`
  }

  #renderJob(job: Job): TemplateResult {
    const said = sayJob(job)
    return html`<div class="mark calm note">
      <strong>${said.state}</strong> ${said.sentence}
      <progress aria-label=${job.title} max="100" value=${said.percent ?? 0}></progress>
    </div>`
  }

  /** The export that was asked for here, once it has ended: the file, or why there is none. */
  #renderExported(): TemplateResult | typeof nothing {
    const job = jobsStore.jobs.find((each) => each.id === this.exported)
    if (!job || job.status === 'running') return nothing
    const said = sayJob(job)
    const file = fileLink(job)
    return html`<div class="mark calm note export" role="status">
      ${file ? html`<strong>${job.result?.['file']}</strong> is ready: ${job.message}.` : html`<strong>${said.state}</strong> ${said.sentence}`}
      ${file ? html`<a class="button" download href=${file}>Download</a>` : nothing}
      <button class="link" @click=${() => (this.exported = '')}>Close</button>
    </div>`
  }

  #renderTab(tab: Tab): TemplateResult {
    const chosen = tab === this.tab
    const counts: Partial<Record<Tab, number>> = { columns: this.shown?.columns.length, rejected: this.shown?.rejected_rows }
    const count = counts[tab] ? html` <span class="muted">${formatCount(counts[tab])}</span>` : nothing
    return html`<button
      role="tab"
      id=${`tab-${tab}`}
      aria-selected=${chosen}
      aria-controls="panel"
      tabindex=${chosen ? 0 : -1}
      @click=${() => this.#choose(tab)}
    >${TABS[tab]}${count}</button>`
  }

  #renderPanel(dataset: Dataset): TemplateResult {
    if (this.tab === 'columns') return html`<headway-dataset-columns .shown=${dataset}></headway-dataset-columns>`
    if (this.tab === 'rejected') return html`<headway-dataset-rejected .shown=${dataset}></headway-dataset-rejected>`
    if (this.tab === 'reading') return html`<headway-dataset-reading .shown=${dataset}></headway-dataset-reading>`
    if (this.tab === 'recipe') return html`<headway-dataset-recipe .shown=${dataset}></headway-dataset-recipe>`
    if (this.tab === 'check') return html`<headway-dataset-check .shown=${dataset}></headway-dataset-check>`
    if (this.tab === 'history') return html`<headway-dataset-history .shown=${dataset}></headway-dataset-history>`
    if (this.tab === 'about')
      return html`<headway-dataset-about .shown=${dataset} search=${String(toParams(this.view))}></headway-dataset-about>`
    return html`<headway-grid
      label=${`Rows of ${dataset.name}`}
      .source=${this.source}
      .view=${this.view}
      @headway-view-change=${this.#onView}
    ></headway-grid>`
  }

  #renderSkeleton(): TemplateResult {
    return html`<div class="waiting" role="status" aria-busy="true" aria-label="Loading the dataset">
      <div class="skeleton"></div>
      <div class="skeleton"></div>
      <div class="skeleton"></div>
    </div>`
  }

  #renderProblem(): TemplateResult {
    return html`<div class="error" role="alert">
        <p>${this.problem}</p>
        <button @click=${() => this.#load()}>Retry</button>
      </div>
      <p><a href="/datasets">All datasets</a></p>`
  }
}

function sourceOf(dataset: Dataset): GridSource {
  return {
    columns: dataset.columns,
    rows: dataset.rows,
    fetchRows: (view, offset, limit, signal) => fetchRows(dataset.id, view, offset, limit, signal),
    fetchProfile: (signal) => getProfile(dataset.id, signal),
    explain: sayError,
  }
}

customElements.define('headway-dataset-page', DatasetPage)
