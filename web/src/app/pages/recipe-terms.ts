/** Conditions and computed values as forms show them: one function of one column, and a second column or a value. Pure. */

import type { Choices, Named } from './form-fields.ts'

export interface Term {
  column?: string
  value?: unknown
  call?: string
  args?: Term[]
}

/** "not empty" is two functions, and one question. */
export const COMPARISONS: Choices = [
  ['not empty', 'is not empty'], ['empty', 'is empty'], ['eq', 'is'], ['ne', 'is not'], ['lt', 'is less than'],
  ['le', 'is at most'], ['gt', 'is more than'], ['ge', 'is at least'], ['contains', 'contains'], ['starts', 'starts with'],
  ['ends', 'ends with'], ['matches', 'fits the pattern'],
]

export const FUNCTIONS: Choices = [
  ['concat', 'join texts'], ['add', 'add'], ['subtract', 'subtract'], ['multiply', 'multiply'], ['divide', 'divide'],
  ['round', 'round to digits'], ['coalesce', 'first that is not empty'], ['upper', 'upper case'], ['lower', 'lower case'],
  ['length', 'length of text'], ['extract', 'part that fits a pattern'], ['year', 'year'], ['month', 'month'], ['day', 'day'],
  ['weekday', 'day of the week'], ['days_between', 'days until'], ['add_days', 'add days'],
]

/** Those that take one value. */
const ALONE: readonly string[] = ['upper', 'lower', 'length', 'year', 'month', 'day', 'weekday']
/** Those whose second value is text, whatever the column is, and those where it is a number. */
const WITH_TEXT: readonly string[] = ['concat', 'extract']
const WITH_NUMBER: readonly string[] = ['add_days', 'round']
const NUMBERS: readonly string[] = ['integer', 'big_integer', 'decimal', 'number']

export interface Condition {
  column: string
  comparison: string
  value: string
}

/** A function of a column; `other` is a second column, or a value, or nothing. */
export interface Computation {
  name: string
  column: string
  other: string
  isColumn: boolean
}

export function isAlone(name: string): boolean {
  return ALONE.includes(name)
}

/** Whether a comparison is one of a column alone. */
export function isAboutEmpty(comparison: string): boolean {
  return comparison === 'empty' || comparison === 'not empty'
}

/** The condition that a form can show, or nothing for any other one. */
export function readCondition(where: unknown): Condition | null {
  const term = asTerm(where)
  const inner = term.call === 'not' && term.args?.length === 1 ? asTerm(term.args[0]) : null
  if (inner?.call === 'empty' && isColumn(inner.args?.[0])) return { column: inner.args[0].column, comparison: 'not empty', value: '' }
  const [left, right] = term.args ?? []
  if (!term.call || !isColumn(left)) return null
  if (term.call === 'empty') return { column: left.column, comparison: 'empty', value: '' }
  const isOne = term.args?.length === 2 && isPlain(right) && COMPARISONS.some(([value]) => value === term.call)
  return isOne ? { column: left.column, comparison: term.call, value: written(right.value) } : null
}

export function writeCondition({ column, comparison, value }: Condition, columns: readonly Named[]): Term {
  const empty = { call: 'empty', args: [{ column }] }
  if (comparison === 'empty') return empty
  if (comparison === 'not empty') return { call: 'not', args: [empty] }
  return { call: comparison, args: [{ column }, { value: valueFor(typeOf(column, columns), value) }] }
}

/** The computation that a form can show, or nothing for any other one. */
export function readCall(value: unknown): Computation | null {
  const term = asTerm(value)
  const [left, right] = term.args ?? []
  if (!term.call || !FUNCTIONS.some(([name]) => name === term.call) || !isColumn(left) || (term.args?.length ?? 0) > 2) return null
  const known = { name: term.call, column: left.column }
  if (isColumn(right)) return { ...known, other: right.column, isColumn: true }
  return right === undefined || isPlain(right) ? { ...known, other: written(right?.value), isColumn: false } : null
}

export function writeCall({ name, column, other, isColumn: isOtherColumn }: Computation, columns: readonly Named[]): Term {
  if (isAlone(name)) return { call: name, args: [{ column }] }
  if (isOtherColumn) return { call: name, args: [{ column }, { column: other }] }
  const type = WITH_TEXT.includes(name) ? 'text' : WITH_NUMBER.includes(name) ? 'number' : typeOf(column, columns)
  return { call: name, args: [{ column }, { value: valueFor(type, other) }] }
}

/** Numbers are numbers where a column has them and every digit stays. Elsewhere text says it, and the server reads it. */
function valueFor(type: string, text: string): unknown {
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return NUMBERS.includes(type) && text !== '' && String(Number(text)) === text ? Number(text) : text
}

function typeOf(column: string, columns: readonly Named[]): string {
  return columns.find(({ name }) => name === column)?.type ?? 'text'
}

function asTerm(value: unknown): Term {
  const term = (typeof value === 'object' ? value : null) as Term | null
  return { ...term, ...(term?.args === undefined || Array.isArray(term.args) ? {} : { args: [] }) }
}

function isColumn(term: Term | undefined): term is { column: string } {
  return typeof term?.column === 'string'
}

/** A value of the type that its column has, and of no other one that is named. */
function isPlain(term: Term | undefined): term is { value: unknown } {
  return typeof term === 'object' && term !== null && Object.keys(term).join() === 'value'
}

function written(value: unknown): string {
  return value === null || value === undefined ? '' : String(value)
}
