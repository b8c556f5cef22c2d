/** What may be done with a job. The server decides; these rules keep what it would refuse out of the way. */

import type { Job } from '../client/types.ts'
import { isEnded } from './job-words.ts'

const ACCEPTED = 40

export function canBeCancelled(job: Job): boolean {
  return !isEnded(job) && !job.cancel_requested
}

/** Only an accepted file is there to be read again. */
export function canBeRetried(job: Job): boolean {
  return job.job_type === 'import' && job.progress >= ACCEPTED && (job.status === 'failed' || job.status === 'cancelled')
}

export function canBeDeleted(job: Job): boolean {
  return isEnded(job)
}
