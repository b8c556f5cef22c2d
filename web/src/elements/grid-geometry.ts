/**
 * Where rows and columns of the virtual grid stand. Pure numbers, no DOM.
 *
 * Browsers stop laying out at about 33 million px (row 1,118,481 at 30 px), so the scrolled element is never taller
 * than `MAX_PHYSICAL` and two positions are kept: `top`, in the px that the table would really have, and `physicalTop`,
 * the element's scrollTop. A wheel or a finger moves both by the same px; a dragged thumb moves `top` in proportion.
 */

export const ROW_HEIGHT = 30
export const MAX_PHYSICAL = 4_000_000
/** At both ends the thumb moves 1:1, so that a wheel never runs out of track before it runs out of rows. */
const EXACT_ENDS = 100_000

/** A thumb that is dragged moves by at least this part of one px of its track; smaller steps are a wheel's. */
const THUMB_STEP = 0.25

export interface RowWindow {
  first: number
  count: number
}

export class ScrollModel {
  rows: number
  view: number
  top = 0
  physicalTop = 0
  readonly rowHeight: number

  constructor(rows = 0, view = 0, rowHeight = ROW_HEIGHT) {
    this.rows = rows
    this.view = view
    this.rowHeight = rowHeight
  }

  get realHeight(): number {
    return this.rows * this.rowHeight
  }

  get physicalHeight(): number {
    return Math.min(this.realHeight, MAX_PHYSICAL)
  }

  get scaled(): boolean {
    return this.realHeight > MAX_PHYSICAL
  }

  get maxTop(): number {
    return Math.max(0, this.realHeight - this.view)
  }

  get maxPhysicalTop(): number {
    return Math.max(0, this.physicalHeight - this.view)
  }

  /** Take a new size. The row at the top stays where it is, as far as the new size allows. */
  resize(rows: number, view: number): void {
    this.rows = rows
    this.view = view
    this.top = clamp(this.top, 0, this.maxTop)
  }

  /**
   * Follow the element's scrollTop. `stepping` says that a wheel or a finger moved it, so that even a very fast one
   * is not taken for a dragged thumb.
   */
  follow(physicalTop: number, stepping: boolean): void {
    const delta = physicalTop - this.physicalTop
    this.physicalTop = physicalTop
    if (!this.scaled) this.top = clamp(physicalTop, 0, this.maxTop)
    else if (delta === 0) return
    else if (stepping || Math.abs(delta) < (MAX_PHYSICAL / this.view) * THUMB_STEP)
      this.top = clamp(this.top + delta, 0, this.maxTop)
    else this.top = clamp(this.#fairTop(physicalTop), 0, this.maxTop)
  }

  /** Whether the thumb hit an end of its track before the table did, so that no further scroll event would come. */
  get stuck(): boolean {
    if (!this.scaled) return false
    const before = this.physicalTop <= 0 && this.top > 0
    return before || (this.physicalTop >= this.maxPhysicalTop - 1 && this.top < this.maxTop)
  }

  /** The scrollTop that belongs to `top`: the same distance near an end, in proportion between. */
  get fairPhysicalTop(): number {
    if (!this.scaled || this.top <= EXACT_ENDS) return this.top
    const toEnd = this.maxTop - this.top
    if (toEnd <= EXACT_ENDS) return this.maxPhysicalTop - toEnd
    return EXACT_ENDS + (this.top - EXACT_ENDS) / this.#ratio
  }

  #fairTop(physicalTop: number): number {
    const toEnd = this.maxPhysicalTop - physicalTop
    if (physicalTop <= EXACT_ENDS) return physicalTop
    if (toEnd <= EXACT_ENDS) return this.maxTop - toEnd
    return EXACT_ENDS + (physicalTop - EXACT_ENDS) * this.#ratio
  }

  /** How many real px one px of the thumb's way stands for, between the exact ends. */
  get #ratio(): number {
    return (this.maxTop - 2 * EXACT_ENDS) / (this.maxPhysicalTop - 2 * EXACT_ENDS)
  }

  /** Go to a position; the caller then sets the element's scrollTop to `fairPhysicalTop` and calls `anchored`. */
  go(top: number): void {
    this.top = clamp(top, 0, this.maxTop)
  }

  /** The caller moved the element itself; what it reads back may be rounded, so the real value is taken. */
  anchored(physicalTop: number): void {
    this.physicalTop = physicalTop
  }

  /** Go no further than needed to see the whole row. Return whether anything moved. */
  reveal(row: number): boolean {
    const before = this.top
    const y = row * this.rowHeight
    if (y < this.top) this.go(y)
    else if (y + this.rowHeight > this.top + this.view) this.go(y + this.rowHeight - this.view)
    return this.top !== before
  }

  /** Whole rows in one page of the view; Page Up and Down keep one row of the old page in sight. */
  get rowsPerPage(): number {
    return Math.max(1, Math.floor(this.view / this.rowHeight) - 1)
  }

  window(overscan: number): RowWindow {
    const first = Math.max(0, Math.floor(this.top / this.rowHeight) - overscan)
    const end = Math.min(this.rows, Math.ceil((this.top + this.view) / this.rowHeight) + overscan)
    return { first, count: Math.max(0, end - first) }
  }

  /** The y of a row inside the physical element. */
  y(row: number): number {
    return this.scaled ? this.physicalTop + (row * this.rowHeight - this.top) : row * this.rowHeight
  }
}

/** Left edges of columns, and one more: the right edge of the last. */
export function columnOffsets(widths: readonly number[]): number[] {
  const offsets = [0]
  for (const width of widths) offsets.push((offsets.at(-1) ?? 0) + width)
  return offsets
}

/** The first column and the one after the last that touch the span from `left` to `right`. */
export function columnWindow(offsets: readonly number[], left: number, right: number): [first: number, end: number] {
  const columns = offsets.length - 1
  let first = 0
  let high = columns
  while (first < high) {
    const middle = (first + high) >> 1
    if ((offsets[middle + 1] ?? 0) <= left) first = middle + 1
    else high = middle
  }
  first = Math.min(first, Math.max(0, columns - 1))
  let end = first
  while (end < columns && (offsets[end] ?? 0) < right) end++
  return [first, end]
}

export const COLUMN_MIN = 64
export const COLUMN_MAX = 1200
const FIRST_MAX = 340

/** A column's first width: its widest sampled text or heading, within limits. Paddings are the caller's. */
export function fittingWidth(sampled: readonly number[], heading: number, padding: number): number {
  const content = sampled.length ? Math.max(...sampled) : 0
  return Math.ceil(clamp(Math.max(content, heading) + padding, COLUMN_MIN, FIRST_MAX))
}

/** Share room that is left over among the columns, so that a narrow table fills its frame without huge gaps. */
export function spread(widths: readonly number[], room: number): number[] {
  const total = widths.reduce((sum, width) => sum + width, 0)
  if (total >= room || total === 0) return [...widths]
  const factor = Math.min(room / total, 1.6)
  return widths.map((width) => Math.floor(width * factor))
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
