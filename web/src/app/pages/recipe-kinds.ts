/** The kinds of steps as forms: what each asks for, what a new one begins with, and what it still needs. Pure. */

import type { Choices, Named } from './form-fields.ts'
import { COLUMN, COLUMNS, type Field, fits, lacking } from './form-kinds.ts'
import type { Step } from './recipe-api.ts'
import { isAboutEmpty, isAlone, readCall, readCondition } from './recipe-terms.ts'

export interface Kind {
  label: string
  fields: readonly Field[]
  begin: (columns: readonly Named[]) => Step
  /** Whether the form of its own can show a step. */
  isShown?: (step: Step) => boolean
  /** What a step still needs that its fields do not know of. */
  needs?: (step: Step) => string
}

export interface Aggregation {
  function: string
  column?: string
  into: string
}

export interface SortKey {
  column: string
  descending?: boolean
}

const TYPES: Choices = [
  ['text', 'text'], ['integer', 'whole number'], ['decimal', 'decimal'], ['number', 'number'], ['boolean', 'true or false'],
  ['date', 'date'], ['time', 'time'], ['timestamp', 'date and time'], ['timestamp_tz', 'moment with a time zone'], ['uuid', 'UUID'],
]

export const AGGREGATES: Choices = [
  ['count', 'count'], ['count_distinct', 'count of different'], ['sum', 'sum'], ['mean', 'mean'], ['min', 'least'], ['max', 'most'],
]

const first = (columns: readonly Named[]): string => columns[0]?.name ?? ''
const texts = (columns: readonly Named[]): string[] => columns.filter(({ type }) => type === 'text').map(({ name }) => name)
const pairsOf = (value: unknown): [string, unknown][] => (typeof value === 'object' && value !== null ? Object.entries(value) : [])
const TEXTS: Field = { ...COLUMNS, textOnly: true }
const LOSS: Field = { name: 'accept_loss', label: 'Go on where values become empty', kind: 'check' }

const KINDS: Readonly<Record<string, Kind>> = {
  filter: {
    label: 'Filter rows',
    fields: [],
    begin: (c) => ({ step: 'filter', where: { call: 'not', args: [{ call: 'empty', args: [{ column: first(c) }] }] } }),
    isShown: ({ where }) => readCondition(where) !== null,
    needs: ({ where }) => {
      const found = readCondition(where)
      return found && !isAboutEmpty(found.comparison) && found.value === '' ? 'a value to compare with' : ''
    },
  },
  select: {
    label: 'Choose columns',
    fields: [{ name: 'keep', label: 'Do', kind: 'choice', choices: [['true', 'keep these'], ['false', 'remove these']] }, COLUMNS],
    begin: (c) => ({ step: 'select', columns: c.map(({ name }) => name) }),
  },
  rename: {
    label: 'Rename columns',
    fields: [],
    begin: (c) => ({ step: 'rename', columns: { [first(c)]: '' } }),
    isShown: ({ columns }) => pairsOf(columns).length > 0 && pairsOf(columns).every(([, name]) => typeof name === 'string'),
    needs: ({ columns }) => (pairsOf(columns).some(([, name]) => name === '') ? 'a new name' : ''),
  },
  cast: {
    label: 'Change a type',
    fields: [
      COLUMN,
      { name: 'to', label: 'To', kind: 'choice', choices: TYPES },
      { name: 'format', label: 'Written like', kind: 'text', optional: true, hint: '1.234,5 or DD.MM.YYYY or yes/no' },
      LOSS,
    ],
    begin: (c) => ({ step: 'cast', column: first(c), to: 'text' }),
  },
  trim: {
    label: 'Trim blanks',
    fields: [TEXTS, { name: 'inner', label: 'Also several within the text', kind: 'check' }],
    begin: (c) => ({ step: 'trim', columns: texts(c) }),
  },
  case: {
    label: 'Change case',
    fields: [TEXTS, { name: 'to', label: 'To', kind: 'choice', choices: [['lower', 'lower case'], ['upper', 'UPPER CASE'], ['capital', 'First letter large']] }],
    begin: (c) => ({ step: 'case', columns: texts(c).slice(0, 1), to: 'lower' }),
  },
  replace: {
    label: 'Replace text',
    fields: [
      COLUMNS,
      { name: 'find', label: 'Find', kind: 'text' },
      { name: 'with', label: 'Put in its place', kind: 'text', optional: true, hint: 'nothing' },
      { name: 'match', label: 'Where', kind: 'choice', choices: [['cell', 'in whole cells'], ['part', 'in parts of cells'], ['pattern', 'by a pattern']] },
      LOSS,
    ],
    begin: (c) => ({ step: 'replace', columns: texts(c).slice(0, 1), find: '' }),
  },
  fill: {
    label: 'Fill empty cells',
    fields: [COLUMNS],
    begin: (c) => ({ step: 'fill', columns: c.slice(0, 1).map(({ name }) => name), from: 'above' }),
    isShown: ({ value, from }) => typeof (value ?? from) === 'string',
    needs: ({ value }) => (value === '' ? 'a value to fill in' : ''),
  },
  derive: {
    label: 'Compute a column',
    fields: [{ name: 'column', label: 'New column', kind: 'text' }, LOSS],
    begin: (c) => ({ step: 'derive', column: '', value: { call: 'concat', args: [{ column: first(c) }, { value: '' }] } }),
    isShown: ({ value }) => readCall(value) !== null,
    needs: ({ value }) => {
      const found = readCall(value)
      return found && found.other === '' && !isAlone(found.name) && found.name !== 'concat' ? 'a second value' : ''
    },
  },
  split: {
    label: 'Split a column',
    fields: [
      { ...COLUMN, textOnly: true },
      { name: 'by', label: 'At', kind: 'text' },
      { name: 'into', label: 'Into, with commas between', kind: 'names' },
      { name: 'keep', label: 'Keep the column itself', kind: 'check' },
    ],
    begin: (c) => ({ step: 'split', column: texts(c)[0] ?? '', by: '', into: [] }),
  },
  merge: {
    label: 'Merge columns',
    fields: [
      COLUMNS,
      { name: 'with', label: 'With between them', kind: 'text', mayBeEmpty: true },
      { name: 'into', label: 'Into', kind: 'text' },
      { name: 'keep', label: 'Keep the columns themselves', kind: 'check' },
    ],
    begin: (c) => ({ step: 'merge', columns: c.slice(0, 2).map(({ name }) => name), with: ' ', into: '' }),
  },
  deduplicate: {
    label: 'Remove duplicates',
    fields: [
      { ...COLUMNS, label: 'Same in (none: in all columns)', optional: true },
      { name: 'keep', label: 'Keep', kind: 'choice', choices: [['first', 'the first'], ['last', 'the last']] },
    ],
    begin: () => ({ step: 'deduplicate' }),
  },
  join: {
    label: 'Join a dataset',
    fields: [
      { name: 'rows', label: 'Rows without a match', kind: 'choice', choices: [['all', 'keep'], ['matching', 'leave out']] },
      { name: 'several', label: 'Several matches', kind: 'choice', choices: [['refuse', 'are an error'], ['repeat', 'repeat the row']] },
    ],
    begin: (c) => ({ step: 'join', dataset_id: '', on: { [first(c)]: '' } }),
    isShown: ({ on, columns }) => pairsOf(on).length === 1 && columns === undefined,
    needs: ({ dataset_id, on }) => (dataset_id === '' ? 'a dataset' : pairsOf(on)[0]?.[1] === '' ? 'the column there' : ''),
  },
  aggregate: {
    label: 'Sum up groups',
    fields: [{ name: 'by', label: 'One row for each', kind: 'columns', optional: true }],
    begin: (c) => ({ step: 'aggregate', by: c.slice(0, 1).map(({ name }) => name), values: [{ function: 'count', into: 'count' }] }),
    isShown: ({ values }) => Array.isArray(values) && values.length > 0,
    needs: ({ values }) => ((values as Aggregation[]).some(({ into }) => into === '') ? 'a name for each value' : ''),
  },
  sort: {
    label: 'Sort',
    fields: [],
    begin: (c) => ({ step: 'sort', by: [{ column: first(c) }] }),
    isShown: ({ by }) => Array.isArray(by) && by.length > 0,
  },
  sample: {
    label: 'Take a sample',
    fields: [
      { name: 'rows', label: 'Rows', kind: 'number' },
      { name: 'seed', label: 'Another number chooses others', kind: 'number', optional: true, hint: '0' },
    ],
    begin: () => ({ step: 'sample', rows: 1000 }),
  },
}

export const STEP_LABELS: Choices = Object.entries(KINDS).map(([kind, { label }]) => [kind, label])

export function kindOf({ step }: Step): Kind | null {
  return Object.hasOwn(KINDS, step) ? (KINDS[step] ?? null) : null
}

export function stepLabel(step: Step): string {
  return kindOf(step)?.label ?? step.step
}

/** Whether a form can show a step; any other one is shown as JSON. */
export function hasForm(step: Step): boolean {
  const kind = kindOf(step)
  return kind !== null && kind.fields.every((field) => fits(field, step)) && (kind.isShown?.(step) ?? true)
}

/** What a step needs before anything can be made of it: "a new name"; empty if it is whole. */
export function missing(step: Step): string {
  const kind = kindOf(step)
  if (!kind || !hasForm(step)) return ''
  return lacking(kind.fields, step) || (kind.needs?.(step) ?? '')
}
