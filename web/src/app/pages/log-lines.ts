/** The lines of a job that a page holds, and what it shows of them. Pure. */

import type { LogLine, LogPage } from '../../client/types.ts'

/** Lines in a page at once: what the server keeps of an attempt. */
export const MOST_SHOWN = 1000

export type LogEntry =
  | { kind: 'line'; key: string; line: LogLine }
  | { kind: 'attempt'; key: string; text: string }
  | { kind: 'gap'; key: string; text: string }

/** Return the lines with those of a page after them; a line that is there already is not taken twice. */
export function joined(lines: readonly LogLine[], { items }: LogPage): readonly LogLine[] {
  const last = lines.at(-1)?.number ?? 0
  const fresh = items.filter(({ number }) => number > last)
  return fresh.length ? [...lines, ...fresh].slice(-MOST_SHOWN) : lines
}

/** Return what is shown: lines, where another attempt begins, and where lines are not kept any more. */
export function entries(lines: readonly LogLine[], attempts: number): LogEntry[] {
  const shown: LogEntry[] = []
  let expected = 1
  let attempt = lines[0]?.attempt ?? 0
  for (const line of lines) {
    const missing = line.number - expected
    if (missing > 0) shown.push({ kind: 'gap', key: `gap ${line.number}`, text: sayGap(missing, shown.length > 0) })
    if (attempts > 1 && (line.attempt !== attempt || line === lines[0]))
      shown.push({ kind: 'attempt', key: `attempt ${line.number}`, text: `Attempt ${line.attempt} of ${attempts}` })
    shown.push({ kind: 'line', key: String(line.number), line })
    expected = line.number + 1
    attempt = line.attempt
  }
  return shown
}

function sayGap(count: number, between: boolean): string {
  const lines = `${new Intl.NumberFormat().format(count)} ${between ? '' : 'earlier '}line${count === 1 ? '' : 's'}`
  return `${lines} ${count === 1 ? 'is' : 'are'} not ${between ? 'kept' : 'shown'}`
}

/** Return lines as text, for the clipboard: as the server writes them. */
export function asText(lines: readonly LogLine[]): string {
  return lines.map(({ at, level, text }) => `${at} ${level.padEnd(7)} ${text}\n`).join('')
}

/** The time of day of a line, with seconds. */
export function clockTime(at: string): string {
  return new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(at))
}
