/** What forms ask: fields of several kinds, what is said in them, and what is still missing. Pure. */

import type { Choices } from './form-fields.ts'

/** One thing that is asked. Values of a choice may be booleans, written as words; of lines, each is a value. */
export interface Field {
  name: string
  label: string
  kind: 'column' | 'columns' | 'text' | 'number' | 'names' | 'lines' | 'choice' | 'check'
  choices?: Choices
  textOnly?: boolean
  /** It may be left out. */
  optional?: boolean
  /** A text without any character says something. */
  mayBeEmpty?: boolean
  hint?: string
}

export type Answers = Readonly<Record<string, unknown>>

export const COLUMN: Field = { name: 'column', label: 'Column', kind: 'column' }
export const COLUMNS: Field = { name: 'columns', label: 'Columns', kind: 'columns' }

/** What values of a field are in JSON; those of lists, each of them. */
const TYPES: Readonly<Record<Field['kind'], readonly string[]>> = {
  column: ['string'], columns: ['string'], names: ['string'], lines: ['string', 'number'],
  text: ['string', 'number'], number: ['number'], choice: ['string', 'boolean'], check: ['boolean'],
}

/** Whether a field can show what is there. */
export function fits({ name, kind }: Field, answers: Answers): boolean {
  const value = answers[name]
  if (value === undefined || value === null) return true
  const types = TYPES[kind]
  if (kind === 'columns' || kind === 'names' || kind === 'lines') return Array.isArray(value) && value.every((each) => types.includes(typeof each))
  return types.includes(typeof value)
}

/** The label of the first field that has no answer and needs one. */
export function lacking(fields: readonly Field[], answers: Answers): string {
  const found = fields.find(({ name, kind, optional, mayBeEmpty, choices }) => {
    const value = answers[name]
    if (optional || mayBeEmpty || choices || kind === 'check') return false
    return value === '' || value === undefined || (Array.isArray(value) && !value.length)
  })
  return found ? `“${found.label}”` : ''
}

/** What was said in a field, as it is sent; nothing for what goes without saying. */
export function readField({ kind, optional }: Field, said: string): unknown {
  if (kind === 'choice') return said === 'true' ? undefined : said === 'false' ? false : said
  if (optional && said.trim() === '') return undefined
  if (kind === 'names') return said.split(',').map((name) => name.trim()).filter(Boolean)
  if (kind === 'lines') return [...new Set(said.split('\n').filter(Boolean))]
  return kind === 'number' ? Math.max(0, Math.trunc(Number(said) || 0)) : said
}

/** Answers with one that is different. What is nothing is left out. */
export function withMember<Whole extends Answers>(answers: Whole, name: string, value: unknown): Whole {
  const { [name]: _, ...rest } = answers
  return (value === undefined ? rest : { ...answers, [name]: value }) as Whole
}

/** Chosen ones with one more or less: in the order of all, unless they have one of their own. */
export function toggled(all: readonly string[], chosen: readonly string[], name: string, isOn: boolean): string[] {
  if (!isOn) return chosen.filter((each) => each !== name)
  const inOrder = all.filter((each) => chosen.includes(each))
  return inOrder.join('\n') === chosen.join('\n') ? all.filter((each) => each === name || chosen.includes(each)) : [...chosen, name]
}

export function moved<Item>(list: readonly Item[], from: number, to: number): Item[] {
  const rest = list.filter((_, place) => place !== from)
  return [...rest.slice(0, to), ...list.slice(from, from + 1), ...rest.slice(to)]
}
