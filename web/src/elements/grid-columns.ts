/** The widths of the columns, and which of them are in sight. */

import { clamp, COLUMN_MAX, COLUMN_MIN, columnOffsets, columnWindow } from './grid-geometry.ts'

const UNMEASURED = 140
/** Columns this far outside the view are rendered too, so that a short scroll shows no gap. */
const BEYOND_VIEW = 200

export interface ColumnSpan {
  /** The first column in sight, and the one after the last. */
  first: number
  end: number
  /** Width of the whole table in px. */
  total: number
  /** CSS grid: the gutter, the room of the columns before the first, then each column in sight. */
  template: string
}

export class ColumnLayout {
  readonly #widths: number[]
  #offsets: number[]

  constructor(widths: readonly number[]) {
    this.#widths = [...widths]
    this.#offsets = columnOffsets(this.#widths)
  }

  /** Before any row is there to be measured. */
  static unmeasured(columns: number): ColumnLayout {
    return new ColumnLayout(Array.from({ length: columns }, () => UNMEASURED))
  }

  width(column: number): number {
    return this.#widths[column] ?? UNMEASURED
  }

  resize(column: number, width: number): void {
    this.#widths[column] = clamp(Math.round(width), COLUMN_MIN, COLUMN_MAX)
    this.#offsets = columnOffsets(this.#widths)
  }

  span(gutter: number, left: number, view: number): ColumnSpan {
    const [first, end] = columnWindow(this.#offsets, left - BEYOND_VIEW, left + view + BEYOND_VIEW)
    const shown = this.#widths.slice(first, end).map((width) => `${width}px`)
    return {
      first,
      end,
      total: gutter + (this.#offsets.at(-1) ?? 0),
      template: `${gutter}px ${this.#offsets[first] ?? 0}px ${shown.join(' ')}`,
    }
  }

  /** The scroll position, nearest to `left`, at which the whole column is in sight. */
  reveal(column: number, left: number, room: number): number {
    const start = this.#offsets[column] ?? 0
    const end = this.#offsets[column + 1] ?? 0
    return Math.min(start, Math.max(left, end - room))
  }
}
