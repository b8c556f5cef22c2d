/** Decisions about a file, in words. Their values are any JSON. */

const SUBJECTS: Record<string, string> = {
  format: 'Format',
  compression: 'Compression',
  encoding: 'Encoding',
  dialect: 'Dialect',
  header: 'Header row',
  sheet: 'Sheet',
  rows: 'Rows',
}

const SIGNS: Record<string, string> = { '\t': 'tab', ' ': 'space', '\n': 'line feed', '\r\n': 'CR LF', '': 'none' }

export function subjectWord(subject: string): string {
  return SUBJECTS[subject] ?? subject
}

export function sayDecision(value: unknown): string {
  if (value === null || value === undefined) return 'none'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return SIGNS[value] ?? value
  if (Array.isArray(value)) return value.map(sayDecision).join(', ')
  if (typeof value === 'object') return Object.entries(value).map(([name, inner]) => `${name.replaceAll('_', ' ')} ${sayDecision(inner)}`).join(', ')
  return String(value)
}
