/** How much a job has done, and how long it took. */

import type { Job } from '../client/types.ts'
import { say } from './say.ts'
import { formatBytes, formatCount } from './sizes.ts'

/** How much is done of how much, in the job's own unit. */
export function amount(job: Job): string {
  if (job.done_units === null) return ''
  const count = job.unit === 'bytes' ? formatBytes : formatCount
  const unit = job.unit === 'bytes' ? '' : (job.unit ?? '')
  if (!job.total_units) return `${count(job.done_units)} ${unit}`.trim()
  const [done, all] = [count(Math.min(job.done_units, job.total_units)), count(job.total_units)]
  return say('{done} of {all} {unit}', { done, all, unit }).trim()
}

/** "3.2 s", "4 min", "2 min 5 s": how long something took. */
export function duration(from: string | null, to: string | null): string {
  return from && to ? sayMilliseconds(Date.parse(to) - Date.parse(from)) : ''
}

export function sayMilliseconds(milliseconds: number): string {
  const exact = Math.max(0, milliseconds / 1000)
  if (exact < 0.05) return say('under 0.1 s')
  if (exact < 9.95) return `${exact.toFixed(1)} s`
  // Rounded before it is split, so that no minute has sixty seconds.
  const seconds = Math.round(exact)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? two(minutes, 'min', seconds % 60, 's') : two(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
}

function two(large: number, unit: string, small: number, smallUnit: string): string {
  return small ? `${large} ${unit} ${small} ${smallUnit}` : `${large} ${unit}`
}
