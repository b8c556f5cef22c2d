/** `/jobs`: everything that was ever asked for, newest first, with the running ones live. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import { bulk, LIST_LIMIT, listJobs } from '../../client/jobs-api.ts'
import type { HistoryCounts, Job } from '../../client/types.ts'
import { plural } from '../../elements/sizes.ts'
import { followJobs } from './following-jobs.ts'
import { type Offer, type Outcome, sayOutcome } from './job-bulk.ts'
import './job-bulk-bar.ts'
import './job-delete-dialog.ts'
import { describe, EVERYTHING, fromAddress, isWanted, type JobFilter, toAddress, toQuery } from './job-filter.ts'
import type { FilterChange } from './job-filter-bar.ts'
import './job-filter-bar.ts'
import { JobNumbers } from './job-numbers.ts'
import { joined, missing, updated } from './job-rows.ts'
import { NOTHING, type Selection, within } from './job-selection.ts'
import type { JobTable } from './job-table.ts'
import './job-table.ts'
import { jobsStore, navigate } from './jobs-seam.ts'
import { pageStyles } from './page-styles.ts'
import { sayError } from './say-error.ts'

/** How often the server is asked to look further back before its reader is. Each time it looks at 2,000 jobs. */
const TURNS = 20
/** A list that is scrolled further than this is being read. */
const SCROLLED_PIXELS = 4

class JobsPage extends LitElement {
  static override styles = [
    pageStyles,
    css`
      .more {
        margin-block-start: 1rem;
        text-align: center;
      }
      .more p {
        margin: 0 0 0.5rem;
      }
      .none {
        margin-block: 1.5rem;
      }
      .none ul {
        margin: 0.5rem 0 1rem;
        padding: 0;
        list-style: none;
      }
      .none li {
        display: flex;
        align-items: center;
        gap: 0.75rem;
        min-block-size: 28px;
        overflow-wrap: anywhere;
      }
      .waiting {
        display: grid;
        gap: 1.5rem;
        padding-block: 1.5rem;
      }
    `,
  ]
  static override properties = {
    filter: { state: true },
    counts: { state: true },
    lookedBackTo: { state: true },
    items: { state: true },
    fresh: { state: true },
    selection: { state: true },
    outcome: { state: true },
    problem: { state: true },
    refusal: { state: true },
    busy: { state: true },
    said: { state: true },
  }
  declare filter: JobFilter
  /** null until they are known. */
  declare counts: HistoryCounts | null
  /** How far was looked, where older jobs may fit as well; null otherwise. */
  declare lookedBackTo: string | null
  /** null until the first answer. */
  declare items: readonly Job[] | null
  /** New jobs that wait to be shown. */
  declare fresh: readonly Job[]
  declare selection: Selection
  declare outcome: Outcome | null
  declare problem: string
  /** Why what was asked of the selected jobs could not be asked. */
  declare refusal: string
  declare busy: boolean
  /** What the one status region says. */
  declare said: string

  #cursor: string | null = null
  #asked = new AbortController()
  #kinds = new Set<string>()
  /** Deleted here: what the live list still says of them is old. */
  #deleted = new Set<string>()
  readonly #onPop = (): void => this.#readAddress()
  readonly #onJobs = (): void => {
    this.#followLive()
    this.#numbers.follow(jobsStore.jobs, this.filter)
  }
  readonly #numbers = new JobNumbers((counts) => {
    this.counts = counts
    for (const { job_type } of counts?.job_types ?? []) this.#kinds.add(job_type)
  })
  /** Asked once whatever ended the use of the list has had its effect. */
  readonly #onRest = (): void => void requestAnimationFrame(() => this.#followLive())

  constructor() {
    super()
    followJobs(this, this.#onJobs)
    this.filter = EVERYTHING
    this.counts = null
    this.lookedBackTo = null
    this.items = null
    this.fresh = []
    this.selection = NOTHING
    this.outcome = null
    this.problem = ''
    this.refusal = ''
    this.busy = false
    this.said = ''
  }

  override connectedCallback(): void {
    super.connectedCallback()
    window.addEventListener('popstate', this.#onPop)
    window.addEventListener('scrollend', this.#onRest)
    this.addEventListener('keydown', this.#onKey)
    this.filter = fromAddress(location.search)
    void this.#load()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    window.removeEventListener('popstate', this.#onPop)
    window.removeEventListener('scrollend', this.#onRest)
    this.removeEventListener('keydown', this.#onKey)
    this.#asked.abort()
    this.#numbers.stop()
  }

  get #table(): JobTable | null {
    return this.renderRoot.querySelector('headway-job-table')
  }

  // ------------------------------------------------------------------ the address

  #readAddress(): void {
    if (location.pathname !== '/jobs') return
    const filter = fromAddress(location.search)
    if (toAddress(filter) === toAddress(this.filter) && !this.problem) return
    this.filter = filter
    void this.#load()
  }

  #onFilter({ detail: { filter, goesOn } }: CustomEvent<FilterChange>): void {
    navigate(toAddress(filter), { replace: goesOn })
  }

  /** A link that takes a filter away goes with it. */
  #onRemove({ target }: Event): void {
    if (target instanceof HTMLAnchorElement) this.renderRoot.querySelector('headway-job-filter-bar')?.focusFirst()
  }

  // ------------------------------------------------------------------ the rows

  /** Load the first page, or the next one after those that are there. The old rows stay until the new ones come. */
  async #load(more = false): Promise<void> {
    this.#asked.abort()
    const asked = (this.#asked = new AbortController())
    this.busy = true
    this.problem = ''
    if (!more) this.#numbers.ask(this.filter)
    try {
      await this.#look(more, asked.signal)
    } catch (error) {
      if (!asked.signal.aborted) this.problem = sayError(error)
    }
    if (!asked.signal.aborted) this.busy = false
  }

  /** Ask for a page, and on while the server has looked no further than it does at once and the page is not full. */
  async #look(more: boolean, signal: AbortSignal): Promise<void> {
    const before = more ? (this.items ?? []) : []
    let found: readonly Job[] = []
    let cursor = more ? this.#cursor : null
    for (let turn = 0; turn < TURNS; turn++) {
      const page = await listJobs(toQuery(this.filter), cursor, signal)
      if (signal.aborted) return
      this.#cursor = cursor = page.next_cursor
      this.lookedBackTo = cursor && page.searched_back_to
      found = joined(found, page.items)
      if (found.length || !this.lookedBackTo || this.items === null) this.#show(joined(before, found))
      if (!this.lookedBackTo || found.length >= LIST_LIMIT) break
    }
    this.#show(joined(before, found))
    this.said = this.#sayShown()
    if (more && found[0]) void this.#table?.focusRow(found[0].id)
    if (!more) this.fresh = []
    this.#followLive()
  }

  #sayShown(): string {
    const shown = `${plural(this.items?.length ?? 0, 'job', 'jobs')} shown`
    return this.lookedBackTo ? `${shown}. ${sayLookedBackTo(this.lookedBackTo)}` : shown
  }

  #show(items: readonly Job[]): void {
    this.items = items
    for (const job of items) this.#kinds.add(job.job_type)
    const order = items.map((job) => job.id)
    this.selection = within(this.selection, order)
  }

  /** Rows change where they stand. New ones come among them only while nobody is about to use the list. */
  #followLive(): void {
    if (!this.items || (this.busy && !this.items.length)) return
    const live = jobsStore.jobs.filter((job) => !this.#deleted.has(job.id))
    const items = updated(this.items, live)
    if (items !== this.items) this.items = items
    const fresh = missing(items, live, (job) => isWanted(job, this.filter), this.#cursor === null)
    const known = new Set(this.fresh.map((job) => job.id))
    this.fresh = fresh
    if (!fresh.length) return
    if (!this.#isInUse) this.#showFresh()
    else if (fresh.some((job) => !known.has(job.id))) this.said = `${plural(fresh.length, 'new job', 'new jobs')} above the list`
  }

  get #isInUse(): boolean {
    return window.scrollY > SCROLLED_PIXELS || this.selection.size > 0 || (this.#table?.isInUse ?? false)
  }

  #showFresh(): void {
    this.#show(joined(this.items ?? [], this.fresh))
    this.fresh = []
  }

  #onShowFresh(): void {
    const newest = this.fresh[0]
    this.said = `${plural(this.fresh.length, 'new job', 'new jobs')} shown`
    this.#showFresh()
    window.scrollTo({ top: 0 })
    // The button is gone; without a place of its own the focus would go back to the beginning of the page.
    if (newest) void this.#table?.focusRow(newest.id)
  }

  // ------------------------------------------------------------------ what is selected

  readonly #onKey = (event: KeyboardEvent): void => {
    const [target] = event.composedPath()
    const isElsewhere = target instanceof Element && target.closest('dialog, input[type=search], input[type=date], select')
    if (event.key !== 'Escape' || isElsewhere || event.defaultPrevented) return
    if (this.selection.size) this.#select(NOTHING)
    else this.#closeOutcome()
  }

  #select(selection: Selection): void {
    this.selection = selection
    this.#closeOutcome()
    this.said = selection.size ? `${plural(selection.size, 'job', 'jobs')} selected` : 'Nothing selected'
    if (!selection.size) this.#followLive()
  }

  #closeOutcome(): void {
    this.outcome = null
    this.refusal = ''
  }

  #clear(): void {
    const [first] = this.selection
    this.#select(NOTHING)
    if (first) void this.#table?.focusRow(first)
  }

  async #act({ detail: { action, jobs } }: CustomEvent<Offer>): Promise<void> {
    if (action === 'delete' && !(await this.renderRoot.querySelector('headway-job-delete-dialog')?.ask(jobs))) return
    this.busy = true
    this.#closeOutcome()
    try {
      const ids = jobs.map((job) => job.id)
      const answer = await bulk(action, ids)
      this.outcome = sayOutcome(action, answer, jobs)
      this.said = [this.outcome.text, ...this.outcome.refused.map(({ title, why }) => `${title}: ${why}`)].join(' ')
      const gone = answer.refused.filter(({ code }) => code === 'job.not_found').map(({ id }) => id)
      this.#afterwards(new Set(answer.done), new Set(action === 'delete' ? [...answer.done, ...gone] : gone))
    } catch (error) {
      this.refusal = this.said = sayError(error)
    }
    this.busy = false
    void this.renderRoot.querySelector('headway-job-bulk-bar')?.focusOutcome()
  }

  /** What is done is not selected any more; what refused is, so that it can be seen. */
  #afterwards(done: ReadonlySet<string>, gone: ReadonlySet<string>): void {
    this.selection = new Set([...this.selection].filter((id) => !done.has(id)))
    for (const id of gone) this.#deleted.add(id)
    if (gone.size) this.#show((this.items ?? []).filter((job) => !gone.has(job.id)))
    void jobsStore.refresh()
    this.#numbers.ask(this.filter)
    // All that were loaded are gone, but older ones may be left.
    if (!this.items?.length) void this.#load()
  }

  // ------------------------------------------------------------------ rendering

  override render(): TemplateResult {
    const { items, selection } = this
    return html`<div class="head">
        <h1 tabindex="-1">Jobs</h1>
      </div>
      <headway-job-filter-bar .filter=${this.filter} .kinds=${[...this.#kinds]} .counts=${this.counts} @filter=${this.#onFilter}></headway-job-filter-bar>
      ${items === null ? this.#renderSkeleton() : items.length ? this.#renderTable(items) : this.#renderNone()}
      ${this.problem ? this.#renderProblem() : this.#renderMore()}
      <headway-job-bulk-bar
        .jobs=${selection.size ? (items ?? []).filter((job) => selection.has(job.id)) : []}
        .outcome=${this.outcome}
        .problem=${this.refusal}
        ?busy=${this.busy}
        @act=${this.#act}
        @clear=${this.#clear}
        @close=${this.#closeOutcome}
      ></headway-job-bulk-bar>
      <headway-job-delete-dialog></headway-job-delete-dialog>
      <p class="hidden" role="status">${this.said}</p>`
  }

  #renderTable(items: readonly Job[]): TemplateResult {
    return html`<headway-job-table
      .jobs=${items}
      .selection=${this.selection}
      .fresh=${this.fresh.length}
      ?busy=${this.busy}
      @select=${({ detail }: CustomEvent<Selection>) => this.#select(detail)}
      @show-fresh=${this.#onShowFresh}
      @pointerleave=${this.#onRest}
      @focusout=${this.#onRest}
    ></headway-job-table>`
  }

  #renderMore(): TemplateResult | typeof nothing {
    if (!this.#cursor || !this.items || (!this.items.length && !this.lookedBackTo)) return nothing
    const looked = this.lookedBackTo
    return html`<div class="more">
      ${looked ? html`<p class="muted">${sayLookedBackTo(looked)}</p>` : nothing}
      <button ?disabled=${this.busy} @click=${() => this.#load(true)}>${looked ? (this.busy ? 'Looking…' : 'Look further back') : 'Load more'}</button>
    </div>`
  }

  #renderProblem(): TemplateResult {
    const more = this.#cursor !== null && Boolean(this.items?.length)
    return html`<div class="error" role="alert"><p>${this.problem}</p><button @click=${() => this.#load(more)}>Retry</button></div>`
  }

  #renderSkeleton(): TemplateResult | typeof nothing {
    if (this.problem) return nothing
    return html`<div class="waiting">${Array.from({ length: 5 }, () => html`<div class="skeleton"></div>`)}</div>`
  }

  #sayNone(parts: number): string {
    const so = this.lookedBackTo ? 'No job so far' : 'No job'
    return parts === 1 ? `${so} matches this filter:` : `${so} matches all of these filters:`
  }

  #renderNone(): TemplateResult | typeof nothing {
    if (this.problem) return nothing
    const parts = describe(this.filter)
    if (!parts.length) return html`<p class="none muted">No jobs yet. <a href="/import">Import a file</a> to start one.</p>`
    return html`<div class="none" @click=${this.#onRemove}>
      <p>${this.#sayNone(parts.length)}</p>
      <ul>
        ${parts.map(
          ({ text, without }) => html`<li>
            ${text} ${parts.length > 1 ? html`<a href=${toAddress(without)} aria-label="Remove ${text}">Remove</a>` : nothing}
          </li>`,
        )}
      </ul>
      <a class="button" href="/jobs">Show all jobs</a>
    </div>`
  }
}

function sayLookedBackTo(moment: string): string {
  return `Looked back to ${new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' }).format(new Date(moment))}.`
}

customElements.define('headway-jobs-page', JobsPage)
