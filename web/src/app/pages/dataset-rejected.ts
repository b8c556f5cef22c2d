/**
 * `<headway-dataset-rejected>`: rows that did not fit, by reason and with remedies that were tried, to be downloaded,
 * corrected and sent back.
 */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'

import type { Decision, ReadingOptions } from '../../client/reading-api.ts'
import type { Dataset, Job } from '../../client/types.ts'
import { isEnded } from '../../elements/job-words.ts'
import { issuesOf, sayFix, sayRows, type Suggestion, withOptions } from '../../elements/reading.ts'
import { plural } from '../../elements/sizes.ts'
import { sayJob } from '../../elements/upload-words.ts'
import { getReading, listRejected, type Rejected, type RejectedGroup, type RejectedRow, rejectedPath, reparse, sendCorrected } from './change-api.ts'
import './change-view.ts'
import { followJobs } from './following-jobs.ts'
import { jobsStore } from './jobs-seam.ts'
import { rejectedStyles } from './rejected-styles.ts'
import { sayError } from './say-error.ts'

const PAGE = 20
/** More fields than this nobody fills in on a page; the file is better for it. */
const MOST_COLUMNS = 40

class DatasetRejected extends LitElement {
  static override styles = rejectedStyles
  static override properties = {
    shown: { attribute: false },
    rejected: { state: true },
    suggestions: { state: true },
    offset: { state: true },
    change: { state: true },
    sent: { state: true },
    problem: { state: true },
    isBusy: { state: true },
  }
  declare shown: Dataset | null
  declare rejected: Rejected | null
  /** Remedies by the reason that they are for. */
  declare suggestions: ReadonlyMap<string, readonly Suggestion[]>
  declare offset: number
  /** The job of another reading that is being prepared or decided on. */
  declare change: string
  /** The job that the corrected rows went into. */
  declare sent: Job | null
  declare problem: string
  declare isBusy: boolean

  #kept: ReadingOptions = {}

  constructor() {
    super()
    followJobs(this, () => this.#follow())
    this.shown = null
    this.rejected = null
    this.suggestions = new Map()
    this.offset = 0
    this.change = ''
    this.sent = null
    this.problem = ''
    this.isBusy = false
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get('shown')
    if (!changed.has('shown') || (before?.id === this.shown?.id && before?.version === this.shown?.version)) return
    this.offset = 0
    void this.#load()
  }

  async #load(): Promise<void> {
    const id = this.shown?.id
    if (!id) return
    await this.#try(async () => {
      const [rejected, reading] = await Promise.all([listRejected(id, this.offset, PAGE), getReading(id)])
      this.rejected = rejected
      this.suggestions = byReason(reading.items)
      this.#kept = reading.options
    })
  }

  async #try(act: () => Promise<void>): Promise<void> {
    try {
      await act()
      this.problem = ''
    } catch (error) {
      this.problem = sayError(error)
    }
  }

  #follow(): void {
    const job = jobsStore.jobs.find(({ id }) => id === this.sent?.id)
    if (!job || !this.sent || job.version <= this.sent.version) return
    this.sent = job
    if (isEnded(job)) this.dispatchEvent(new CustomEvent('headway-changed', { bubbles: true, composed: true }))
  }

  // ------------------------------------------------------------------ what is done

  async #readOtherwise(suggestion: Suggestion): Promise<void> {
    const id = this.shown?.id
    if (!id || this.isBusy) return
    this.isBusy = true
    await this.#try(async () => {
      this.change = (await reparse(id, withOptions(this.#kept, suggestion.options))).id
    })
    this.isBusy = false
  }

  #sendRows(event: SubmitEvent): void {
    event.preventDefault()
    const form = event.target as HTMLFormElement
    const changed = [...form.querySelectorAll('tr[data-row]')].filter((row) => isChanged(row)).map((row) => correctedOf(row))
    if (!changed.length) this.problem = 'No row was changed yet. Correct a cell, then send.'
    else void this.#send(changed)
  }

  #sendFile(event: Event): void {
    const input = event.target as HTMLInputElement
    const file = input.files?.[0]
    input.value = ''
    if (file) void this.#send(file)
  }

  async #send(corrected: Record<string, string>[] | File): Promise<void> {
    const id = this.shown?.id
    if (!id || this.isBusy) return
    this.isBusy = true
    await this.#try(async () => {
      this.sent = await sendCorrected(id, corrected)
    })
    this.isBusy = false
  }

  #turn(by: number): void {
    this.offset = Math.max(0, this.offset + by)
    void this.#load()
  }

  // ------------------------------------------------------------------ rendering

  override render(): TemplateResult {
    const { shown, rejected } = this
    return html`${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : nothing}
      ${this.sent ? this.#renderSent(this.sent) : nothing}
      ${this.change ? html`<headway-change .table=${shown?.id ?? ''} .job=${this.change}></headway-change>` : nothing}
      ${!shown || !rejected ? nothing : rejected.total ? this.#renderRejected(shown, rejected) : this.#renderNone()}`
  }

  #renderNone(): TemplateResult {
    return html`<p>Every row of the file is in the dataset.</p>`
  }

  #renderSent(job: Job): TemplateResult {
    const said = sayJob(job)
    const sentence = job.status === 'completed' ? (job.message ?? '') : said.sentence
    return html`<p class="mark calm note" role="status"><strong>${isEnded(job) ? said.state : 'Sent back'}</strong> ${sentence}</p>`
  }

  #renderRejected(dataset: Dataset, rejected: Rejected): TemplateResult {
    return html`<div class="bar head">
        <p>${plural(rejected.total, 'row of the file is', 'rows of the file are')} not in the dataset, and kept beside it.</p>
        <span class="bar">
          <a class="button" href=${rejectedPath(dataset.id, 'csv')} download>Download CSV</a>
          <a class="button" href=${rejectedPath(dataset.id, 'xlsx')} download>Download Excel</a>
          <label class="button choose">
            Send a corrected file
            <input type="file" aria-label="Send a corrected file" @change=${this.#sendFile} />
          </label>
        </span>
      </div>
      ${rejected.groups.map((group) => this.#renderGroup(group))} ${this.#renderForm(dataset, rejected)}`
  }

  #renderGroup(group: RejectedGroup): TemplateResult {
    return html`<section class="mark">
      <p>
        <strong>${plural(group.count, 'row', 'rows')}: ${group.reason}</strong>
        <span class="muted">${sayRows(group.rows, group.more_ranges > 0)} of the file</span>
      </p>
      <div class="bar">
        ${this.suggestions.get(group.reason)?.map(
          (suggestion) => html`<button aria-disabled=${this.isBusy ? 'true' : nothing} @click=${() => this.#readOtherwise(suggestion)}>
            ${suggestion.label} <span class="muted">${sayFix(suggestion)}</span>
          </button>`,
        )}
      </div>
    </section>`
  }

  #renderForm(dataset: Dataset, rejected: Rejected): TemplateResult {
    const { columns } = dataset
    if (columns.length > MOST_COLUMNS)
      return html`<p class="muted">With ${columns.length} columns, correct the rows in the downloaded file and send it back.</p>`
    return html`<form @submit=${this.#sendRows}>
      <h2>Correct them here</h2>
      <div class="scroll" role="region" aria-label="Rejected rows" tabindex="0">
        <table>
          <thead>
            <tr>
              <th scope="col">Row</th>
              ${columns.map(({ name }) => html`<th scope="col">${name}</th>`)}
              <th scope="col">Too much</th>
            </tr>
          </thead>
          <tbody>
            ${rejected.items.map((row) => this.#renderRow(row, columns.map(({ name }) => name)))}
          </tbody>
        </table>
      </div>
      <div class="bar">
        <button class="primary" aria-disabled=${this.isBusy ? 'true' : nothing}>Send corrected rows</button>
        ${rejected.total > PAGE ? this.#renderPages(rejected) : nothing}
      </div>
      <p class="muted">Rows that fit join the dataset once, in a new version. Those that you leave as they are stay here.</p>
    </form>`
  }

  #renderRow(row: RejectedRow, names: readonly string[]): TemplateResult {
    const more = row.cells.slice(names.length).map((cell) => cell ?? '').join(', ')
    const field = (name: string, label: string, value: string): TemplateResult =>
      html`<td><input data-name=${name} aria-label="${label}, row ${row.row}" .defaultValue=${value} .value=${value} /></td>`
    return html`<tr data-row=${row.id}>
      <th scope="row" title=${row.reason}>${row.row}</th>
      ${names.map((name, place) => field(name, name, row.cells[place] ?? ''))}
      ${field('_more', 'Too much', more)}
    </tr>`
  }

  #renderPages(rejected: Rejected): TemplateResult {
    const last = Math.min(rejected.total, this.offset + PAGE)
    return html`<span class="muted">${this.offset + 1} to ${last} of ${rejected.total}</span>
      <button type="button" ?disabled=${!this.offset} @click=${() => this.#turn(-PAGE)}>Earlier rows</button>
      <button type="button" ?disabled=${last >= rejected.total} @click=${() => this.#turn(PAGE)}>Later rows</button>`
  }
}

function byReason(decisions: readonly Decision[]): Map<string, readonly Suggestion[]> {
  return new Map(issuesOf(decisions).map(({ reason, suggestions }) => [reason, suggestions]))
}

function fieldsOf(row: Element): HTMLInputElement[] {
  return [...row.querySelectorAll('input')]
}

function isChanged(row: Element): boolean {
  return fieldsOf(row).some((field) => field.value !== field.defaultValue)
}

/** All cells of a row, by the names under which the server takes them back. */
function correctedOf(row: Element): Record<string, string> {
  const cells = fieldsOf(row).map((field) => [field.dataset['name'] ?? '', field.value])
  return { _row: row.getAttribute('data-row') ?? '', ...Object.fromEntries(cells) }
}

customElements.define('headway-dataset-rejected', DatasetRejected)
