/** The rows of the jobs page: selected by mouse or keyboard, and never moved by what happens meanwhile. */

import { html, LitElement, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'

import type { Job } from '../../client/types.ts'
import { controlStyles } from '../../elements/control-styles.ts'
import { duration } from '../../elements/job-figures.ts'
import { phaseSign, signStyles } from '../../elements/job-icons.ts'
import { LINKS, resultLink, resultWord } from '../../elements/job-links.ts'
import { sentence } from '../../elements/job-sentence.ts'
import { isEnded, phaseWord, titleOf, tone } from '../../elements/job-words.ts'
import { progressStyles } from '../../elements/progress-styles.ts'
import { formatAgo, formatMoment, plural } from '../../elements/sizes.ts'
import { toneStyles } from '../../elements/tone-styles.ts'
import { NOTHING, ranged, type Selection, toggled } from './job-selection.ts'
import { jobTableStyles } from './job-table-styles.ts'
import { navigate } from './jobs-seam.ts'

/** How often "2 minutes ago" is said anew. */
const AGO_MILLISECONDS = 30_000

/** Says `select` with the new selection, and `show-fresh` when the new jobs are wanted. */
export class JobTable extends LitElement {
  static override styles = [controlStyles, progressStyles, signStyles, jobTableStyles, toneStyles]
  static override properties = {
    jobs: { attribute: false },
    selection: { attribute: false },
    fresh: { attribute: false },
    busy: { type: Boolean },
    current: { state: true },
  }
  declare jobs: readonly Job[]
  declare selection: Selection
  /** How many new jobs wait to be shown. */
  declare fresh: number
  declare busy: boolean
  /** The row that the Tab key leads to. */
  declare current: string

  /** Where a range begins: the row that was chosen last. */
  #anchor: string | null = null
  #aging: ReturnType<typeof setInterval> | undefined

  constructor() {
    super()
    this.jobs = []
    this.selection = NOTHING
    this.fresh = 0
    this.busy = false
    this.current = ''
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.#aging = setInterval(() => this.requestUpdate(), AGO_MILLISECONDS)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearInterval(this.#aging)
  }

  /** Whether somebody is about to click or to press a key here. */
  get isInUse(): boolean {
    return this.matches(':hover') || this.matches(':focus-within')
  }

  /** Put the focus on a row. */
  async focusRow(id: string): Promise<void> {
    this.current = id
    await this.updateComplete
    this.#control(id, '.name a')?.focus()
  }

  #control(id: string, selector: string): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>(`tr[data-id="${CSS.escape(id)}"] ${selector}`)
  }

  get #order(): string[] {
    return this.jobs.map((job) => job.id)
  }

  #select(selection: Selection, anchor: string | null): void {
    this.#anchor = anchor
    this.selection = selection
    this.dispatchEvent(new CustomEvent<Selection>('select', { detail: selection }))
  }

  #onTick(event: MouseEvent, id: string): void {
    if (event.shiftKey) this.#select(ranged(this.selection, this.#order, this.#anchor, id), id)
    else this.#select(toggled(this.selection, id), id)
  }

  #onAll(event: Event): void {
    const all = (event.target as HTMLInputElement).checked
    this.#select(all ? new Set(this.#order) : NOTHING, null)
  }

  #onFocus({ target }: FocusEvent): void {
    this.current = rowOf(target) ?? this.current
  }

  #onKey(event: KeyboardEvent): void {
    const id = rowOf(event.target)
    if (!id || event.ctrlKey || event.metaKey || event.altKey) return
    const onTick = event.target instanceof HTMLInputElement
    if (event.key === ' ' && !onTick) this.#select(toggled(this.selection, id), id)
    else if (event.key === 'Enter' && onTick) navigate(`/jobs/${id}`)
    else if (!this.#move(event, id, onTick ? 'input' : '.name a')) return
    event.preventDefault()
  }

  /** Go to another row, to the control that corresponds; with Shift the rows on the way are selected. */
  #move({ key, shiftKey }: KeyboardEvent, id: string, selector: string): boolean {
    const order = this.#order
    const here = order.indexOf(id)
    const steps: Record<string, number> = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: order.length - 1 }
    const step = steps[key]
    if (step === undefined) return false
    const next = order[Math.min(order.length - 1, Math.max(0, step))]
    if (!next) return false
    if (shiftKey) this.#stretch(order, id, next)
    this.current = next
    this.#control(next, selector)?.focus()
    return true
  }

  #stretch(order: readonly string[], from: string, to: string): void {
    const [a, b] = [order.indexOf(from), order.indexOf(to)]
    this.#select(new Set([...this.selection, ...order.slice(Math.min(a, b), Math.max(a, b) + 1)]), to)
  }

  override render(): TemplateResult {
    return html`${this.#renderTop()}
      <table role="table" aria-busy=${this.busy ? 'true' : nothing} @keydown=${this.#onKey} @focusin=${this.#onFocus}>
        <caption class="hidden">
          Jobs, newest first. Arrow keys go from row to row, Enter opens, Space selects, Escape clears the selection.
        </caption>
        <colgroup>
          <col class="choice" /><col /><col class="state" /><col class="time" /><col class="took" /><col class="result" />
        </colgroup>
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col"><span class="hidden">Selected</span></th>
            ${['Job', 'State', 'Created', 'Took', 'Result'].map((text) => html`<th role="columnheader" scope="col">${text}</th>`)}
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${repeat(
            this.jobs,
            (job) => job.id,
            (job, index) => this.#renderRow(job, index),
          )}
        </tbody>
      </table>`
  }

  #renderTop(): TemplateResult {
    const selected = this.selection.size
    const all = selected > 0 && selected === this.jobs.length
    return html`<div class="top">
      <label class="all"
        ><input type="checkbox" .checked=${all} .indeterminate=${selected > 0 && !all} @change=${this.#onAll} />
        ${selected ? `${selected} of ${this.jobs.length} selected` : `Select all ${this.jobs.length} shown`}</label
      >
      ${
        this.fresh
          ? html`<button class="fresh" @click=${() => this.dispatchEvent(new Event('show-fresh'))}>
              ${plural(this.fresh, 'new job', 'new jobs')} · show
            </button>`
          : nothing
      }
    </div>`
  }

  #renderRow(job: Job, index: number): TemplateResult {
    const title = titleOf(job)
    const isCurrent = this.jobs.some(({ id }) => id === this.current) ? job.id === this.current : index === 0
    const stop = isCurrent ? 0 : -1
    const selected = this.selection.has(job.id)
    return html`<tr role="row" class=${selected ? 'selected' : ''} data-id=${job.id}>
      <td role="cell" class="select">
        <label class="tick"
          ><input type="checkbox" tabindex=${stop} aria-label="Select ${title}" .checked=${selected} @click=${(event: MouseEvent) => this.#onTick(event, job.id)}
        /></label>
      </td>
      <td role="cell" class="name">
        <a href="/jobs/${job.id}" tabindex=${stop} title=${title}>${title}</a><small title=${sentence(job)}>${sentence(job)}</small>
      </td>
      <td role="cell" class="state ${tone(job)}">
        ${phaseSign(job)} ${phaseWord(job)}
        ${isEnded(job) ? nothing : html`<progress aria-label=${title} max="100" .value=${job.progress}></progress>`}
      </td>
      <td role="cell" class="time began"><time datetime=${job.created_at} title=${formatMoment(job.created_at)}>${formatAgo(job.created_at)}</time></td>
      <td role="cell" class="time took">${isEnded(job) ? duration(job.created_at, job.completed_at) : nothing}</td>
      <td role="cell" class="result">${job.related_dataset_id ? html`<a href=${resultLink(LINKS, job)} tabindex=${stop} aria-label="${resultWord(LINKS, job)} of ${title}">${resultWord(LINKS, job)}</a>` : nothing}</td>
    </tr>`
  }
}

function rowOf(target: EventTarget | null): string | null {
  return target instanceof Element ? (target.closest<HTMLElement>('tr[data-id]')?.dataset['id'] ?? null) : null
}

customElements.define('headway-job-table', JobTable)

declare global {
  interface HTMLElementTagNameMap {
    'headway-job-table': JobTable
  }
}
