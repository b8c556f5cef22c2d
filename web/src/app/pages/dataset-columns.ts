/** The columns of a dataset: what each is, and why. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import type { Dataset } from '../../client/types.ts'
import { typeWord } from '../../elements/grid-cells.ts'
import { formatCount, plural } from '../../elements/sizes.ts'
import { typeIcon } from '../../elements/type-icon.ts'
import { pageStyles } from './page-styles.ts'

const SEARCHABLE_FROM = 15

type Column = Dataset['columns'][number]

class DatasetColumns extends LitElement {
  static override styles = [
    pageStyles,
    css`
      :host {
        max-inline-size: none;
      }
      ol {
        display: grid;
        margin: 0.75rem 0 0;
        padding: 0;
        border: 1px solid var(--line);
        border-radius: 8px;
        list-style: none;
      }
      li {
        display: grid;
        grid-template-columns: 3.5rem minmax(8rem, 16rem) minmax(7rem, 11rem) minmax(0, 1fr);
        gap: 0.1rem 1rem;
        align-items: start;
        padding: 0.55rem 0.9rem;
        content-visibility: auto;
        contain-intrinsic-block-size: 3rem;
      }
      li + li {
        border-block-start: 1px solid var(--line);
      }
      .position {
        color: var(--muted);
        font-variant-numeric: tabular-nums;
      }
      .name {
        font-weight: 600;
        overflow-wrap: anywhere;
        white-space: pre-wrap;
      }
      .type {
        display: flex;
        align-items: center;
        gap: 0.35rem;
      }
      .why {
        min-inline-size: 0;
        overflow-wrap: anywhere;
      }
      code {
        padding: 0 0.3em;
        border: 1px solid var(--line);
        border-radius: 4px;
        background: var(--panel);
        font: 12px/1.5 ui-monospace, monospace;
        white-space: pre-wrap;
      }
      @media (width < 44rem) {
        li {
          grid-template-columns: 2.5rem minmax(0, 1fr);
        }
        .type,
        .why {
          grid-column: 2;
        }
      }
    `,
  ]
  static override properties = { shown: { attribute: false }, q: { state: true } }
  declare shown: Dataset | null
  declare q: string

  constructor() {
    super()
    this.shown = null
    this.q = ''
  }

  override render(): TemplateResult {
    const columns = this.shown?.columns ?? []
    const wanted = this.q.toLowerCase()
    return html`${columns.length >= SEARCHABLE_FROM ? this.#renderSearch() : nothing}
      <ol aria-label="Columns">
        ${columns.map((column, index) =>
          column.name.toLowerCase().includes(wanted) ? this.#renderColumn(column, index) : nothing,
        )}
      </ol>`
  }

  #renderSearch(): TemplateResult {
    return html`<input
      type="search"
      aria-label="Search columns by name"
      placeholder="Search by name"
      @input=${(event: Event) => (this.q = (event.target as HTMLInputElement).value.trim())}
    />`
  }

  #renderColumn(column: Column, index: number): TemplateResult {
    return html`<li>
      <span class="position">${formatCount(index + 1)}</span>
      <span class="name">${column.name}</span>
      <span class="type">${typeIcon(column.type)} ${typeWord(column.type)}</span>
      <div class="why">
        ${column.why}
        <p class="muted">${this.#renderFacts(column)}</p>
      </div>
    </li>`
  }

  #renderFacts(column: Column): (TemplateResult | string)[] {
    const facts: (TemplateResult | string)[] = [
      column.nulls
        ? `${plural(column.nulls, 'empty cell', 'empty cells')} (${this.#share(column.nulls)})`
        : 'No empty cells',
    ]
    const tokens = column.null_tokens.filter((token) => token !== '')
    if (tokens.length) facts.push(html` · read as empty: ${tokens.map((token) => html`<code>${token}</code> `)}`)
    if (column.format) facts.push(html` · written as <code>${column.format}</code>`)
    if (column.written) facts.push(' · some cells were written differently, and their written form is kept')
    return facts
  }

  #share(nulls: number): string {
    const rows = this.shown?.rows || 1
    return new Intl.NumberFormat(undefined, { style: 'percent', maximumSignificantDigits: 2 }).format(nulls / rows)
  }
}

customElements.define('headway-dataset-columns', DatasetColumns)
