/** The kinds of rules as forms: what each asks for, what a new one begins with, and what it still needs. Pure. */

import type { Choices, Named } from './form-fields.ts'
import { COLUMN, COLUMNS, type Field, fits, lacking } from './form-kinds.ts'
import type { Rule } from './rule-api.ts'

interface Kind {
  label: string
  fields: readonly Field[]
  begin: (columns: readonly Named[]) => Rule
  /** Members of which one has to be there. */
  oneOf?: readonly string[]
}

const TYPES: Choices = [
  ['integer', 'whole number'], ['number', 'number'], ['boolean', 'true or false'], ['date', 'date'], ['time', 'time'],
  ['timestamp', 'date and time'], ['timestamp_tz', 'moment with a time zone'], ['uuid', 'UUID'], ['json', 'JSON'],
]

const NUMBERS: readonly string[] = ['integer', 'big_integer', 'decimal', 'number']
const MOMENTS: readonly string[] = ['date', 'time', 'timestamp', 'timestamp_tz']

const first = (columns: readonly Named[]): string => columns[0]?.name ?? ''
const firstOf = (columns: readonly Named[], types: readonly string[]): string => columns.find(({ type }) => types.includes(type))?.name ?? first(columns)
const bound = (name: string, label: string): Field => ({ name, label, kind: 'text', optional: true })
const LENGTHS: readonly Field[] = [
  { name: 'min', label: 'At least so many characters', kind: 'number', optional: true },
  { name: 'max', label: 'At most', kind: 'number', optional: true },
]

const KINDS: Readonly<Record<string, Kind>> = {
  required: { label: 'No empty cell', fields: [COLUMN], begin: (c) => ({ rule: 'required', column: first(c) }) },
  unique: {
    label: 'Nothing twice',
    fields: [{ ...COLUMNS, label: 'Columns, together' }],
    begin: (c) => ({ rule: 'unique', columns: c.slice(0, 1).map(({ name }) => name) }),
  },
  type: {
    label: 'Of a type',
    fields: [COLUMN, { name: 'type', label: 'Every value reads as', kind: 'choice', choices: TYPES }],
    begin: (c) => ({ rule: 'type', column: firstOf(c, ['text']), type: 'integer' }),
  },
  range: {
    label: 'Within bounds',
    fields: [COLUMN, bound('min', 'At least'), bound('max', 'At most'), bound('above', 'More than'), bound('below', 'Less than')],
    begin: (c) => ({ rule: 'range', column: firstOf(c, [...NUMBERS, ...MOMENTS]) }),
    oneOf: ['min', 'max', 'above', 'below'],
  },
  length: {
    label: 'Length of text',
    fields: [COLUMN, ...LENGTHS],
    begin: (c) => ({ rule: 'length', column: firstOf(c, ['text']) }),
    oneOf: ['min', 'max'],
  },
  pattern: {
    label: 'Like a pattern',
    fields: [COLUMN, { name: 'pattern', label: 'The whole text matches', kind: 'text', hint: '[A-Z]{2}[0-9]+' }],
    begin: (c) => ({ rule: 'pattern', column: firstOf(c, ['text']), pattern: '' }),
  },
  one_of: {
    label: 'One of these',
    fields: [COLUMN, { name: 'values', label: 'Values, one a line', kind: 'lines' }],
    begin: (c) => ({ rule: 'one_of', column: firstOf(c, ['text']), values: [] }),
  },
  date_order: {
    label: 'Dates in order',
    fields: [
      { name: 'earlier', label: 'First', kind: 'column' },
      { name: 'later', label: 'Then', kind: 'column' },
      { name: 'strict', label: 'Not the same moment either', kind: 'check' },
    ],
    begin: (c) => {
      const dates = c.filter(({ type }) => MOMENTS.includes(type))
      return { rule: 'date_order', earlier: first(dates), later: dates[1]?.name ?? '' }
    },
  },
  reference: {
    label: 'Stands in another dataset',
    fields: [COLUMN],
    begin: (c) => ({ rule: 'reference', column: first(c), dataset: '', to: '' }),
  },
}

export const RULE_LABELS: Choices = Object.entries(KINDS).map(([kind, { label }]) => [kind, label])

function kindOf(rule: string): Kind | undefined {
  return Object.hasOwn(KINDS, rule) ? KINDS[rule] : undefined
}

export function beginRule(rule: string, columns: readonly Named[]): Rule | null {
  return kindOf(rule)?.begin(columns) ?? null
}

export function ruleLabel({ rule }: Rule): string {
  return kindOf(rule)?.label ?? rule
}

/** What a rule asks, if a form can show it all: one of a newer server may have more. */
export function ruleFields(rule: Rule): readonly Field[] | null {
  const fields = kindOf(rule.rule)?.fields
  return fields?.every((field) => fits(field, rule)) ? fields : null
}

/** The columns that a rule is about: "earlier, later". */
export function columnsOf(rule: Rule): string {
  const named = [rule['column'], rule['earlier'], rule['later']].filter((name) => typeof name === 'string')
  return (Array.isArray(rule['columns']) ? rule['columns'] : named).join(', ')
}

/** What a rule needs before anything can be checked by it; empty if it is whole. */
export function ruleNeeds(rule: Rule): string {
  const kind = kindOf(rule.rule)
  if (!kind) return ''
  if (kind.oneOf?.every((name) => rule[name] === undefined)) return 'a bound'
  if (rule.rule === 'reference' && !rule['dataset']) return 'a dataset'
  if (rule.rule === 'reference' && !rule['to']) return 'the column there'
  return lacking(kind.fields, rule)
}

/** A rule as it is written: without what goes without saying. */
export function cleaned(rule: Rule): Rule {
  return Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== null && value !== false)) as Rule
}

/** A rule in the wording that was suggested. */
export function patched(rule: Rule, patch: Readonly<Record<string, unknown>>): Rule {
  return cleaned({ ...rule, ...patch })
}
