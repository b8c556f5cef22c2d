/** Names in Table Schemas, and of the rule sets that come of them. Pure. */

/** The resources that foreign keys refer to; the table itself has no name. */
export function resourcesOf(schema: unknown): string[] {
  const keys = (schema as { foreignKeys?: unknown } | null)?.foreignKeys
  const names = (Array.isArray(keys) ? keys : []).map((key: { reference?: { resource?: unknown } } | null) => key?.reference?.resource)
  return [...new Set(names.filter((name): name is string => typeof name === 'string' && name !== ''))]
}

/** A name for the rules of a file that no other rule set has. */
export function freeName(file: string, taken: readonly string[]): string {
  const name = file.replace(/(\.schema)?\.json$/i, '').trim().slice(0, 190) || 'Rules'
  let number = 1
  const numbered = (): string => (number === 1 ? name : `${name} ${number}`)
  while (taken.includes(numbered())) number += 1
  return numbered()
}
