/** Decisions about a file, in words. Their values are any JSON. */

import { say, texts } from './say.ts'

const SUBJECTS: Record<string, string> = texts({
  format: 'Format',
  compression: 'Compression',
  encoding: 'Encoding',
  dialect: 'Dialect',
  header: 'Header row',
  sheet: 'Sheet',
  member: 'File in it',
  rows: 'Rows',
})

/** Signs that would be lost, or taken for punctuation, in a sentence. */
const SIGNS: Record<string, string> = texts({
  ',': 'comma',
  ';': 'semicolon',
  '|': 'vertical bar',
  '\t': 'tab',
  ' ': 'space',
  '"': 'double quote',
  "'": 'single quote',
  '\n': 'line feed',
  '\r\n': 'CR LF',
  '': 'none',
})

const PLACES = ['rows', 'more_rows']

export function subjectWord(subject: string): string {
  return say(SUBJECTS[subject] ?? subject)
}

export function sayDecision(value: unknown): string {
  if (value === null || value === undefined) return say('none')
  if (typeof value === 'boolean') return value ? say('yes') : say('no')
  if (typeof value === 'string') return value in SIGNS ? say(SIGNS[value] ?? '') : value
  if (Array.isArray(value)) return value.map(sayDecision).join(', ')
  if (typeof value === 'object') {
    // What a dialect does not have is not worth a word, and which rows these are stands elsewhere.
    const told = Object.entries(value).filter(([name, inner]) => inner !== null && !PLACES.includes(name))
    return told.map(([name, inner]) => `${name.replaceAll('_', ' ')} ${sayDecision(inner)}`).join(', ')
  }
  return String(value)
}
