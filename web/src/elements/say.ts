/** Every sentence of the elements: in English, or as the host of a page replaces it. The English one is its name. */

import type { Strings } from '../../packages/elements/shared.d.ts'

let replaced: Strings = {}

/** Replace sentences, for all of the page; what was replaced before stays so. */
export function replaceStrings(strings: Strings): void {
  replaced = { ...replaced, ...strings }
}

export function say(english: string, values: Readonly<Record<string, unknown>> = {}): string {
  const found = replaced[english]
  return filled(typeof found === 'string' ? found : english, values)
}

/**
 * Say how many: `one` and `many` contain `{count}`. What replaces `many` may have a text for each form of its language,
 * whose name replaces `en`.
 */
export function sayCount(count: number, one: string, many: string): string {
  const forms = replaced[many]
  const values = { count: new Intl.NumberFormat().format(count) }
  if (typeof forms !== 'object') return say(count === 1 ? one : many, values)
  return filled(forms[new Intl.PluralRules(say('en')).select(count)] ?? forms.other ?? many, values)
}

/** Mark texts of a table, which are said when one of them is chosen: so the list of all strings has them. */
export function texts<Table extends Readonly<Record<string, unknown>>>(table: Table): Table {
  return table
}

function filled(text: string, values: Readonly<Record<string, unknown>>): string {
  return text.replace(/\{(\w+)\}/g, (slot, name: string) => String(values[name] ?? slot))
}
