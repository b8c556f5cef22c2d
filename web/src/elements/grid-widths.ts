/** First widths of columns, from the rows of the first page, measured in the font that the grid really uses. */

import { cellLine, type GridColumn, kindText } from './grid-cells.ts'
import { fittingWidth, spread } from './grid-geometry.ts'

const SAMPLED_ROWS = 100
/** Padding on both sides, and room for the mark of the sort order. */
const CELL_PADDING = 20
const HEADING_PADDING = 34
const TYPE_ICON = 20

type Rows = readonly Record<string, unknown>[]

/** One width for each column; what is left of `room` is shared out. */
export function columnWidths(
  columns: readonly GridColumn[],
  total: number,
  rows: Rows,
  room: number,
  element: Element,
): number[] {
  const measure = textMeasure(element)
  return spread(
    columns.map((column) => {
      const { texts, heading } = sizes(column, total, rows, measure)
      return fittingWidth(texts, heading, 0)
    }),
    room,
  )
}

/** The width at which nothing that is in the sample would be cut. */
export function naturalWidth(column: GridColumn, total: number, rows: Rows, element: Element): number {
  const { texts, heading } = sizes(column, total, rows, textMeasure(element))
  return Math.ceil(Math.max(heading, ...texts))
}

type Measure = (text: string, weight?: number) => number

function sizes(column: GridColumn, total: number, rows: Rows, measure: Measure): { texts: number[]; heading: number } {
  const texts = rows.slice(0, SAMPLED_ROWS).map((row) => measure(cellLine(row[column.name]) ?? 'empty') + CELL_PADDING)
  const name = measure(column.name, 600) + HEADING_PADDING
  return { texts, heading: Math.max(name, measure(kindText(column, total)) + TYPE_ICON + CELL_PADDING) }
}

function textMeasure(element: Element): Measure {
  const context = document.createElement('canvas').getContext('2d')
  const { fontSize, fontFamily } = getComputedStyle(element)
  return (text, weight = 400) => {
    if (!context) return text.length * 8
    context.font = `${weight} ${fontSize} ${fontFamily}`
    return context.measureText(text).width
  }
}
