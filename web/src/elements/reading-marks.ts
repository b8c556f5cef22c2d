/**
 * `<headway-reading-marks>`: the encoding, separator and quotation mark of a text table, chosen freely. Dispatches
 * `headway-ask` with the options that say so. What is not chosen is found out, and told as such.
 */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import type { Decision, ReadingOptions } from '../client/reading-api.ts'
import { fieldStyles } from './field-styles.ts'
import { without } from './reading.ts'
import { sayDecision } from './say-decision.ts'
import { say, texts } from './say.ts'

type Mark = 'delimiter' | 'quote'

const LABELS: Record<Mark, string> = texts({ delimiter: 'Separator', quote: 'Quotation mark' })
const ANOTHER: Record<Mark, string> = texts({ delimiter: 'Another separator', quote: 'Another quotation mark' })
const FIELDS: Record<Mark, { most: number; usual: readonly string[] }> = {
  delimiter: { most: 8, usual: [',', ';', '\t', '|', ' ', ':'] },
  quote: { most: 1, usual: ['"', "'", ''] },
}
const ENCODINGS = [
  'utf-8', 'utf-16', 'windows-1252', 'windows-1250', 'windows-1251', 'iso-8859-1', 'iso-8859-2', 'iso-8859-15', 'cp437',
  'cp850', 'mac-roman', 'koi8-r', 'shift_jis', 'euc-jp', 'gb18030', 'big5', 'euc-kr',
]
const OTHER = 'other'

class ReadingMarks extends LitElement {
  static override styles = [
    fieldStyles,
    css`
      .fields {
        display: flex;
        flex-wrap: wrap;
        gap: 0.75rem 1.25rem;
        align-items: start;
      }
      .field {
        display: grid;
        gap: 0.2rem;
        max-inline-size: 100%;
      }
      .other {
        inline-size: 7rem;
      }
    `,
  ]
  static override properties = {
    decisions: { attribute: false },
    options: { attribute: false },
    problems: { attribute: false },
    others: { state: true },
  }
  /** What was found out; nothing where the file could not be read so far. */
  declare decisions: readonly Decision[]
  declare options: ReadingOptions
  /** What is wrong with what was asked for, by option. */
  declare problems: Readonly<Record<string, string>>
  /** Marks for which somebody is about to type one. */
  declare others: readonly Mark[]

  constructor() {
    super()
    this.decisions = []
    this.options = {}
    this.problems = {}
    this.others = []
  }

  #ask(option: string, value: string | null): void {
    const others = without(this.options, option)
    const detail = value === null ? others : { ...others, [option]: value }
    this.dispatchEvent(new CustomEvent('headway-ask', { detail }))
  }

  #chooseMark(mark: Mark, value: string): void {
    this.others = this.others.filter((each) => each !== mark)
    if (value === OTHER) this.others = [...this.others, mark]
    else this.#ask(mark, value ? value.slice(1) : null)
  }

  #found(subject: string): unknown {
    return this.decisions.find((decision) => decision.subject === subject)?.value
  }

  /** Of a dialect, one of its marks. */
  #foundMark(mark: Mark): unknown {
    return (this.#found('dialect') as Record<string, unknown> | null | undefined)?.[mark]
  }

  override render(): TemplateResult {
    const isTable = !this.decisions.length || this.#found('dialect') !== undefined
    return html`<fieldset>
      <legend>${say('Read it with')}</legend>
      <div class="fields">
        ${this.#renderEncoding()} ${isTable ? (Object.keys(FIELDS) as Mark[]).map((mark) => this.#renderMark(mark)) : nothing}
      </div>
    </fieldset>`
  }

  #renderEncoding(): TemplateResult {
    const found = this.#found('encoding')
    return this.#renderField(
      'encoding',
      say('Encoding'),
      html`<input
          id="encoding"
          list="encodings"
          maxlength="40"
          autocomplete="off"
          autocapitalize="off"
          spellcheck="false"
          placeholder=${typeof found === 'string' ? say('found out: {value}', { value: found }) : say('found out')}
          .value=${String(this.options['encoding'] ?? '')}
          aria-invalid=${this.problems['encoding'] ? 'true' : nothing}
          aria-describedby=${this.problems['encoding'] ? 'encoding-problem' : nothing}
          @change=${(event: Event) => this.#ask('encoding', (event.target as HTMLInputElement).value.trim() || null)}
        />
        <datalist id="encodings">${ENCODINGS.map((name) => html`<option value=${name}></option>`)}</datalist>`,
    )
  }

  #renderField(option: string, label: string, control: TemplateResult): TemplateResult {
    const problem = this.problems[option]
    return html`<div class="field">
      <label for=${option}>${label}</label>
      ${control} ${problem ? html`<p class="problem" id="${option}-problem" role="alert">${problem}</p>` : nothing}
    </div>`
  }

  #renderMark(mark: Mark): TemplateResult {
    const { usual } = FIELDS[mark]
    const asked = this.options[mark] as string | undefined
    const isOther = this.others.includes(mark) || (asked !== undefined && !usual.includes(asked))
    const found = this.#foundMark(mark)
    const told = this.decisions.length && asked === undefined ? say('found out: {value}', { value: sayDecision(found) }) : say('found out')
    return this.#renderField(
      mark,
      say(LABELS[mark]),
      html`<div class="bar">
        <select
          id=${mark}
          aria-invalid=${this.problems[mark] ? 'true' : nothing}
          aria-describedby=${this.problems[mark] ? `${mark}-problem` : nothing}
          @change=${(event: Event) => this.#chooseMark(mark, (event.target as HTMLSelectElement).value)}
        >
          <option value="" .selected=${asked === undefined && !isOther}>${told}</option>
          ${usual.map((sign) => html`<option value="=${sign}" .selected=${asked === sign && !isOther}>${sayDecision(sign)}</option>`)}
          <option value=${OTHER} .selected=${isOther}>${say('another…')}</option>
        </select>
        ${isOther ? this.#renderOther(mark, usual.includes(asked ?? '') ? '' : (asked ?? '')) : nothing}
      </div>`,
    )
  }

  #renderOther(mark: Mark, value: string): TemplateResult {
    const { most } = FIELDS[mark]
    return html`<input
      class="other"
      aria-label=${say(ANOTHER[mark])}
      maxlength=${most}
      autocomplete="off"
      .value=${value}
      @change=${(event: Event) => this.#ask(mark, (event.target as HTMLInputElement).value || null)}
    />`
  }
}

customElements.define('headway-reading-marks', ReadingMarks)
