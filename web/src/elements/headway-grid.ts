/**
 * `<headway-grid>`: a table of any length. Holds only the rows in sight, follows the ARIA grid pattern, and lets the
 * server sort, search and filter. The host gives it a `source` and hears `headway-view-change`.
 */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'

import './grid-cell-dialog.ts'
import './grid-column-dialog.ts'
import './grid-toolbar.ts'
import { copyText } from './copy-text.ts'
import { dragWidth } from './drag-width.ts'
import type { CellDialog } from './grid-cell-dialog.ts'
import { cellText, type GridColumn, kindText, typeWord } from './grid-cells.ts'
import { ColumnLayout, type ColumnSpan } from './grid-columns.ts'
import { clamp } from './grid-geometry.ts'
import { type Cell, cellAfter, HEADER } from './grid-keys.ts'
import { type FetchPage, GridPages, type GridSource } from './grid-pages.ts'
import { profileTemplate } from './grid-profile-chart.ts'
import { GridProfiles } from './grid-profile.ts'
import { GridScroll } from './grid-scroll.ts'
import { gridStyles } from './grid-styles.ts'
import { errorTemplate, footTemplate, headingTemplate, keysTemplate, rowTemplate } from './grid-templates.ts'
import { type GridView, isFiltered, nextSort, PLAIN_VIEW, toParams } from './grid-view.ts'
import { columnWidths, naturalWidth } from './grid-widths.ts'
import { formatCount } from './sizes.ts'

const ROWS_BEYOND_VIEW = 4
const ROWS_AHEAD = 60
const RESIZE_STEP = 16

export class HeadwayGrid extends LitElement {
  static override styles = gridStyles
  static override properties = {
    source: { attribute: false },
    view: { attribute: false },
    label: {},
    active: { state: true },
    layout: { state: true },
  }
  declare source: GridSource | null
  declare view: GridView
  declare label: string
  declare active: Cell
  declare layout: ColumnLayout

  readonly #scroll = new GridScroll({ moved: () => this.requestUpdate(), rested: () => this.#want() })
  readonly #profiles = new GridProfiles(() => this.requestUpdate())
  #pages = GridPages.none()
  readonly #stepping = { handleEvent: () => this.#scroll.onWheel(), passive: true }
  #focusAfterUpdate = false
  #measured = false
  #announced = ''

  constructor() {
    super()
    this.source = null
    this.view = PLAIN_VIEW
    this.label = 'Rows'
    this.active = { row: 0, column: 0 }
    this.layout = ColumnLayout.unmeasured(0)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#scroll.disconnect()
    this.#pages.clear()
    this.#profiles.forget()
  }

  override connectedCallback(): void {
    super.connectedCallback()
    if (this.hasUpdated) this.firstUpdated()
  }

  override firstUpdated(): void {
    this.#scroll.connect(this.#scroller, this.renderRoot.querySelector<HTMLElement>('.head'))
  }

  // ------------------------------------------------------------------ data

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('source')) {
      this.#measured = false
      this.layout = ColumnLayout.unmeasured(this.#columns.length)
      void this.#profiles.load(this.source?.fetchProfile)
    }
    if (changed.has('source') || changed.has('view')) this.#start()
    this.#parkFocus()
  }

  /** Begin at the top with nothing loaded, for another dataset, order or filter. */
  #start(): void {
    const { source, view } = this
    const total = this.#pages.total
    this.#pages.clear()
    if (!source) return
    const fetchPage: FetchPage = (offset, limit, signal) => source.fetchRows(toParams(view), offset, limit, signal)
    this.#pages = new GridPages(fetchPage, source.columns.length, () => this.#arrived())
    this.#pages.total = isFiltered(view) ? total : source.rows
    this.active = { row: Math.min(this.active.row, 0), column: Math.min(this.active.column, this.#columns.length - 1) }
    this.#scroll.model.resize(this.#rows, this.#scroll.model.view)
    this.#scroll.model.go(0)
    void this.updateComplete.then(() => {
      this.#scroll.anchor()
      this.#want()
    })
  }

  get #scroller(): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>('.scroller')
  }

  get #columns(): readonly GridColumn[] {
    return this.source?.columns ?? []
  }

  get #rows(): number {
    return this.#pages.total ?? 0
  }

  #arrived(): void {
    if (!this.#measured && this.#pages.sample.length) this.#fitColumns()
    if (this.#scroll.model.rows !== this.#rows) {
      this.#scroll.model.resize(this.#rows, this.#scroll.model.view)
      this.active = { ...this.active, row: clamp(this.active.row, HEADER, Math.max(0, this.#rows - 1)) }
      void this.updateComplete.then(() => this.#scroll.anchor())
    }
    this.#announce()
    this.requestUpdate()
  }

  #want(): void {
    const { first, count } = this.#scroll.model.window(ROWS_AHEAD)
    // Before the first answer to a filter nobody knows how many rows there are; the first page tells.
    this.#pages.want(first, Math.max(count, this.#pages.total === null || !this.#pages.sample.length ? 1 : 0))
    this.requestUpdate()
  }

  #retry(): void {
    this.#pages.retry()
    this.#want()
  }

  #announce(): void {
    if (isFiltered(this.view))
      this.#announced = `${formatCount(this.#rows)} of ${formatCount(this.source?.rows ?? 0)} rows match.`
    else if (this.#announced) this.#announced = `${formatCount(this.#rows)} rows.`
  }

  // ------------------------------------------------------------------ columns

  #fitColumns(): void {
    const room = this.#scroll.width - this.#gutterWidth
    this.layout = new ColumnLayout(columnWidths(this.#columns, this.source?.rows ?? 0, this.#pages.sample, room, this))
    this.#measured = true
  }

  get #gutterWidth(): number {
    return 22 + formatCount(Math.max(this.source?.rows ?? 0, 100)).length * 7
  }

  #columnSpan(): ColumnSpan {
    return this.layout.span(this.#gutterWidth, this.#scroll.left, this.#scroll.width)
  }

  #resize(column: number, width: number): void {
    this.layout.resize(column, width)
    this.requestUpdate()
  }

  #fitColumn(column: number): void {
    const shown = this.#columns[column]
    if (shown) this.#resize(column, naturalWidth(shown, this.source?.rows ?? 0, this.#pages.sample, this))
  }

  #sort(column: number): void {
    const name = this.#columns[column]?.name
    if (name !== undefined) this.#change({ ...this.view, sort: nextSort(this.view.sort, name) })
  }

  #change(view: GridView): void {
    this.view = view
    this.dispatchEvent(new CustomEvent('headway-view-change', { detail: view, bubbles: true, composed: true }))
  }

  // ------------------------------------------------------------------ keyboard and focus

  #onKey(event: KeyboardEvent): void {
    const { row, column } = this.active
    if (event.key === 'Enter' && row !== HEADER) this.#open(this.active)
    else if (event.key.toLowerCase() === 'c' && (event.ctrlKey || event.metaKey) && !event.shiftKey) return this.#copy()
    else if (row === HEADER && event.shiftKey && event.key.startsWith('Arrow')) this.#resizeByKey(event.key, column)
    else {
      const bounds = { rows: this.#rows, columns: this.#columns.length, page: this.#scroll.model.rowsPerPage }
      const to = cellAfter(event, this.active, bounds)
      if (!to) return
      this.#moveTo(to)
    }
    event.preventDefault()
  }

  #resizeByKey(key: string, column: number): void {
    const step = key === 'ArrowRight' ? RESIZE_STEP : key === 'ArrowLeft' ? -RESIZE_STEP : 0
    if (step) this.#resize(column, this.layout.width(column) + step)
  }

  #moveTo({ row, column }: Cell): void {
    this.active = { row, column }
    if (row !== HEADER) this.#scroll.revealRow(row)
    const room = this.#scroll.width - this.#gutterWidth
    this.#scroll.scrollColumnsTo(this.layout.reveal(column, this.#scroll.left, room))
    this.#focusAfterUpdate = true
    this.requestUpdate()
  }

  /** A focused cell that leaves the rendered rows would take the focus with it; the grid itself holds it instead. */
  #parkFocus(): void {
    const focused = this.shadowRoot?.activeElement
    if (!focused?.closest('[role="gridcell"], [role="columnheader"]')) return
    if (!this.#isRendered(this.active)) this.#scroller?.focus({ preventScroll: true })
  }

  #isRendered({ row, column }: Cell): boolean {
    const { first, count } = this.#scroll.model.window(ROWS_BEYOND_VIEW)
    const span = this.#columnSpan()
    return (row === HEADER || (row >= first && row < first + count)) && column >= span.first && column < span.end
  }

  override updated(): void {
    if (!this.#focusAfterUpdate) return
    this.#focusAfterUpdate = false
    this.renderRoot.querySelector<HTMLElement>('[data-active]')?.focus({ preventScroll: true })
  }

  #onClick(event: PointerEvent, cell: Cell): void {
    const again = cell.row === this.active.row && cell.column === this.active.column
    // A finger has no double click that browsers agree on; the second tap on a cell opens it.
    if (again && event.pointerType === 'touch') this.#open(cell)
    this.#moveTo(cell)
  }

  #open({ row, column }: Cell): void {
    const shown = this.#columns[column]
    const values = this.#pages.row(row)
    if (!shown || !values) return
    const dialog = this.renderRoot.querySelector<CellDialog>('headway-cell-dialog')
    dialog?.show(`Row ${formatCount(row + 1)}, ${shown.name}`, typeWord(shown.type), cellText(values[shown.name]))
  }

  #copy(): void {
    const { row, column } = this.active
    const name = this.#columns[column]?.name ?? ''
    if (!getSelection()?.isCollapsed || row === HEADER) return
    void copyText(cellText(this.#pages.row(row)?.[name]) ?? '')
    this.#announced = 'Copied.'
    this.requestUpdate()
  }

  // ------------------------------------------------------------------ rendering

  override render(): TemplateResult {
    return html`
      <headway-grid-toolbar
        .columns=${this.#columns}
        .view=${this.view}
        @view-picked=${(event: CustomEvent<GridView>) => this.#change(event.detail)}
      ></headway-grid-toolbar>
      ${this.#pages.error === null ? nothing : errorTemplate(this.source?.explain(this.#pages.error), () => this.#retry())}
      <div class="frame">${this.#renderGrid()} ${this.#renderEmpty()}</div>
      ${this.#renderFoot()}
      <p class="hidden" role="status">${this.#announced}</p>
      ${keysTemplate()}
      <headway-cell-dialog></headway-cell-dialog>
      <headway-column-dialog></headway-column-dialog>
    `
  }

  #renderGrid(): TemplateResult {
    const span = this.#columnSpan()
    const { first, count } = this.#scroll.model.window(ROWS_BEYOND_VIEW)
    const indices = Array.from({ length: count }, (_, index) => first + index)
    // Rows are keyed by their place in a ring: those that stay keep their element, those that leave lend theirs.
    const ring = Math.ceil(this.#scroll.model.view / this.#scroll.model.rowHeight) + 2 * ROWS_BEYOND_VIEW + 2
    return html`<div
      class="scroller"
      role="grid"
      aria-label=${this.label}
      aria-describedby="keys"
      aria-rowcount=${this.#rows + 1}
      aria-colcount=${this.#columns.length + 1}
      aria-busy=${this.#pages.busy}
      tabindex=${this.#isRendered(this.active) && this.#rows ? -1 : 0}
      @scroll=${() => this.#scroll.onScroll()}
      @wheel=${this.#stepping}
      @touchmove=${this.#stepping}
      @keydown=${this.#onKey}
    >
      <div class="head" role="rowgroup" .style=${`width:${span.total}px;--columns:${span.template}`}>
        <div class="row" role="row" aria-rowindex="1">
          <div class="gutter" role="columnheader" aria-colindex="1"><span class="hidden">Row</span></div>
          ${repeat(
            this.#columns.slice(span.first, span.end),
            (column) => column.name,
            (column, index) => this.#renderHeading(column, span.first + index),
          )}
        </div>
      </div>
      <div
        class="body"
        role="rowgroup"
        .style=${`width:${span.total}px;height:${this.#scroll.model.physicalHeight}px;--columns:${span.template}`}
      >
        ${repeat(
          indices,
          (row) => row % ring,
          (row) => this.#renderRow(row, span),
        )}
      </div>
    </div>`
  }

  #renderHeading(column: GridColumn, index: number): TemplateResult {
    const { sort } = this.view
    const active = this.active.row === HEADER && this.active.column === index
    const onFocus = (): void => void (this.active = { row: HEADER, column: index })
    return headingTemplate({
      column,
      index,
      profile: this.#profiles.expected ? this.#renderProfile(column, { active, onFocus }) : null,
      kind: kindText(column, this.source?.rows ?? 0),
      sorted: sort?.column !== column.name ? 'none' : sort.descending ? 'descending' : 'ascending',
      active,
      onSort: () => this.#sort(index),
      onFocus,
      onDrag: (event) => dragWidth(event, this.layout.width(index), (width) => this.#resize(index, width)),
      onFit: () => this.#fitColumn(index),
    })
  }

  #renderProfile({ name }: GridColumn, on: { active: boolean; onFocus: () => void }): TemplateResult {
    const profile = this.#profiles.of(name)
    const rows = this.source?.rows ?? 0
    const dialog = this.renderRoot.querySelector('headway-column-dialog')
    return profileTemplate(profile, rows, { ...on, onOpen: () => profile && dialog?.show(profile, rows) })
  }

  #renderRow(row: number, span: ColumnSpan): TemplateResult {
    return rowTemplate({
      row,
      y: this.#scroll.model.y(row),
      columns: this.#columns.slice(span.first, span.end),
      first: span.first,
      values: this.#pages.row(row),
      activeColumn: this.active.row === row ? this.active.column : null,
      onClick: (event, column) => this.#onClick(event, { row, column }),
      onOpen: (column) => this.#open({ row, column }),
    })
  }

  #renderEmpty(): TemplateResult | typeof nothing {
    if (this.#rows > 0 || this.#pages.busy || this.#pages.error !== null || !this.source) return nothing
    if (!isFiltered(this.view)) return html`<p class="none">This dataset has no rows.</p>`
    return html`<p class="none">
      0 of ${formatCount(this.source.rows)} rows match.
      <button class="link" @click=${() => this.#change({ ...this.view, q: '', filters: [] })}>Clear filters</button>
    </p>`
  }

  #renderFoot(): TemplateResult {
    const { first, count } = this.#scroll.model.window(0)
    return footTemplate({
      first,
      count,
      rows: this.#rows,
      all: isFiltered(this.view) ? (this.source?.rows ?? 0) : null,
      onGo: this.#rows > this.#scroll.model.rowsPerPage ? this.#goToRow.bind(this) : null,
    })
  }

  #goToRow(event: SubmitEvent): void {
    event.preventDefault()
    const text = String(new FormData(event.target as HTMLFormElement).get('row'))
    const row = Number(text.replace(/\D/g, ''))
    if (row < 1 || !this.#rows) return
    this.#scroll.goToRow(Math.min(row, this.#rows) - 1)
    this.#moveTo({ row: Math.min(row, this.#rows) - 1, column: this.active.column })
  }
}

customElements.define('headway-grid', HeadwayGrid)

declare global {
  interface HTMLElementTagNameMap {
    'headway-grid': HeadwayGrid
  }
}
