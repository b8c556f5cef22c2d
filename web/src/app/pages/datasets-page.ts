/** `/datasets`: what there is, with search, rename and delete. */

import { html, LitElement, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'

import type { Dataset } from '../../client/types.ts'
import { followJobs } from './following-jobs.ts'
import './importer.ts'
import { formatAgo, formatBytes, formatCount, formatMoment, plural } from '../../elements/sizes.ts'
import { listDatasets } from './dataset-api.ts'
import './dataset-dialogs.ts'
import { datasetsStyles } from './datasets-styles.ts'
import { jobsStore } from './jobs-seam.ts'
import { pageStyles } from './page-styles.ts'
import './sample-file.ts'
import { sayError } from './say-error.ts'
import { jobSource, uploads } from './uploads.ts'

const TYPING_MILLISECONDS = 250

class DatasetsPage extends LitElement {
  static override styles = [pageStyles, datasetsStyles]
  static override properties = {
    params: { attribute: false },
    items: { state: true },
    cursor: { state: true },
    q: { state: true },
    problem: { state: true },
    busy: { state: true },
    fresh: { state: true },
  }
  declare params: Record<string, string>
  /** null until the first answer. */
  declare items: readonly Dataset[] | null
  declare cursor: string | null
  declare q: string
  declare problem: string
  declare busy: boolean
  /** Datasets that came into being since the list was loaded. They wait: rows do not move under the pointer. */
  declare fresh: number

  #asked = new AbortController()
  #seen = new Set<string>()
  /** Whoever began without datasets keeps the place to drop files while the first ones arrive. */
  #beganEmpty = false
  #typing: ReturnType<typeof setTimeout> | undefined

  constructor() {
    super()
    followJobs(this, () => this.#followJobs())
    this.items = null
    this.cursor = null
    this.q = new URLSearchParams(location.search).get('q') ?? ''
    this.problem = ''
    this.busy = false
    this.fresh = 0
  }

  override connectedCallback(): void {
    super.connectedCallback()
    void this.#load()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#typing)
    this.#asked.abort()
  }

  #followJobs(): void {
    const made = jobsStore.jobs.filter((job) => job.status === 'completed' && job.outcome !== 'duplicate')
    const shown = new Set(this.items?.map((dataset) => dataset.id))
    const isNew = (id: string | null): boolean => id !== null && !shown.has(id) && !this.#seen.has(id)
    // A search tells nothing about what is new.
    this.fresh = this.items && !this.q ? made.filter((job) => isNew(job.related_dataset_id)).length : 0
    if (this.fresh && this.#beganEmpty && !this.busy) void this.#load()
  }

  /** What exists when the list is asked for is not new any more, even if it is not on its first page. */
  #markSeen(): void {
    for (const job of jobsStore.jobs) if (job.related_dataset_id) this.#seen.add(job.related_dataset_id)
    this.fresh = 0
  }

  /** Load the first page, or the next one after those that are there. */
  async #load(more = false): Promise<void> {
    this.#asked.abort()
    const asked = new AbortController()
    this.#asked = asked
    this.busy = true
    if (!more) this.#markSeen()
    try {
      const page = await listDatasets(this.q, more ? this.cursor : null, asked.signal)
      if (asked.signal.aborted) return
      this.items = more ? [...(this.items ?? []), ...page.items] : page.items
      this.cursor = page.next_cursor
      this.problem = ''
      this.#beganEmpty ||= this.#isEmpty
    } catch (error) {
      if (asked.signal.aborted) return
      this.problem = sayError(error)
    }
    this.busy = false
  }

  #onSearch(event: Event): void {
    const q = (event.target as HTMLInputElement).value.trim()
    clearTimeout(this.#typing)
    this.#typing = setTimeout(() => this.#search(q), TYPING_MILLISECONDS)
  }

  #search(q: string): void {
    if (q === this.q) return
    this.q = q
    history.replaceState(history.state, '', q ? `?${new URLSearchParams({ q })}` : location.pathname)
    void this.#load()
  }

  #ask(mode: 'rename' | 'delete', dataset: Dataset): void {
    void this.renderRoot.querySelector('headway-dataset-dialogs')?.ask(mode, dataset)
  }

  #onRenamed({ detail }: CustomEvent<Dataset>): void {
    this.items = (this.items ?? []).map((each) => (each.id === detail.id ? detail : each))
  }

  #onDeleted({ detail }: CustomEvent<string>): void {
    this.#seen.add(detail)
    this.items = (this.items ?? []).filter((each) => each.id !== detail)
    this.renderRoot.querySelector<HTMLElement>('h1')?.focus()
  }

  override render(): TemplateResult {
    return html`<div class="head">
        <h1 tabindex="-1">Datasets</h1>
        ${this.#isEmpty ? nothing : html`<a class="button primary" href="/import">Import files</a>`}
      </div>
      ${this.problem ? this.#renderProblem() : nothing}
      ${this.#isEmpty || this.#beganEmpty ? this.#renderFirst() : nothing} ${this.#isEmpty ? nothing : this.#renderList()}
      <headway-dataset-dialogs @renamed=${this.#onRenamed} @deleted=${this.#onDeleted}></headway-dataset-dialogs>`
  }

  get #isEmpty(): boolean {
    return this.items !== null && this.items.length === 0 && this.q === ''
  }

  #renderProblem(): TemplateResult {
    return html`<div class="error" role="alert">
      <p>${this.problem}</p>
      <button @click=${() => this.#load()}>Retry</button>
    </div>`
  }

  #renderFirst(): TemplateResult {
    return html`${
      this.#isEmpty
        ? html`<p class="first">No datasets yet. Drop a CSV, Excel, JSON or Parquet file here, or choose files.</p>`
        : nothing
    }
      <headway-importer compact .queue=${uploads} .jobs=${jobSource}></headway-importer>
      ${this.#isEmpty ? html`<headway-sample-file></headway-sample-file>` : nothing}`
  }

  #renderList(): TemplateResult {
    return html`<div class="bar">
        <input
          type="search"
          aria-label="Search datasets by name"
          placeholder="Search by name"
          maxlength="200"
          .value=${this.q}
          @input=${this.#onSearch}
        />
        ${
          this.fresh
            ? html`<button @click=${() => this.#load()}>Show ${plural(this.fresh, 'new dataset', 'new datasets')}</button>`
            : nothing
        }
      </div>
      ${this.items === null ? this.#renderSkeleton() : this.items.length ? this.#renderTable(this.items) : this.#renderNoMatch()}
      ${
        this.cursor
          ? html`<p class="more"><button ?disabled=${this.busy} @click=${() => this.#load(true)}>Load more</button></p>`
          : nothing
      }`
  }

  #renderSkeleton(): TemplateResult | typeof nothing {
    if (this.problem) return nothing
    return html`<div class="waiting" role="status" aria-busy="true" aria-label="Loading datasets">
      ${Array.from({ length: 5 }, () => html`<div class="skeleton"></div>`)}
    </div>`
  }

  #renderNoMatch(): TemplateResult {
    return html`<p class="first">
      No dataset has “${this.q}” in its name.
      <button class="link" @click=${() => this.#search('')}>Clear search</button>
    </p>`
  }

  #renderTable(items: readonly Dataset[]): TemplateResult {
    return html`<table role="table">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">Name</th>
          <th role="columnheader" scope="col" class="number">Rows</th>
          <th role="columnheader" scope="col" class="number">Columns</th>
          <th role="columnheader" scope="col" class="number">Size</th>
          <th role="columnheader" scope="col">Updated</th>
          <th role="columnheader" scope="col"><span class="hidden">Actions</span></th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${repeat(
          items,
          (dataset) => dataset.id,
          (dataset) => this.#renderDataset(dataset),
        )}
      </tbody>
    </table>`
  }

  #renderDataset(dataset: Dataset): TemplateResult {
    const { id, name } = dataset
    return html`<tr role="row">
      <th role="rowheader" scope="row"><a href=${`/datasets/${id}`}>${name}</a></th>
      <td role="cell" class="number" data-label="Rows">${formatCount(dataset.rows)}</td>
      <td role="cell" class="number" data-label="Columns">${formatCount(dataset.columns.length)}</td>
      <td role="cell" class="number" data-label="Size">${formatBytes(dataset.bytes)}</td>
      <td role="cell" data-label="Updated">
        <time datetime=${dataset.updated_at} title=${formatMoment(dataset.updated_at)}>${formatAgo(dataset.updated_at)}</time>
      </td>
      <td role="cell" class="actions">
        <button aria-label=${`Rename ${name}`} @click=${() => this.#ask('rename', dataset)}>Rename</button>
        <button aria-label=${`Delete ${name}`} @click=${() => this.#ask('delete', dataset)}>Delete</button>
      </td>
    </tr>`
  }
}

customElements.define('headway-datasets-page', DatasetsPage)
