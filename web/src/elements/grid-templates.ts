/** The markup of headings and rows. Styles go through the `style` property, because the CSP forbids the attribute. */

import { html, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'

import { cellLine, type GridColumn, isNumeric } from './grid-cells.ts'
import { formatCount } from './sizes.ts'
import { typeIcon } from './type-icon.ts'

interface Heading {
  column: GridColumn
  index: number
  kind: string
  sorted: 'none' | 'ascending' | 'descending'
  active: boolean
  onSort: () => void
  onFocus: () => void
  onDrag: (event: PointerEvent) => void
  onFit: () => void
  /** What the column holds, under its type; null where nobody knows. */
  profile: TemplateResult | null
}

const ARROWS = { none: '', ascending: '▲', descending: '▼' }

export function headingTemplate({ column, index, kind, sorted, active, profile, ...on }: Heading): TemplateResult {
  return html`<div
    class=${isNumeric(column.type) ? 'ends' : ''}
    role="columnheader"
    aria-colindex=${index + 2}
    aria-sort=${sorted}
  >
    <button
      tabindex=${active ? 0 : -1}
      ?data-active=${active}
      title=${column.name}
      @click=${on.onSort}
      @focus=${on.onFocus}
    >
      <span class="name">${column.name}</span>
      <span class="arrow" aria-hidden="true">${ARROWS[sorted]}</span>
    </button>
    <div class="type">${typeIcon(column.type)}<span>${kind}</span></div>
    ${profile}
    <span
      class="handle"
      aria-hidden="true"
      title="Drag to change the width, double-click to fit"
      @pointerdown=${on.onDrag}
      @dblclick=${on.onFit}
    ></span>
  </div>`
}

interface Row {
  row: number
  /** Where it stands in the scrolled element, in px. */
  y: number
  /** The columns in sight, and the index of the first of them. */
  columns: readonly GridColumn[]
  first: number
  /** undefined while the row is being fetched. */
  values: Record<string, unknown> | undefined
  activeColumn: number | null
  onClick: (event: PointerEvent, column: number) => void
  onOpen: (column: number) => void
}

export function rowTemplate(shown: Row): TemplateResult {
  return html`<div class="row" role="row" aria-rowindex=${shown.row + 2} .style=${`top:${shown.y}px`}>
    <div class="gutter" role="rowheader" aria-colindex="1">${formatCount(shown.row + 1)}</div>
    ${repeat(
      shown.columns,
      (column) => column.name,
      (column, index) => cellTemplate(shown, column, shown.first + index),
    )}
  </div>`
}

function cellTemplate({ values, activeColumn, ...on }: Row, column: GridColumn, index: number): TemplateResult {
  const active = activeColumn === index
  const line = values ? cellLine(values[column.name]) : '…'
  const kind = line === null ? 'empty' : !values ? 'missing' : isNumeric(column.type) ? 'number' : ''
  return html`<div
    class=${kind}
    role="gridcell"
    aria-colindex=${index + 2}
    tabindex=${active ? 0 : -1}
    ?data-active=${active}
    @click=${(event: PointerEvent) => on.onClick(event, index)}
    @dblclick=${() => on.onOpen(index)}
  >${line ?? 'empty'}</div>`
}

interface Foot {
  /** The rows in sight. */
  first: number
  count: number
  rows: number
  /** How many rows there are without the filters; null if there are none. */
  all: number | null
  /** null where every row is in sight. */
  onGo: ((event: SubmitEvent) => void) | null
}

export function footTemplate({ first, count, rows, all, onGo }: Foot): TemplateResult {
  const of = all === null ? formatCount(rows) : `${formatCount(rows)} matching, of ${formatCount(all)} in all`
  return html`<div class="foot">
    <span>${count ? `Rows ${formatCount(first + 1)} to ${formatCount(first + count)} of ${of}` : nothing}</span>
    ${
      onGo
        ? html`<form @submit=${onGo}>
            <label>Go to row <input name="row" inputmode="numeric" autocomplete="off" size="9" /></label>
            <button>Go</button>
          </form>`
        : nothing
    }
  </div>`
}

export function errorTemplate(sentence: string | undefined, onRetry: () => void): TemplateResult {
  return html`<div class="error" role="alert">
    <p>${sentence ?? 'The rows could not be loaded.'}</p>
    <button @click=${onRetry}>Retry</button>
  </div>`
}

/** What the grid is described by to who hears it. */
export function keysTemplate(): TemplateResult {
  return html`<p class="hidden" id="keys">
    Arrow keys move between cells, Enter opens a cell. On a heading, Enter sorts and Shift with an arrow changes the width;
    Tab leads to what the column holds.
  </p>`
}
