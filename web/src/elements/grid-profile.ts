/** What the columns of a dataset hold: asked for once for each source, and put into words. */

import { cellLine, percent, typeWord } from './grid-cells.ts'
import { formatCount, plural } from './sizes.ts'

export interface TopValue {
  value: unknown
  count: number
  /** Whether the value goes on behind what is here of it. */
  cut: boolean
}

export interface ColumnProfile {
  name: string
  type: string
  nulls: number
  distinct: number | null
  distinct_is_exact: boolean
  min: unknown
  max: unknown
  mean: number | null
  length: { min: number; max: number; mean: number } | null
  /** Rows in spans of equal width from `min` to `max`. */
  histogram: readonly number[] | null
  top: readonly TopValue[]
  note: string | null
}

export type FetchProfile = (signal: AbortSignal) => Promise<readonly ColumnProfile[]>

const SHOWN_CHARACTERS = 40
const EXACT_DIGITS = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 6 })

export class GridProfiles {
  /** Whether headings are to keep room for it. */
  expected = false
  readonly #changed: () => void
  #known = new Map<string, ColumnProfile>()
  #asked = new AbortController()

  constructor(changed: () => void) {
    this.#changed = changed
  }

  /** Ask for the columns of another source. The rows are shown whatever becomes of it. */
  async load(fetchProfile: FetchProfile | undefined): Promise<void> {
    this.forget()
    this.expected = fetchProfile !== undefined
    if (!fetchProfile) return
    const { signal } = this.#asked
    let columns: readonly ColumnProfile[] = []
    try {
      columns = await fetchProfile(signal)
    } catch (error) {
      if (!signal.aborted) console.warn('What the columns hold could not be loaded.', error)
    }
    if (signal.aborted) return
    this.#known = new Map(columns.map((column) => [column.name, column]))
    this.expected = columns.length > 0
    this.#changed()
  }

  forget(): void {
    this.#asked.abort()
    this.#asked = new AbortController()
    this.#known = new Map()
  }

  of(name: string): ColumnProfile | undefined {
    return this.#known.get(name)
  }
}

/** One line for the heading: "0.00 to 9999.99", "5 values · alpha 20%", "all different". */
export function profileLine(profile: ColumnProfile, rows: number): string {
  const present = rows - profile.nulls
  const [most] = profile.top
  if (!present) return 'all empty'
  if (profile.histogram) return `${shownValue(profile.min)} to ${shownValue(profile.max)}`
  if (profile.distinct === 1) {
    const only = shownValue(most?.value ?? profile.min)
    return profile.nulls ? `${only} or empty` : `always ${only}`
  }
  if (isAllDifferent(profile, rows)) return 'all different'
  const values = profile.distinct === null ? '' : `${countWords(profile)} values`
  return most && most.count >= present / 100 ? `${values} · ${shownValue(most.value)} ${percent(most.count / present)}` : values
}

/** The whole of it, for the dialog: names and what they are. */
export function profileFacts(profile: ColumnProfile, rows: number): [name: string, value: string][] {
  const facts: [string, string][] = [
    ['Type', typeWord(profile.type)],
    ['Empty', profile.nulls ? `${formatCount(profile.nulls)} (${percent(profile.nulls / rows)})` : 'none'],
  ]
  if (profile.distinct !== null)
    facts.push(['Different values', isAllDifferent(profile, rows) ? `${countWords(profile)}, each once` : countWords(profile)])
  if (profile.min !== null) facts.push(['Smallest', shownValue(profile.min)], ['Largest', shownValue(profile.max)])
  if (profile.mean !== null) facts.push(['Mean', EXACT_DIGITS.format(profile.mean)])
  const { length } = profile
  if (length)
    facts.push([
      'Length',
      length.min === length.max
        ? plural(length.max, 'character', 'characters')
        : `${formatCount(length.min)} to ${formatCount(length.max)} characters, ${EXACT_DIGITS.format(length.mean)} on average`,
    ])
  return facts
}

/** A value in one short line; an empty text is seen. */
export function shownValue(value: unknown, cut = false): string {
  const line = cellLine(value)
  if (line === null) return 'empty'
  if (line === '') return '""'
  return line.length > SHOWN_CHARACTERS || cut ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line
}

function isAllDifferent({ distinct, distinct_is_exact, nulls }: ColumnProfile, rows: number): boolean {
  return distinct_is_exact && distinct === rows - nulls && distinct > 1
}

function countWords({ distinct, distinct_is_exact }: ColumnProfile): string {
  return distinct_is_exact ? formatCount(distinct ?? 0) : `about ${EXACT_DIGITS.format(roughly(distinct ?? 0))}`
}

/** An estimate in three digits: more of them would say what nobody knows. */
function roughly(count: number): number {
  return Number(count.toPrecision(3))
}
