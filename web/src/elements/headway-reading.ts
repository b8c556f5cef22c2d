/**
 * `<headway-reading>`: how a file is read, what does not fit first, with another reading one click away, and the first
 * rows as they would be. Dispatches `headway-options` with the options that a person has come to, and `headway-wrong`
 * with what is wrong with an option that is chosen `elsewhere`.
 */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'

import { problemOf } from './persist.ts'
import type { Decision, Look, Preview, PreviewColumn, ReadingOptions } from '../client/reading-api.ts'
import { cellLine, isNumeric, typeWord } from './grid-cells.ts'
import {
  aboutOptions, alternatives, choiceOf, columnOf, issuesOf, type IssueGroup, OF_TABLES, ofFile, sayFix, sayRows, toLookAt,
  withOptions, without, withType,
} from './reading.ts'
import './reading-marks.ts'
import { readingStyles } from './reading-styles.ts'
import './reading-tables.ts'
import { sayDecision, subjectWord } from './say-decision.ts'
import { say, sayCount } from './say.ts'
import { plural } from './sizes.ts'
import { sayProblem } from './upload-words.ts'

/** What came of the last look, and the options that it is about; none if it is about the file. */
export interface Wrong {
  said: string
  about: readonly string[]
  code: string
  retryable: boolean
}

const MARKS = ['encoding', 'delimiter', 'quote']
/** Faults of a file that another encoding or separator may mend. */
const TEXT = /^(encoding|csv|table)\.|^format\.(not_a_table|blank)$/

/** A person who types is not answered letter by letter. */
const SETTLE_MILLISECONDS = 250
const SHOWN_ROWS = 10
const SHOWN_COLUMNS = 60
const TYPES = [
  'text', 'integer', 'big_integer', 'decimal', 'number', 'boolean', 'date', 'time', 'timestamp', 'timestamp_tz', 'uuid', 'json',
] as const

export class HeadwayReading extends LitElement {
  static override styles = readingStyles
  static override properties = {
    look: { attribute: false },
    options: { attribute: false },
    single: { type: Boolean },
    elsewhere: { attribute: false },
    shown: { state: true },
    wrong: { state: true },
    isLooking: { state: true },
  }
  declare look: Look | null
  /** What was asked for; everything else is found out. */
  declare options: ReadingOptions
  /** Whether the rows go into one dataset, whatever else there is in the file. */
  declare single: boolean
  /** Options that are chosen outside of this element. */
  declare elsewhere: readonly string[]
  declare shown: Preview | null
  declare wrong: Wrong | null
  declare isLooking: boolean

  #asked = new AbortController()
  /** The options of what is shown. */
  #seen: ReadingOptions | null = null
  #table = ''
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    super()
    this.look = null
    this.options = {}
    this.single = false
    this.elsewhere = []
    this.shown = null
    this.wrong = null
    this.isLooking = false
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#timer)
    this.#asked.abort()
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('look')) this.#lookSoon(0)
    else if (changed.has('options')) this.#lookSoon(SETTLE_MILLISECONDS)
  }

  #lookSoon(milliseconds: number): void {
    clearTimeout(this.#timer)
    this.#asked.abort()
    this.isLooking = true
    this.#timer = setTimeout(() => void this.#look(), milliseconds)
  }

  async #look(): Promise<void> {
    const { look, options } = this
    if (!look) return
    const asked = (this.#asked = new AbortController())
    try {
      const shown = await look(this.#toLookAt(options), asked.signal)
      if (asked.signal.aborted) return
      this.shown = shown
      this.#seen = options
      this.#tell(null)
    } catch (error) {
      if (asked.signal.aborted) return
      this.#tell(this.#wrongBy(error, options))
    }
    this.isLooking = false
  }

  #toLookAt(options: ReadingOptions): ReadingOptions {
    const kind = this.shown?.tables[0]?.kind
    return kind ? toLookAt(options, kind, this.#table) : options
  }

  #wrongBy(error: unknown, options: ReadingOptions): Wrong {
    const problem = problemOf(error)
    if (!problem) return { said: String(error), about: [], code: '', retryable: true }
    const { code, retryable } = problem
    return { said: sayProblem(problem), about: aboutOptions(problem, options, this.#seen), code, retryable }
  }

  #tell(wrong: Wrong | null): void {
    this.wrong = wrong
    this.dispatchEvent(new CustomEvent('headway-wrong', { detail: wrong }))
  }

  /** What is wrong with one of these options. */
  #wrongWith(...names: string[]): string {
    return this.wrong?.about.some((name) => names.includes(name)) ? this.wrong.said : ''
  }

  /** See another one of several tables, or what there was to see before. */
  #show(table: string, options: ReadingOptions = this.options): void {
    this.#table = table
    this.#ask({ ...options })
  }

  #ask(options: ReadingOptions): void {
    this.options = options
    this.dispatchEvent(new CustomEvent('headway-options', { detail: options }))
  }

  // ------------------------------------------------------------------ rendering

  override render(): TemplateResult {
    const { shown } = this
    return html`<p class="muted" role="status">${this.isLooking ? say('Looking at the file…') : (shown?.message ?? '')}</p>
      ${this.#renderWrong(shown)} ${shown ? html`${this.#renderIssues(shown)} ${this.#renderTables(shown)}` : nothing}
      ${shown ? this.#renderDecisions(shown.decisions) : nothing} ${this.#renderMarks(shown)} ${shown ? this.#renderTable(shown) : nothing}`
  }

  /** What is wrong with no option that is seen here, and the way back from any that is. */
  #renderWrong(shown: Preview | null): TemplateResult | typeof nothing {
    const { wrong } = this
    if (!wrong) return nothing
    const isPlaced = this.#wrongWith(...MARKS, ...(shown ? [...OF_TABLES, 'types', 'formats'] : []), ...this.elsewhere)
    const back = this.#seen
    return html`${isPlaced ? nothing : html`<p class="problem" role="alert">${wrong.said}</p>`}
      <div class="bar">
        ${wrong.retryable ? html`<button @click=${() => this.#lookSoon(0)}>${say('Try again')}</button>` : nothing}
        ${
          back
            ? html`<button @click=${() => this.#show('', { ...back })}>${say('Take the last choice back')}</button>
                <span class="muted">${say('What is shown is from before it.')}</span>`
            : nothing
        }
      </div>`
  }

  #renderTables(shown: Preview): TemplateResult | typeof nothing {
    // Which table of several a dataset is made of stays as it is.
    if (this.single && choiceOf(this.options).how !== 'one') return nothing
    return html`<headway-reading-tables
      .tables=${shown.tables}
      .options=${this.options}
      .problem=${this.#wrongWith(...OF_TABLES)}
      ?single=${this.single}
      @headway-ask=${({ detail }: CustomEvent<ReadingOptions>) => this.#ask(detail)}
      @headway-show=${({ detail }: CustomEvent<string>) => this.#show(detail)}
    ></headway-reading-tables>`
  }

  #renderMarks(shown: Preview | null): TemplateResult | typeof nothing {
    const isText = shown?.decisions.some(({ subject }) => subject === 'encoding') ?? TEXT.test(this.wrong?.code ?? '')
    if (!isText) return nothing
    return html`<headway-reading-marks
      .decisions=${shown?.decisions ?? []}
      .options=${this.options}
      .problems=${Object.fromEntries(MARKS.map((mark) => [mark, this.#wrongWith(mark)]))}
      @headway-ask=${({ detail }: CustomEvent<ReadingOptions>) => this.#ask(detail)}
    ></headway-reading-marks>`
  }

  #renderIssues(shown: Preview): TemplateResult | typeof nothing {
    const groups = issuesOf(shown.decisions)
    if (!groups.length) return nothing
    return html`<section class="issues" aria-label=${say('What does not fit')}>
      ${groups.map((group) => this.#renderIssue(group))}
    </section>`
  }

  #renderIssue(group: IssueGroup): TemplateResult {
    const sample = group.samples[0]
    const what = group.column ? `${say('Column {name}:', { name: group.column })} ` : ''
    const raw = sample?.value ?? sample?.raw
    return html`<div class="mark">
      <p>
        <strong>${what}${plural(group.count, 'row', 'rows')} ${group.count === 1 ? group.reason : manyOf(group.reason)}</strong>
        <span class="muted">${sayRows(group.rows, group.more_rows)}</span>
      </p>
      ${raw ? html`<p>${say('For example')} <code>${raw}</code></p>` : nothing}
      <div class="bar">
        ${group.suggestions.map(
          (suggestion) => html`<button @click=${() => this.#ask(withOptions(this.options, suggestion.options))}>
            ${suggestion.label} <span class="muted">${sayFix(suggestion)}</span>
          </button>`,
        )}
      </div>
    </div>`
  }

  #renderDecisions(decisions: readonly Decision[]): TemplateResult {
    return html`<section aria-label=${say('How the file is read')}>
      <dl>${ofFile(decisions).map((decision) => this.#renderDecision(decision))}</dl>
    </section>`
  }

  #renderDecision(decision: Decision): TemplateResult {
    const isAsked = decision.option !== null && decision.option in this.options
    return html`<dt>${subjectWord(decision.subject)}</dt>
      <dd>
        <strong>${sayDecision(decision.value)}</strong> <span class="muted">${decision.evidence}</span>
        <span class="bar">
          ${alternatives(decision).map(
            (other) => html`<button class="small" @click=${() => this.#ask(withOptions(this.options, other.options))}>${other.label}</button>`,
          )}
          ${isAsked ? html`<button class="small" @click=${() => this.#findAgain(decision.option ?? '')}>${say('Find it out again')}</button>` : nothing}
        </span>
      </dd>`
  }

  #findAgain(option: string): void {
    this.#ask(without(this.options, option))
  }

  #renderTable(shown: Preview): TemplateResult {
    const columns = shown.columns.slice(0, SHOWN_COLUMNS)
    const left = shown.columns.length - columns.length
    const reasons = new Map(shown.decisions.map((decision) => [columnOf(decision), decision]))
    const problem = this.#wrongWith('types', 'formats')
    return html`${problem ? html`<p class="problem" role="alert">${problem}</p>` : nothing}
      <div class="scroll" role="region" aria-label=${say('First rows')} tabindex="0">
        <table>
          <thead>
            <tr>${columns.map((column) => this.#renderHead(column, reasons.get(column.name)))}</tr>
          </thead>
          <tbody>
            ${shown.rows.slice(0, SHOWN_ROWS).map(
              (row) => html`<tr>${columns.map(({ name, type }) => this.#renderCell(row[name], type))}</tr>`,
            )}
          </tbody>
        </table>
      </div>
      ${left ? html`<p class="muted">${sayCount(left, 'and {count} more column', 'and {count} more columns')}</p>` : nothing}`
  }

  #renderHead(column: PreviewColumn, decision: Decision | undefined): TemplateResult {
    const asked = (this.options['types'] as Record<string, string> | undefined)?.[column.name] ?? ''
    const others = decision ? alternatives(decision).filter(({ options }) => 'formats' in options) : []
    return html`<th scope="col" title=${column.why}>
      <span class="name">${column.name}</span>
      <select
        aria-label=${say('Type of {name}', { name: column.name })}
        @change=${(event: Event) => this.#chooseType(column.name, (event.target as HTMLSelectElement).value, others)}
      >
        <option value="" .selected=${!asked}>${asked ? say('found out') : typeWord(column.type)}</option>
        ${others.map((other, index) => html`<option value="other-${index}">${other.label}</option>`)}
        ${TYPES.map((type) => html`<option value=${type} .selected=${type === asked}>${say('as {type}', { type: typeWord(type) })}</option>`)}
      </select>
    </th>`
  }

  #chooseType(column: string, chosen: string, others: readonly { options: ReadingOptions }[]): void {
    const other = chosen.startsWith('other-') ? others[Number(chosen.slice('other-'.length))] : undefined
    if (other) this.#ask(withOptions(this.options, other.options))
    else this.#ask(withType(this.options, column, chosen || null))
  }

  #renderCell(value: unknown, type: string): TemplateResult {
    const line = cellLine(value)
    return html`<td class=${isNumeric(type) ? 'number' : ''}>${line ?? html`<span class="muted">${say('empty')}</span>`}</td>`
  }
}

/** Reasons are told of one row: "has more cells than…". */
function manyOf(reason: string): string {
  return reason.replace(/^has /, 'have ').replace(/^is /, 'are ').replace(/^does /, 'do ')
}

customElements.define('headway-reading', HeadwayReading)

declare global {
  interface HTMLElementTagNameMap {
    'headway-reading': HeadwayReading
  }
}
