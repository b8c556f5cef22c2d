/** What was understood of a file, and what could be understood instead. Pure. */

import type { Decision, ReadingOptions } from '../client/reading-api.ts'
import type { Problem } from '../client/types.ts'
import { say } from './say.ts'
import { formatCount } from './sizes.ts'

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

/** Without what is asked of one option. */
export function without(options: ReadingOptions, ...names: string[]): ReadingOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)))
}

/** Which of the tables in a file are to be imported. */
export interface Choice {
  how: 'one' | 'all' | 'some'
  /** None of one: the first, or the largest. */
  names: readonly string[]
  unite: boolean
}

/** Options that choose tables of a file. */
export const OF_TABLES = ['sheet', 'sheets', 'member', 'members', 'parts', 'unite']

export function choiceOf(options: ReadingOptions): Choice {
  const several = (options['sheets'] ?? options['members']) as readonly string[] | undefined
  const one = options['sheet'] ?? options['member']
  const unite = options['unite'] === true
  if (several?.length) return { how: 'some', names: several, unite }
  if (options['parts'] === 'all' || unite) return { how: 'all', names: [], unite }
  return { how: 'one', names: typeof one === 'string' ? [one] : [], unite: false }
}

/** Options that ask for these tables. Those of another choice belong to it, and its types stay: names may be the same. */
export function withTables(options: ReadingOptions, kind: 'sheet' | 'member', { how, names, unite }: Choice): ReadingOptions {
  const others = without(options, ...OF_TABLES)
  if (how === 'all') return { ...others, parts: 'all', ...(unite ? { unite } : {}) }
  if (!names.length) return others
  if (how === 'one') return { ...others, [kind]: names[0] }
  return { ...others, [`${kind}s`]: [...names], ...(unite ? { unite } : {}) }
}

/** What to look at: one table at a time, the one that somebody wants to see or the first of those that were chosen. */
export function toLookAt(options: ReadingOptions, kind: 'sheet' | 'member', wanted: string): ReadingOptions {
  const { how, names } = choiceOf(options)
  if (how === 'one') return options
  const seen = how === 'some' && !names.includes(wanted) ? names[0] : wanted
  return withTables(options, kind, { how: 'one', names: seen ? [seen] : [], unite: false })
}

/** Whether more than one table becomes a dataset of its own. */
export function isSeveral(options: ReadingOptions): boolean {
  const { how, names, unite } = choiceOf(options)
  return !unite && (how === 'all' || names.length > 1)
}

/** Which options a problem is about. What it names itself is surest; else what its code is about; else what was changed. */
export function aboutOptions(problem: Problem, options: ReadingOptions, before: ReadingOptions | null): string[] {
  const faults = Array.isArray(problem['errors']) ? (problem['errors'] as { pointer?: string }[]) : []
  const pointed = faults.flatMap(({ pointer }) => pointer?.match(/^\/options\/(?:options\/)?(\w+)/)?.[1] ?? [])
  if (pointed.length) return pointed
  const [about = ''] = problem.code.split('.')
  const ofCode = { encoding: ['encoding'], sheet: OF_TABLES, archive: OF_TABLES }[about]?.filter((name) => name in options) ?? []
  if (ofCode.length || !before) return ofCode
  const names = [...new Set([...Object.keys(options), ...Object.keys(before)])]
  return names.filter((name) => JSON.stringify(options[name]) !== JSON.stringify(before[name]))
}

/** What to ask of a server that keeps `before`: what is not asked for any more has to be said. */
export function askedAnew(before: ReadingOptions, after: ReadingOptions): ReadingOptions {
  const left = Object.keys(before).filter((name) => !(name in after))
  return { ...Object.fromEntries(left.map((name) => [name, BY_COLUMN.includes(name) ? {} : null])), ...after }
}

/** What a decision could be instead, the best one first. */
export function alternatives(decision: Decision): Alternative[] {
  const { subject, runner_up: second, instead } = decision
  // Which table it is, is chosen from all of them.
  if (subject === 'sheet' || subject === 'member') return []
  if (columnOf(decision) !== null) return ofColumn(decision)
  if (!instead) return []
  return [{ label: labelOf(subject, second, instead), effect: '', options: instead }]
}

function labelOf(subject: string, second: unknown, instead: ReadingOptions): string {
  if (subject === 'header') return instead['header'] === false ? say('The first row is data') : say('The first row holds the names')
  if (subject === 'dialect') return say('Separate by {sign}', { sign: second })
  return say('Read as {name}', { name: second })
}

function ofColumn(decision: Decision): Alternative[] {
  const found = Array.isArray(decision.runner_up) ? (decision.runner_up as unknown[]).filter(isAlternative) : []
  if (!decision.instead) return found
  return [...found, { label: say('Keep as text'), effect: say('every cell as it is written'), options: decision.instead }]
}

function isAlternative(value: unknown): value is Alternative {
  const { label, effect, options } = (value ?? {}) as Partial<Alternative>
  return typeof label === 'string' && typeof effect === 'string' && typeof options === 'object'
}

const SHOWN_RANGES = 5

/** "row 18", "rows 17, 204 and 3,011 to 3,018", "rows 1 to 5 and more". */
export function sayRows(ranges: readonly number[][], more = false): string {
  const parts = ranges.slice(0, SHOWN_RANGES).map(sayRange)
  const isOne = ranges.length === 1 && (ranges[0]?.length === 1 || ranges[0]?.[0] === ranges[0]?.[1]) && !more
  if (more || ranges.length > SHOWN_RANGES) parts.push(say('more'))
  const rows = new Intl.ListFormat(say('en')).format(parts)
  return isOne ? say('row {rows}', { rows }) : say('rows {rows}', { rows })
}

function sayRange([only = 0, end = only]: number[]): string {
  const [first, last] = [formatCount(only), formatCount(end)]
  return only === end ? first : say('{first} to {last}', { first, last })
}

/** "fixes 12 of 12" */
export function sayFix({ fixes, of }: Suggestion): string {
  return say('fixes {fixes} of {of}', { fixes: formatCount(fixes), of: formatCount(of) })
}
