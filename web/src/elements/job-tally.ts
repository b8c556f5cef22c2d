/** What the jobs button says of all jobs together. Pure. */

import type { Job } from '../client/types.ts'
import { isEnded, isPausedUpload } from './job-words.ts'
import { sayCount } from './say.ts'

/** Whether something goes on, or will by itself. */
export function isGoing(job: Job): boolean {
  return !isEnded(job) && !isPausedUpload(job)
}

/** These wait for somebody. A stalled job does not: it is looked after. */
export function needsPerson(job: Job): boolean {
  return job.phase === 'failed' || job.phase === 'partial'
}

export function isWaiting(job: Job): boolean {
  return job.phase === 'queued' || job.phase === 'retrying'
}

export interface Tally {
  attention: number
  running: number
  waiting: number
  finished: number
}

export function tally(jobs: readonly Job[]): Tally {
  const count = (is: (job: Job) => boolean): number => jobs.filter(is).length
  return {
    attention: count(needsPerson),
    // Waiting ones count as running from their first moment.
    running: count(isGoing),
    waiting: count(isWaiting),
    finished: count((job) => isEnded(job) && !needsPerson(job)),
  }
}

/** The text of the jobs button, which is the state itself: what needs a person before all else. */
export function buttonText({ attention, running }: Tally): { attention: string; running: string } {
  return {
    attention: attention ? sayCount(attention, '{count} needs attention', '{count} need attention') : '',
    running: running ? sayCount(running, '{count} running job', '{count} running jobs') : '',
  }
}

/** Percent of all that goes on, each by how long it takes; null where nothing of it is known. */
export function wholePercent(jobs: readonly Job[]): number | null {
  const going = jobs.filter(isGoing)
  if (going.every(isEndless)) return null
  const weights = going.map(seconds)
  const known = weights.filter((weight) => weight !== null)
  // One of which nothing is known counts as much as the others do on average.
  const usual = known.length ? known.reduce((sum, weight) => sum + weight, 0) / known.length : 1
  const parts = going.map((job, index) => ({ weight: weights[index] ?? usual, percent: job.progress }))
  const whole = parts.reduce((sum, { weight }) => sum + weight, 0)
  return Math.floor(parts.reduce((sum, { weight, percent }) => sum + weight * percent, 0) / whole)
}

/** Whether nobody can say how much is left: nothing is told but, at most, a count. */
export function isEndless(job: Job): boolean {
  return job.progress === 0 && !job.total_units
}

function seconds(job: Job): number | null {
  if (!job.expected_end) return null
  const whole = Date.parse(job.expected_end.likely_at) - Date.parse(job.started_at ?? job.created_at)
  return whole > 0 ? whole / 1000 : null
}
