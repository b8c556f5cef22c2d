/** What may be done with a job, and what it costs. The server decides; these rules keep what it would refuse out of the way. */

import { isGuest, mayDo } from '../client/api.ts'
import type { Job } from '../client/types.ts'
import { sayMilliseconds } from './job-figures.ts'
import { isEnded } from './job-words.ts'
import { say } from './say.ts'

const ACCEPTED = 40
/** Less work than this nobody misses. */
const WORTH_ASKING_MILLISECONDS = 10_000

export function canBeCancelled(job: Job): boolean {
  const isAllowed = mayDo(`job:cancel:${job.id}`) || (job.job_type === 'import' && mayDo('imports:write:user'))
  return !isEnded(job) && !job.cancel_requested && isAllowed
}

/** Only an accepted file is there to be read again. */
export function canBeRetried(job: Job): boolean {
  return !isGuest() && job.job_type === 'import' && job.progress >= ACCEPTED && (job.status === 'failed' || job.status === 'cancelled')
}

export function canBeDeleted(job: Job): boolean {
  return isEnded(job)
}

/** What is lost if the job is cancelled now; empty where that is nothing that anybody would miss. */
export function lossOf(job: Job, now: number = Date.now()): string {
  const began = job.stage === 'upload' ? job.created_at : job.started_at
  const worked = began ? now - Date.parse(began) : 0
  if (job.phase === 'queued' || job.phase === 'retrying' || worked < WORTH_ASKING_MILLISECONDS) return ''
  if (job.stage === 'upload') return say('What was sent so far is thrown away.')
  const long = sayMilliseconds(worked)
  if (job.job_type !== 'import') return say('It has run for {long}, and it cannot be taken up again from here.', { long })
  return say('It has run for {long}. The file is kept, but trying again reads it from its beginning.', { long })
}
