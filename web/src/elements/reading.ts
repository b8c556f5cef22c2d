/** What was understood of a file, and what could be understood instead. Pure. */

import type { Decision, ReadingOptions } from '../client/reading-api.ts'

/** Another reading: what it is called, what exactly it would do, and the options that ask for it. */
export interface Alternative {
  label: string
  effect: string
  options: ReadingOptions
}

export interface IssueGroup {
  /** "has more cells than the table has columns" */
  reason: string
  column: string | null
  count: number
  /** Ranges `[first, last]` or single rows `[only]`, in rows of the table. */
  rows: number[][]
  more_rows: boolean
  samples: { raw?: string; value?: string | null; line?: number | null }[]
  suggestions: Suggestion[]
}

/** Tried on all rows of its group: it mends so many of them. */
export interface Suggestion {
  label: string
  options: ReadingOptions
  fixes: number
  of: number
}

const COLUMN = 'column:'
const ISSUES = 'issues'
const HIDDEN = ' (hidden)'
/** Options whose entries are of one column each: one more does not take the others away. */
const BY_COLUMN = ['types', 'formats']

export function columnOf(decision: Decision): string | null {
  return decision.subject.startsWith(COLUMN) ? decision.subject.slice(COLUMN.length) : null
}

/** Decisions about the file as a whole. */
export function ofFile(decisions: readonly Decision[]): Decision[] {
  return decisions.filter((decision) => columnOf(decision) === null && decision.subject !== ISSUES)
}

/** What does not fit, by reason. */
export function issuesOf(decisions: readonly Decision[]): IssueGroup[] {
  const found = decisions.find(({ subject }) => subject === ISSUES)?.value
  const groups = (found as { groups?: IssueGroup[] } | null | undefined)?.groups
  return Array.isArray(groups) ? groups : []
}

/** Return options with some more. What is asked for twice is as it was asked for last. */
export function withOptions(options: ReadingOptions, more: ReadingOptions): ReadingOptions {
  const merged: Record<string, unknown> = { ...options, ...more }
  for (const name of BY_COLUMN) {
    const [before, after] = [options[name], more[name]]
    if (before && after) merged[name] = { ...(before as object), ...(after as object) }
  }
  return merged
}

/** Ask for the type of a column; null has it found out. */
export function withType(options: ReadingOptions, column: string, type: string | null): ReadingOptions {
  const without = (name: string): Record<string, unknown> => {
    const { [column]: _, ...others } = (options[name] ?? {}) as Record<string, unknown>
    return others
  }
  const types = type === null ? without('types') : { ...without('types'), [column]: type }
  return cleaned({ ...options, types, formats: without('formats') })
}

/** Without what asks for nothing. */
export function cleaned(options: ReadingOptions): ReadingOptions {
  const isAsked = (value: unknown): boolean =>
    value !== undefined && !(typeof value === 'object' && value !== null && !Object.keys(value).length)
  return Object.fromEntries(Object.entries(options).filter(([, value]) => isAsked(value)))
}

/** What to ask of a server that keeps `before`: what is not asked for any more has to be said. */
export function askedAnew(before: ReadingOptions, after: ReadingOptions): ReadingOptions {
  const left = Object.keys(before).filter((name) => !(name in after))
  return { ...Object.fromEntries(left.map((name) => [name, BY_COLUMN.includes(name) ? {} : null])), ...after }
}

/** What a decision could be instead, the best one first. */
export function alternatives(decision: Decision): Alternative[] {
  const { subject, runner_up: second, instead } = decision
  if (subject === 'sheet') return sheets(second)
  if (columnOf(decision) !== null) return ofColumn(decision)
  if (!instead) return []
  return [{ label: labelOf(subject, second, instead), effect: '', options: instead }]
}

function labelOf(subject: string, second: unknown, instead: ReadingOptions): string {
  if (subject === 'header') return instead['header'] === false ? 'The first row is data' : 'The first row holds the names'
  if (subject === 'dialect') return `Separate by ${String(second)}`
  return `Read as ${String(second)}`
}

function sheets(others: unknown): Alternative[] {
  if (!Array.isArray(others)) return []
  return others.map(String).map((name) => {
    const sheet = name.endsWith(HIDDEN) ? name.slice(0, -HIDDEN.length) : name
    return { label: `Read sheet ${name}`, effect: '', options: { sheet } }
  })
}

function ofColumn(decision: Decision): Alternative[] {
  const found = Array.isArray(decision.runner_up) ? (decision.runner_up as unknown[]).filter(isAlternative) : []
  const text = decision.instead ? [{ label: 'Keep as text', effect: 'every cell as it is written', options: decision.instead }] : []
  return [...found, ...text]
}

function isAlternative(value: unknown): value is Alternative {
  const { label, effect, options } = (value ?? {}) as Partial<Alternative>
  return typeof label === 'string' && typeof effect === 'string' && typeof options === 'object'
}

const SHOWN_RANGES = 5

/** "row 18", "rows 17, 204 and 3,011 to 3,018", "rows 1 to 5 and more". */
export function sayRows(ranges: readonly number[][], more = false): string {
  const count = new Intl.NumberFormat()
  const parts = ranges.slice(0, SHOWN_RANGES).map(([first = 0, last = first]) => (first === last ? count.format(first) : `${count.format(first)} to ${count.format(last)}`))
  const isOne = ranges.length === 1 && (ranges[0]?.length === 1 || ranges[0]?.[0] === ranges[0]?.[1]) && !more
  if (more || ranges.length > SHOWN_RANGES) parts.push('more')
  const said = new Intl.ListFormat('en').format(parts)
  return `${isOne ? 'row' : 'rows'} ${said}`
}

/** "fixes 12 of 12" */
export function sayFix({ fixes, of }: Suggestion): string {
  const count = new Intl.NumberFormat()
  return `fixes ${count.format(fixes)} of ${count.format(of)}`
}
