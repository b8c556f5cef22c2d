/** How long a job will take, in words no more exact than what is known. */

import type { Job } from '../client/types.ts'

const WORTH_SECONDS = 3

/** "about 40 s left", or "taking longer than usual"; empty where nothing is known or too little is left to say.
 *
 * Counted from the server's own moment of this version, so that a wrong clock here does no harm.
 */
export function timeLeft(job: Job): string {
  if (!job.expected_end) return ''
  const now = Date.parse(job.updated_at)
  if (now > Date.parse(job.expected_end.late_at)) return 'taking longer than usual'
  const seconds = (Date.parse(job.expected_end.likely_at) - now) / 1000
  return seconds < WORTH_SECONDS ? '' : `about ${rounded(seconds)} left`
}

function rounded(seconds: number): string {
  if (seconds < 10) return `${Math.round(seconds)} s`
  if (seconds < 57.5) return `${Math.round(seconds / 5) * 5} s`
  if (seconds < 3570) return `${Math.round(seconds / 60)} min`
  return `${(seconds / 3600).toFixed(1)} h`
}
