/**
 * Fields of forms that act at once: each has its label, shows what is chosen, and hands on another choice. What was chosen
 * and is not among the choices any more stays to be seen.
 */

import { html, nothing, type TemplateResult } from 'lit'
import { live } from 'lit/directives/live.js'

import type { Dataset } from '../../client/types.ts'
import { type Field, readField, toggled } from './form-kinds.ts'

/** Values with their words, in their order. Names of columns are values too, so that no object could hold them. */
export type Choices = readonly (readonly [value: string, words: string])[]

export interface Named {
  name: string
  type: string
}

/** Columns to choose from. Of wide tables, only the first ones may be known. */
export interface Columns {
  items: readonly Named[]
  leftOut: number
}

type Take<Value> = (value: Value) => void

export function textField(label: string, value: string, take: Take<string>, hint = ''): TemplateResult {
  return html`<label class="field">${label}
    <input autocomplete="off" placeholder=${hint || nothing} .value=${live(value)} @change=${(event: Event) => take((event.target as HTMLInputElement).value)} />
  </label>`
}

export function checkField(label: string, isOn: boolean, take: Take<boolean>): TemplateResult {
  return html`<label><input type="checkbox" .checked=${live(isOn)} @change=${(event: Event) => take((event.target as HTMLInputElement).checked)} /> ${label}</label>`
}

export function selectField(label: string, choices: Choices, chosen: string, take: Take<string>): TemplateResult {
  const isKnown = choices.some(([value]) => value === chosen)
  const more: Choices = isKnown ? [] : [[chosen, chosen === '' ? 'Choose…' : `${chosen} (not here)`]]
  return html`<label class="field">${label}
    <select @change=${(event: Event) => take((event.target as HTMLSelectElement).value)}>
      ${[...more, ...choices].map(([value, words]) => html`<option value=${value} .selected=${live(value === chosen)}>${words}</option>`)}
    </select>
  </label>`
}

/** One column. Of wide tables it is written. */
export function columnField(label: string, columns: Columns, chosen: string, take: Take<string>): TemplateResult {
  if (columns.leftOut) return textField(label, chosen, take)
  return selectField(label, columns.items.map(({ name }) => [name, name]), chosen, take)
}

/** Several columns, in the order of the table; those that are not there (any more) come last. */
export function columnsField(legend: string, columns: Columns, chosen: readonly string[], take: Take<string[]>): TemplateResult {
  const known = columns.items.map(({ name }) => name)
  const gone = chosen.filter((name) => !known.includes(name))
  const all = [...known, ...gone]
  const toggle = (name: string, isOn: boolean): void => take(toggled(all, chosen, name, isOn))
  const isAll = all.every((name) => chosen.includes(name))
  return html`<fieldset>
    <legend>${legend}</legend>
    <div class="columns">
      ${all.map((name) => checkField(gone.includes(name) && !columns.leftOut ? `${name} (not here)` : name, chosen.includes(name), (isOn) => toggle(name, isOn)))}
      ${all.length ? nothing : html`<p class="muted">There is no such column.</p>`}
    </div>
    ${all.length > 1 ? html`<button type="button" class="link" @click=${() => take(isAll ? [] : all)}>${isAll ? 'None' : 'All'}</button>` : nothing}
    ${columns.leftOut ? html`<p class="muted">${columns.leftOut} more columns cannot be chosen here. Write their names in the JSON.</p>` : nothing}
  </fieldset>`
}

/** Things of one kind below each other, of which there is at least one. */
export function listField<Item>(
  one: string, items: readonly Item[], added: () => Item, render: (item: Item, change: Take<Item>) => unknown, take: Take<Item[]>,
): TemplateResult {
  const name = one.toLowerCase()
  return html`${items.map(
      (item, place) => html`<div class="pair" role="group" aria-label="${one} ${place + 1}">
        ${render(item, (other) => take(items.map((each, at) => (at === place ? other : each))))}
        ${items.length > 1 ? html`<button type="button" aria-label="Remove ${name} ${place + 1}" @click=${() => take(items.filter((_, at) => at !== place))}>Remove</button>` : nothing}
      </div>`,
    )}
    <button type="button" class="link" @click=${() => take([...items, added()])}>Another ${name}</button>`
}

/** One of several ways; those of one group have the same name. */
export function radioField(group: string, label: string, isOn: boolean, take: () => void): TemplateResult {
  return html`<label><input type="radio" name=${group} .checked=${live(isOn)} @change=${take} /> ${label}</label>`
}

/** Any field, as its kind is shown. */
export function formField(field: Field, value: unknown, columns: Columns, take: Take<unknown>): TemplateResult {
  const { label, kind, optional, choices = [], hint } = field
  const read = (said: string): void => take(readField(field, said))
  switch (kind) {
    case 'columns': {
      const chosen = (value ?? []) as string[]
      return columnsField(label, fitting(field, columns, chosen), chosen, (names) => take(optional && !names.length ? undefined : names))
    }
    case 'column':
      return columnField(label, fitting(field, columns), String(value ?? ''), read)
    case 'check':
      return checkField(label, value === true, (isOn) => take(isOn || undefined))
    case 'choice':
      return selectField(label, choices, String(value ?? choices[0]?.[0]), read)
    case 'lines':
      return linesField(label, (value ?? []) as unknown[], read)
    default:
      return textField(label, Array.isArray(value) ? value.join(', ') : String(value ?? ''), read, hint)
  }
}

/** The columns that a field can take, and those that it has. */
function fitting({ textOnly }: Field, { items, leftOut }: Columns, chosen: readonly string[] = []): Columns {
  return { items: items.filter(({ name, type }) => !textOnly || type === 'text' || chosen.includes(name)), leftOut }
}

function linesField(label: string, values: readonly unknown[], read: Take<string>): TemplateResult {
  return html`<label class="field">${label}
    <textarea rows="4" spellcheck="false" .value=${live(values.join('\n'))} @change=${(event: Event) => read((event.target as HTMLTextAreaElement).value)}></textarea>
  </label>`
}

/** Another dataset. */
export function tableField(tables: readonly Dataset[], id: string, take: Take<string>): TemplateResult {
  return selectField('Dataset', tables.map((table) => [table.id, table.name]), id, take)
}

/** A column of another dataset. */
export function theirField(label: string, tables: readonly Dataset[], id: string, chosen: string, take: Take<string>): TemplateResult {
  const theirs = tables.find((table) => table.id === id)?.columns ?? []
  return selectField(label, theirs.map(({ name }) => [name, name]), chosen, take)
}
