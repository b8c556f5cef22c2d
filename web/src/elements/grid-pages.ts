/**
 * The pages of rows that the grid holds: a small cache, one request for each missing page, and none for pages that
 * have scrolled away meanwhile.
 */

import type { GridColumn } from './grid-cells.ts'
import type { FetchProfile } from './grid-profile.ts'

export const PAGE_ROWS = 200
/** Pages of very wide tables get fewer rows, so that none holds much more than this many cells. */
const PAGE_CELLS = 60_000
export const PAGES_KEPT = 60

export interface RowsPage {
  rows: readonly Record<string, unknown>[]
  total: number
}

/** Where rows come from. `fetchRows` gets the view's parameters, as `toParams` writes them. */
export interface GridSource {
  columns: readonly GridColumn[]
  /** Rows without any filter. */
  rows: number
  fetchRows(view: URLSearchParams, offset: number, limit: number, signal: AbortSignal): Promise<RowsPage>
  /** What the columns hold; left out where nobody knows. */
  fetchProfile?: FetchProfile
  /** An error in one sentence for a person. */
  explain(error: unknown): string
}

export type FetchPage = (offset: number, limit: number, signal: AbortSignal) => Promise<RowsPage>

export class GridPages {
  total: number | null = null
  error: unknown = null
  readonly #fetchPage: FetchPage
  readonly #changed: () => void
  readonly pageRows: number
  readonly #pages = new Map<number, RowsPage['rows']>()
  readonly #asked = new Map<number, AbortController>()

  /** Pages of nothing, until there is a source. */
  static none(): GridPages {
    return new GridPages(() => Promise.resolve({ rows: [], total: 0 }), 0, () => undefined)
  }

  /** `changed` is called after each page that arrives or fails. */
  constructor(fetchPage: FetchPage, columns: number, changed: () => void) {
    this.pageRows = Math.min(PAGE_ROWS, Math.max(10, Math.floor(PAGE_CELLS / Math.max(1, columns))))
    this.#fetchPage = fetchPage
    this.#changed = changed
  }

  get busy(): boolean {
    return this.#asked.size > 0
  }

  row(index: number): Record<string, unknown> | undefined {
    return this.#pages.get(Math.floor(index / this.pageRows))?.[index % this.pageRows]
  }

  /** The rows of the first page, from which columns take their first width. */
  get sample(): RowsPage['rows'] {
    return this.#pages.get(0) ?? []
  }

  /** Whether every row of the span is here. */
  holds(first: number, count: number): boolean {
    return this.#pagesOf(first, count).every((page) => this.#pages.has(page))
  }

  /** Ask for what the span needs and give up what it does not. A failed page is only asked for again by `retry`. */
  want(first: number, count: number): void {
    const wanted = this.#pagesOf(first, count)
    for (const [page, asked] of this.#asked) {
      if (wanted.includes(page)) continue
      asked.abort()
      this.#asked.delete(page)
    }
    for (const page of wanted) {
      if (this.#pages.has(page)) this.#touch(page)
      else if (!this.#asked.has(page) && this.error === null) void this.#ask(page)
    }
  }

  retry(): void {
    this.error = null
  }

  /** Forget everything, for another order or filter. `total` stays as the best guess until the first answer. */
  clear(): void {
    for (const asked of this.#asked.values()) asked.abort()
    this.#asked.clear()
    this.#pages.clear()
    this.error = null
  }

  async #ask(page: number): Promise<void> {
    const controller = new AbortController()
    this.#asked.set(page, controller)
    try {
      const answer = await this.#fetchPage(page * this.pageRows, this.pageRows, controller.signal)
      if (controller.signal.aborted) return
      this.#keep(page, answer)
    } catch (error) {
      if (controller.signal.aborted) return
      this.error = error
    }
    this.#asked.delete(page)
    this.#changed()
  }

  #keep(page: number, answer: RowsPage): void {
    this.total = answer.total
    this.#pages.set(page, answer.rows)
    while (this.#pages.size > PAGES_KEPT) this.#pages.delete(this.#pages.keys().next().value as number)
  }

  /** A Map remembers the order of insertion: putting a page in again makes it the newest. */
  #touch(page: number): void {
    const rows = this.#pages.get(page)
    if (!rows) return
    this.#pages.delete(page)
    this.#pages.set(page, rows)
  }

  #pagesOf(first: number, count: number): number[] {
    if (count <= 0) return []
    const from = Math.floor(first / this.pageRows)
    const to = Math.floor((first + count - 1) / this.pageRows)
    return Array.from({ length: to - from + 1 }, (_, index) => from + index)
  }
}
