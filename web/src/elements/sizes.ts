/** Sizes, counts and durations as people read them. */

import { say, sayCount } from './say.ts'

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

export function formatBytes(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  const digits = power === 0 || value >= 100 ? 0 : value >= 10 ? 0 : 1
  return new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit: UNITS[power] ?? 'byte',
    unitDisplay: power === 0 ? 'long' : 'short',
    maximumFractionDigits: digits,
  }).format(value)
}

export function formatCount(count: number): string {
  return new Intl.NumberFormat().format(count)
}

export function plural(count: number, one: string, many: string): string {
  return sayCount(count, `{count} ${one}`, `{count} ${many}`)
}

/** "4 s", "3 min", "2 h 10 min": rounded the way a remaining time is told. */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
]

/** "2 minutes ago"; "just now" below a minute, also for a clock that is a little behind the server's. */
export function formatAgo(iso: string, now: number = Date.now()): string {
  const seconds = (now - Date.parse(iso)) / 1000
  const step = STEPS.find(([, size]) => seconds >= size)
  if (!step) return say('just now')
  return new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' }).format(-Math.floor(seconds / step[1]), step[0])
}

export function formatMoment(iso: string): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso))
}

/** The time of day, for what happened a short while ago. */
export function formatTime(at: string | number): string {
  return new Intl.DateTimeFormat(undefined, { timeStyle: 'short' }).format(new Date(at))
}
