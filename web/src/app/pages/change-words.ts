/** What a change would do, or did, in sentences. Pure. */

import { typeWord } from '../../elements/grid-cells.ts'
import { formatCount, plural } from '../../elements/sizes.ts'
import type { Change, Summary } from './change-api.ts'

const ACTIONS: Record<string, string> = {
  import: 'Imported',
  reparse: 'Read otherwise',
  append: 'Rows added',
  upsert: 'Rows updated by key',
  replace: 'All rows replaced',
  repair: 'Rejected rows corrected',
  recipe: 'Made by a recipe',
}

export function sayAction(action: string): string {
  return ACTIONS[action] ?? action
}

/** What a proposal is called: "Read the file otherwise". */
export function sayProposal({ action }: Change): string {
  const words: Record<string, string> = {
    reparse: 'Another reading of the file',
    append: 'Rows to add',
    upsert: 'Rows to update',
    replace: 'All rows to replace',
    recipe: 'What the steps make',
  }
  return words[action] ?? action
}

/** Everything that would be different, one sentence for each kind of it. */
export function saySummary(summary: Summary): string[] {
  return [...ofRows(summary), ...ofColumns(summary), ...ofCells(summary), ...ofRejected(summary)]
}

function ofRows({ rows }: Summary): string[] {
  const count = (name: string): number | null => (typeof rows[name] === 'number' ? rows[name] : null)
  const said = (name: string, word: string): string => (count(name) ? `${plural(count(name) ?? 0, 'row', 'rows')} ${word}.` : '')
  if (count('insert') !== null)
    return [said('insert', 'added'), said('update', 'updated'), said('unchanged', 'as before'), said('missing', 'not in the file, which stay')].filter(Boolean)
  const [before, after] = [count('before') ?? 0, count('after') ?? 0]
  const verb = (name: string, one: string, many: string): string => said(name, count(name) === 1 ? one : many)
  const rest = [verb('only_before', 'goes', 'go'), verb('only_after', 'comes', 'come'), verb('same', 'stays', 'stay')].filter(Boolean)
  if (before === after && !rest.length) return [`${plural(after, 'row', 'rows')}, as before.`]
  return [`${plural(before, 'row becomes', 'rows become')} ${formatCount(after)}.`, ...rest]
}

function ofColumns({ columns }: Summary): string[] {
  const names = (list: { name: string }[]): string => list.map(({ name }) => `“${name}”`).join(', ')
  const kind = (list: { name: string }[], word: string): string => (list.length ? `${list.length === 1 ? 'Column' : 'Columns'} ${names(list)} ${word}.` : '')
  return [
    kind(columns.added, columns.added.length === 1 ? 'comes' : 'come'),
    kind(columns.removed, columns.removed.length === 1 ? 'goes' : 'go'),
    ...(columns.renamed ?? []).map(({ before, after }) => `Column “${before}” is called “${after}”.`),
    ...columns.retyped.map(({ name, before, after }) => `Column “${name}” is ${sayReading(after)} instead of ${sayReading(before)}.`),
  ].filter(Boolean)
}

function sayReading({ type, format }: { type: string; format: string | null }): string {
  return format ? `${typeWord(type)} (${format})` : typeWord(type)
}

function ofCells({ cells }: Summary): string[] {
  if (!cells) return []
  if (!cells.changed) return ['Every cell stays as it is written.']
  const empty = cells.become_empty ? ` ${plural(cells.become_empty, 'of them becomes', 'of them become')} empty.` : ''
  return [`${plural(cells.changed, 'cell', 'cells')} would be written otherwise.${empty}`]
}

function ofRejected({ rejected_rows: rejected }: Summary): string[] {
  if (!rejected || rejected.before === rejected.after) return []
  return [`${plural(rejected.before, 'rejected row becomes', 'rejected rows become')} ${formatCount(rejected.after)}.`]
}
