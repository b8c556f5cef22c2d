/** What only some kinds of steps ask: conditions, computations, and lists of pairs. */

import { html, nothing, type TemplateResult } from 'lit'

import type { Dataset } from '../../client/types.ts'
import { columnField, type Columns, listField, selectField, tableField, textField, theirField } from './form-fields.ts'
import { withMember } from './form-kinds.ts'
import type { Step } from './recipe-api.ts'
import { AGGREGATES, type Aggregation, type SortKey } from './recipe-kinds.ts'
import {
  type Computation, COMPARISONS, type Condition, FUNCTIONS, isAboutEmpty, isAlone, readCall, readCondition, writeCall, writeCondition,
} from './recipe-terms.ts'

/** A step that is shown, with what there is before it and how to say that it is to be another one. */
export interface Shown {
  step: Step
  columns: Columns
  tables: readonly Dataset[]
  change: (step: Step) => void
}

type Own = (shown: Shown) => TemplateResult | typeof nothing

export function ownFields(shown: Shown): TemplateResult | typeof nothing {
  return OWN[shown.step.step]?.(shown) ?? nothing
}

function firstOf({ items }: Columns): string {
  return items[0]?.name ?? ''
}

function filter({ step, columns, change }: Shown): TemplateResult | typeof nothing {
  const found = readCondition(step['where'])
  if (!found) return nothing
  const set = (some: Partial<Condition>): void => change(withMember(step, 'where', writeCondition({ ...found, ...some }, columns.items)))
  return html`<div class="pair">
    ${columnField('Keep rows where', columns, found.column, (column) => set({ column }))}
    ${selectField('Comparison', COMPARISONS, found.comparison, (comparison) => set({ comparison }))}
    ${isAboutEmpty(found.comparison) ? nothing : textField('Value', found.value, (value) => set({ value }))}
  </div>`
}

function derive({ step, columns, change }: Shown): TemplateResult | typeof nothing {
  const found = readCall(step['value'])
  if (!found) return nothing
  const set = (some: Partial<Computation>): void => change(withMember(step, 'value', writeCall({ ...found, ...some }, columns.items)))
  const second = (said: string): void => set({ isColumn: said === 'column', other: said === 'column' ? firstOf(columns) : '' })
  return html`<div class="pair">
    ${selectField('Function', FUNCTIONS, found.name, (name) => set({ name }))}
    ${columnField('Of', columns, found.column, (column) => set({ column }))}
    ${isAlone(found.name) ? nothing : selectField('And', [['value', 'a value'], ['column', 'a column']], found.isColumn ? 'column' : 'value', second)}
    ${isAlone(found.name) ? nothing : found.isColumn ? columnField('Second column', columns, found.other, (other) => set({ other })) : textField('Value', found.other, (other) => set({ other }))}
  </div>`
}

function rename({ step, columns, change }: Shown): TemplateResult {
  const pairs = Object.entries(step['columns'] as Record<string, string>)
  const free = (): [string, string] => [columns.items.find(({ name }) => !pairs.some(([old]) => old === name))?.name ?? '', '']
  return listField('Column', pairs, free, ([from, to], take) => html`
      ${columnField('Column', columns, from, (name) => take([name, to]))}
      ${textField('New name', to, (name) => take([from, name]))}`,
    (all) => change(withMember(step, 'columns', Object.fromEntries(all))))
}

function sort({ step, columns, change }: Shown): TemplateResult {
  return listField<SortKey>('Key', step['by'] as SortKey[], () => ({ column: firstOf(columns) }), ({ column, descending }, take) => html`
      ${columnField('By', columns, column, (name) => take(key(name, descending === true)))}
      ${selectField('Order', [['up', 'rising'], ['down', 'falling']], descending ? 'down' : 'up', (order) => take(key(column, order === 'down')))}`,
    (all) => change(withMember(step, 'by', all)))
}

function key(column: string, isDown: boolean): SortKey {
  return isDown ? { column, descending: true } : { column }
}

function fill({ step, change }: Shown): TemplateResult {
  const { from, value, ...rest } = step
  const way = value === undefined ? String(from) : 'value'
  const choose = (chosen: string): void => change({ ...rest, step: 'fill', ...(chosen === 'value' ? { value: '' } : { from: chosen }) })
  return html`<div class="pair">
    ${selectField('With', [['above', 'the value above'], ['below', 'the value below'], ['value', 'this value']], way, choose)}
    ${way === 'value' ? textField('Value', String(value), (said) => change(withMember(step, 'value', said))) : nothing}
  </div>`
}

function aggregate({ step, columns, change }: Shown): TemplateResult {
  const named = (one: Aggregation, name: string): Aggregation => (name === 'count' ? { function: name, into: one.into } : { ...one, function: name, column: one.column ?? firstOf(columns) })
  return listField<Aggregation>('Value', step['values'] as Aggregation[], () => ({ function: 'count', into: '' }), (one, take) => html`
      ${selectField('Compute', AGGREGATES, one.function, (name) => take(named(one, name)))}
      ${one.function === 'count' && !one.column ? nothing : columnField('Of', columns, one.column ?? '', (column) => take({ ...one, column }))}
      ${textField('Into', one.into, (into) => take({ ...one, into }))}`,
    (all) => change(withMember(step, 'values', all)))
}

function join({ step, columns, tables, change }: Shown): TemplateResult {
  const [here = '', there = ''] = Object.entries(step['on'] as Record<string, string>)[0] ?? []
  const id = String(step['dataset_id'])
  const { version: _, ...rest } = step
  const other = (chosen: string): void => change({ ...rest, step: 'join', dataset_id: chosen, on: { [here]: '' } })
  return html`${tableField(tables, id, other)}
    <div class="pair">
      ${columnField('Where', columns, here, (name) => change(withMember(step, 'on', { [name]: there })))}
      ${theirField('Is the same as there', tables, id, there, (name) => change(withMember(step, 'on', { [here]: name })))}
    </div>`
}

const OWN: Readonly<Record<string, Own>> = { filter, derive, rename, sort, fill, aggregate, join }
