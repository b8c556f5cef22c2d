/** What a job says about itself in one sentence, in each of its phases. */

import type { Job } from '../client/types.ts'
import { amount, duration } from './job-figures.ts'
import { canBeRetried } from './job-rules.ts'
import { isPausedUpload } from './job-words.ts'
import { say, sayCount } from './say.ts'
import { formatBytes, formatCount, formatMoment, formatTime } from './sizes.ts'
import { countdowns, sayAhead } from './time-left.ts'

/** The sentence under the title. `now` is the time by which waiting is told, in milliseconds since 1970. */
export function sentence(job: Job, now: number = Date.now()): string {
  if (isPausedUpload(job)) return pausedUpload(job)
  switch (job.phase) {
    case 'queued':
      return queued(job, now)
    case 'retrying':
      return retrying(job, now)
    case 'stalled':
      return say('Nothing heard since {time}. If its worker is gone it is started again, or given up with a reason.', {
        time: formatTime(job.updated_at),
      })
    case 'cancelling':
      return cancelling(job)
    case 'cancelled':
      return cancelled(job)
    case 'completed':
      return completed(job)
    case 'partial':
      return partial(job)
    case 'failed':
      return withFullStop(job.problem?.title ?? job.error ?? say('It failed without a reason.'))
    default:
      return running(job)
  }
}

/** "43%. Choose the file again under Import to go on, until 4 May, 14:00." */
function pausedUpload(job: Job): string {
  const next = say('Choose the file again under Import to go on, until {moment}.', { moment: formatMoment(job.resumable_until ?? '') })
  if (!job.total_units) return next
  return `${say('{percent}% sent.', { percent: Math.floor((100 * (job.done_units ?? 0)) / job.total_units) })} ${next}`
}

function running(job: Job): string {
  // A message may say the count itself.
  const said = job.message ?? ''
  const counted = amount(job)
  const isNew = counted && !said.includes(counted.split(' ')[0] ?? '')
  const known = job.total_units || !counted ? counted : say('{amount} so far', { amount: counted })
  const lost = job.failed_units ? say('{count} failed', { count: formatCount(job.failed_units) }) : ''
  return [said, isNew ? known : '', lost, rate(job), countdowns.say(job)].filter(Boolean).join(' · ')
}

/** "5,100 rows/s"; slow ones are told by their counts alone. */
function rate({ rate: perSecond, unit }: Job): string {
  if (!perSecond || perSecond < 1 || !unit) return ''
  return unit === 'bytes' ? `${formatBytes(perSecond)}/s` : `${formatCount(Number(perSecond.toPrecision(2)))} ${unit}/s`
}

function queued(job: Job, now: number): string {
  if (job.paused) return withFullStop(job.message ?? say('The operator has paused its queue'))
  // Another program runs it, which no worker of ours does.
  if (job.job_type === 'external') return say('For its program to begin.')
  if (!job.queue) return say('For a free worker.')
  const { ahead, expected_start: start } = job.queue
  const soon = start ? sayAhead(start, now) : ''
  const place = ahead ? say('{count} ahead of it', { count: formatCount(ahead) }) : say('Next in line')
  return soon ? say('{place}, starts in {time}.', { place, time: soon }) : `${place}.`
}

function retrying(job: Job, now: number): string {
  const soon = job.queue?.expected_start ? sayAhead(job.queue.expected_start, now) : ''
  const values = { time: soon, number: job.attempt + 1 }
  const next = soon ? say('In {time}: attempt {number}.', values) : say('Next: attempt {number}.', values)
  return `${withFullStop(job.message ?? say('The last attempt broke off.'))} ${next}`
}

/** What stays differs by who runs it, and only what is known is said. */
function cancelling(job: Job): string {
  if (job.job_type !== 'import') return say('Asked to stop. What it has finished by then may stay.')
  if (job.stage === 'upload') return say('Stopping. What was sent is thrown away.')
  return say('Stopping. The rows read so far are thrown away, the file is kept.')
}

function cancelled(job: Job): string {
  if (job.job_type !== 'import') {
    return job.progress ? say('Stopped at {percent}%.', { percent: job.progress }) : say('Stopped before it began.')
  }
  return canBeRetried(job) ? say('Nothing was imported. The file is kept.') : say('Nothing was kept.')
}

function completed(job: Job): string {
  if (job.outcome === 'duplicate') return say('You imported this file before. Nothing was added.')
  const took = duration(job.created_at, job.completed_at)
  const made = job.unit !== 'bytes' && job.done_units !== null ? `${formatCount(job.done_units)} ${job.unit ?? ''}`.trim() : (job.message ?? '')
  return made && took ? say('{done} in {time}', { done: made, time: took }) : made || say('In {time}.', { time: took })
}

function partial(job: Job): string {
  const lost = rejected(job)
  if (!lost || job.done_units === null) return job.message ?? say('Some rows could not be read.')
  const all = formatCount(job.done_units + lost)
  const values = { done: formatCount(job.done_units), all, unit: job.unit ?? say('rows'), lost: formatCount(lost) }
  if (job.job_type === 'import') return say('{done} of {all} {unit}. {lost} could not be read.', values)
  return say('{done} of {all} {unit}. {lost} could not be done.', values)
}

/** How many rows could not be read, or of other work how many could not be done. */
export function rejected(job: Job): number {
  const count = job.result?.['rejected_rows']
  return typeof count === 'number' ? count : (job.failed_units ?? 0)
}

/** "the 12 rows", "the row": what a link to the rejected ones is called. */
export function rejectedRows(job: Job): string {
  const count = rejected(job)
  return sayCount(count, 'the row', 'the {count} rows')
}

function withFullStop(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`
}
