/** How a column and a value of a dataset become text. */

import { say, texts } from './say.ts'

export interface GridColumn {
  name: string
  type: string
  nulls?: number
}

const SHOWN_CHARACTERS = 300
const NUMERIC = new Set(['integer', 'big_integer', 'decimal', 'number'])
const TYPE_WORDS: Record<string, string> = texts({
  text: 'text',
  integer: 'integer',
  big_integer: 'big integer',
  decimal: 'decimal',
  number: 'number',
  boolean: 'boolean',
  date: 'date',
  time: 'time',
  timestamp: 'date and time',
  timestamp_tz: 'date and time, UTC',
  uuid: 'uuid',
  json: 'JSON',
})

export function isNumeric(type: string): boolean {
  return NUMERIC.has(type)
}

export function typeWord(type: string): string {
  return say(TYPE_WORDS[type] ?? type)
}

/** The type, and how much of the column is empty: "text · 9% empty". */
export function kindText({ type, nulls = 0 }: GridColumn, rows: number): string {
  return nulls && rows ? `${typeWord(type)} · ${percent(nulls / rows)} empty` : typeWord(type)
}

/** Whole percents that never round to "none" or "all" when it is not. */
export function percent(share: number): string {
  if (share < 0.01) return '<1%'
  return share === 1 ? '100%' : `${Math.min(99, Math.round(share * 100))}%`
}

/** The whole value as text; null only for an empty cell. */
export function cellText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value)
}

/** One line for the grid: cut where no screen reaches, with a sign for each line break. */
export function cellLine(value: unknown): string | null {
  if (value === null || value === undefined) return null
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  const cut = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
  return cut.replace(/\r\n|\r|\n/g, '⏎')
}
