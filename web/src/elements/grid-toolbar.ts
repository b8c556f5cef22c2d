/** Search, filters and the form of the values, above the grid. Dispatches `view-picked` with the whole new view. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import { controlStyles } from './control-styles.ts'
import { isNumeric } from './grid-cells.ts'
import { type Filter, type FilterOp, type GridView, needsValue, opsFor, opText, PLAIN_VIEW } from './grid-view.ts'

const TYPING_MILLISECONDS = 300

interface Choosable {
  name: string
  type: string
}

export class GridToolbar extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
        margin-block-end: 0.75rem;
      }
      .bar {
        margin: 0;
      }
      .bar + .bar {
        margin-block-start: 0.5rem;
      }
      input[type='search'] {
        flex: 0 1 18rem;
        min-inline-size: 10rem;
      }
      .written {
        display: inline-flex;
        align-items: center;
        gap: 0.4rem;
        min-block-size: 32px;
        margin-inline-start: auto;
        cursor: pointer;
      }
      .written input {
        inline-size: 18px;
        block-size: 18px;
        margin: 0;
        accent-color: var(--accent);
      }
      form.bar {
        padding: 0.6rem;
        border: 1px solid var(--line);
        border-radius: 8px;
        background: var(--panel);
        align-items: end;
      }
      form label {
        display: grid;
        gap: 0.15rem;
        color: var(--muted);
        font-size: 12px;
      }
      form select,
      form input {
        max-inline-size: min(16rem, 70vw);
      }
      .chip {
        display: inline-flex;
        align-items: center;
        gap: 0.25rem;
        max-inline-size: 100%;
        padding-inline-start: 0.7rem;
        border: 1px solid var(--line);
        border-radius: 99px;
        background: var(--panel);
      }
      .chip span {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .chip button {
        min-block-size: 28px;
        min-inline-size: 28px;
        padding: 0;
        border: 0;
        border-radius: 99px;
        background: none;
      }
    `,
  ]
  static override properties = {
    columns: { attribute: false },
    view: { attribute: false },
    adding: { state: true },
    column: { state: true },
    op: { state: true },
  }
  declare columns: readonly Choosable[]
  declare view: GridView
  declare adding: boolean
  declare column: string
  declare op: FilterOp

  #typing: ReturnType<typeof setTimeout> | undefined

  constructor() {
    super()
    this.columns = []
    this.view = PLAIN_VIEW
    this.adding = false
    this.column = ''
    this.op = 'contains'
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#typing)
  }

  #pick(view: Partial<GridView>): void {
    clearTimeout(this.#typing)
    this.dispatchEvent(new CustomEvent('view-picked', { detail: { ...this.view, ...view } }))
  }

  #onSearch(event: Event): void {
    const q = (event.target as HTMLInputElement).value.trim()
    clearTimeout(this.#typing)
    if (event.type === 'change') this.#search(q)
    else this.#typing = setTimeout(() => this.#search(q), TYPING_MILLISECONDS)
  }

  #search(q: string): void {
    if (q !== this.view.q) this.#pick({ q })
  }

  #toggleAdding(): void {
    this.adding = !this.adding
    const first = this.columns[0]
    if (!this.adding || !first) return
    if (!this.columns.some((column) => column.name === this.column)) this.#choose(first.name)
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>('form select')?.focus())
  }

  #choose(name: string): void {
    this.column = name
    this.op = this.#ops[0] ?? 'eq'
  }

  get #type(): string {
    return this.columns.find((column) => column.name === this.column)?.type ?? 'text'
  }

  get #ops(): readonly FilterOp[] {
    return opsFor(this.#type)
  }

  #add(event: SubmitEvent): void {
    event.preventDefault()
    const value = String(new FormData(event.target as HTMLFormElement).get('value') ?? '')
    const filter: Filter = { column: this.column, op: this.op, value }
    this.adding = false
    this.#pick({ filters: [...this.view.filters, filter] })
    this.renderRoot.querySelector<HTMLElement>('.add')?.focus()
  }

  #onFormKey(event: KeyboardEvent): void {
    if (event.key !== 'Escape') return
    this.adding = false
    this.renderRoot.querySelector<HTMLElement>('.add')?.focus()
  }

  #remove(index: number): void {
    this.#pick({ filters: this.view.filters.filter((_, each) => each !== index) })
    this.renderRoot.querySelector<HTMLElement>('.add')?.focus()
  }

  override render(): TemplateResult {
    return html`<div class="bar">
        <input
          type="search"
          aria-label="Search all columns"
          placeholder="Search all columns"
          .value=${this.view.q}
          @input=${this.#onSearch}
          @change=${this.#onSearch}
        />
        <button class="add" aria-expanded=${this.adding} @click=${this.#toggleAdding}>Add filter</button>
        ${this.view.filters.map((filter, index) => this.#renderChip(filter, index))}
        <label class="written" title="Show every cell as it is written in the file">
          <input
            type="checkbox"
            .checked=${this.view.written}
            @change=${(event: Event) => this.#pick({ written: (event.target as HTMLInputElement).checked })}
          />
          As written
        </label>
      </div>
      ${this.adding ? this.#renderForm() : nothing}`
  }

  #renderChip(filter: Filter, index: number): TemplateResult {
    const text = [filter.column, opText(filter.op), needsValue(filter.op) ? filter.value : ''].join(' ').trim()
    return html`<span class="chip">
      <span title=${text}>${text}</span>
      <button aria-label=${`Remove filter: ${text}`} @click=${() => this.#remove(index)}>
        <span aria-hidden="true">✕</span>
      </button>
    </span>`
  }

  #renderForm(): TemplateResult {
    return html`<form class="bar" @submit=${this.#add} @keydown=${this.#onFormKey}>
      <label>
        Column
        <select @change=${(event: Event) => this.#choose((event.target as HTMLSelectElement).value)}>
          ${this.columns.map(({ name }) => html`<option .value=${name} .selected=${name === this.column}>${name}</option>`)}
        </select>
      </label>
      <label>
        Condition
        <select @change=${(event: Event) => (this.op = (event.target as HTMLSelectElement).value as FilterOp)}>
          ${this.#ops.map((op) => html`<option value=${op} .selected=${op === this.op}>${opText(op)}</option>`)}
        </select>
      </label>
      ${needsValue(this.op) ? html`<label>Value ${this.#renderValue()}</label>` : nothing}
      <button class="primary">Apply</button>
      <button type="button" @click=${this.#toggleAdding}>Close</button>
    </form>`
  }

  /** An input that can only hold what a value of the column can be, so that the server need not refuse it. */
  #renderValue(): TemplateResult {
    const type = this.#type
    if (type === 'boolean')
      return html`<select name="value">
        <option>true</option>
        <option>false</option>
      </select>`
    if (type === 'date') return html`<input name="value" type="date" required />`
    if (type === 'integer' || type === 'big_integer') return numberInput('-?[0-9]+', 'A whole number, such as 42')
    if (isNumeric(type)) return numberInput('-?[0-9]*\\.?[0-9]+', 'A number with a decimal point, such as 2.50')
    const example =
      { time: '10:30:00', timestamp: '2026-01-31T10:30:00', timestamp_tz: '2026-01-31T10:30:00Z' }[type] ?? ''
    return html`<input name="value" autocomplete="off" required placeholder=${example} />`
  }
}

function numberInput(pattern: string, title: string): TemplateResult {
  return html`<input name="value" inputmode="decimal" autocomplete="off" required pattern=${pattern} title=${title} />`
}

customElements.define('headway-grid-toolbar', GridToolbar)

declare global {
  interface HTMLElementTagNameMap {
    'headway-grid-toolbar': GridToolbar
  }
}
