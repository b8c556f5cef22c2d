/** Which rows of a list are selected. Pure; every change is a new set. */

export type Selection = ReadonlySet<string>

export const NOTHING: Selection = new Set<string>()

export function toggled(selection: Selection, id: string): Selection {
  const next = new Set(selection)
  if (!next.delete(id)) next.add(id)
  return next
}

/** Everything from the row that was chosen last to this one becomes what this one becomes. */
export function ranged(selection: Selection, order: readonly string[], from: string | null, to: string): Selection {
  const [a, b] = [order.indexOf(from ?? to), order.indexOf(to)]
  if (a < 0 || b < 0) return toggled(selection, to)
  const next = new Set(selection)
  const add = !selection.has(to)
  for (const id of order.slice(Math.min(a, b), Math.max(a, b) + 1)) {
    if (add) next.add(id)
    else next.delete(id)
  }
  return next
}

/** What is not shown any more cannot stay selected: nobody would see what is done with it. */
export function within(selection: Selection, order: readonly string[]): Selection {
  const kept = order.filter((id) => selection.has(id))
  return kept.length === selection.size ? selection : new Set(kept)
}
