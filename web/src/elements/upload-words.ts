/** What is said of an upload, and of the job that it became. */

import type { Job, Problem } from '../client/types.ts'
import { phaseWord } from './job-words.ts'
import { say, texts } from './say.ts'
import { formatBytes, formatCount, formatMoment, formatSeconds } from './sizes.ts'
import type { Held, Upload } from './upload.ts'

export type Tone = 'plain' | 'good' | 'bad' | 'warn'

export interface Said {
  /** One or two words. */
  state: string
  /** The rest of the story; may be empty. */
  sentence: string
  tone: Tone
  /** Percent; null while unknown; undefined when nothing goes on any more. */
  percent?: number | null
}

/** `job` is the newest state of the upload's job, if it has one. */
export function sayUpload(upload: Upload, job: Job | null): Said {
  const size = upload.file.size
  switch (upload.state) {
    case 'checking':
      return { state: say('To be looked at'), sentence: say('{size}, nothing is sent yet', { size: formatBytes(size) }), tone: 'plain' }
    case 'waiting':
      return { state: say('Waiting'), sentence: say('{size}, after the files before it', { size: formatBytes(size) }), tone: 'plain' }
    case 'looking':
      return {
        state: say('Looking'),
        sentence: say('{size}: have you sent this before?', { size: formatBytes(size) }),
        tone: 'plain',
        percent: 100 * upload.looked,
      }
    case 'sending':
      return {
        state: upload.held ? say('Waiting') : say('Uploading'),
        sentence: upload.held ? say(HELD[upload.held]) : sent(upload),
        tone: upload.held ? 'warn' : 'plain',
        percent: size ? percentOf(upload) : null,
      }
    case 'paused':
      return {
        state: say('Paused'),
        sentence: say('{done} of {all} are sent', { done: formatBytes(upload.sentBytes), all: formatBytes(size) }),
        tone: 'plain',
        percent: percentOf(upload),
      }
    case 'storing':
      return upload.held
        ? { state: say('Waiting'), sentence: say(HELD[upload.held]), tone: 'warn', percent: null }
        : { state: say('Uploading'), sentence: say('{size} sent, being stored', { size: formatBytes(size) }), tone: 'plain', percent: null }
    case 'cancelling':
      return { state: say('Cancelling…'), sentence: '', tone: 'plain', percent: null }
    case 'cancelled':
      return { state: say('Cancelled'), sentence: say('Nothing was imported.'), tone: 'plain' }
    case 'refused':
      return { state: say('Not imported'), sentence: upload.problem ? sayProblem(upload.problem) : '', tone: 'bad' }
    case 'accepted':
      return job ? sayJob(job) : { state: say('Waiting'), sentence: '', tone: 'plain', percent: null }
  }
}

const HELD: Record<Held, string> = texts({
  offline: 'No connection. It goes on by itself when that is back.',
  unreachable: 'The server does not answer. It goes on by itself when it does.',
  'signed-out': 'Sign in again, and it goes on.',
})

function percentOf(upload: Upload): number {
  return (100 * upload.sentBytes) / Math.max(1, upload.file.size)
}

function sent(upload: Upload): string {
  const left = upload.secondsLeft === null ? '' : ` · ${say('{time} left', { time: formatSeconds(upload.secondsLeft) })}`
  return say('{done} of {all}', { done: formatBytes(upload.sentBytes), all: formatBytes(upload.file.size) }) + left
}

export function sayJob(job: Job): Said {
  if (job.outcome === 'duplicate')
    return { state: say('Already there'), sentence: say('You imported this file before.'), tone: 'plain' }
  if (isProposal(job)) return { state: say('Ready to be looked at'), sentence: job.message ?? '', tone: 'warn' }
  switch (job.status) {
    case 'completed':
      return job.phase === 'partial'
        ? { state: phaseWord(job), sentence: job.message ?? '', tone: 'warn' }
        : { state: say('Done'), sentence: units(job), tone: 'good' }
    case 'failed':
      return { state: say('Failed'), sentence: job.problem ? sayProblem(job.problem) : (job.error ?? ''), tone: 'bad' }
    case 'cancelled':
      return { state: say('Cancelled'), sentence: isImport(job) ? say('Nothing was imported.') : '', tone: 'plain' }
    default:
      return {
        state: doingWord(job),
        sentence: doing(job),
        tone: job.phase === 'stalled' ? 'warn' : 'plain',
        percent: job.progress,
      }
  }
}

/** Whether what the job prepared waits for its owner to apply it. */
export function isProposal(job: Job): boolean {
  const change = job.result?.['change'] as { state?: unknown } | undefined
  return job.status === 'completed' && change?.state === 'proposed'
}

const PHASES: Record<string, string> = texts({
  uploading: 'Uploading',
  queued: 'Waiting',
  retrying: 'Trying again',
  finishing: 'Finishing',
  stalled: 'Stalled',
  cancelling: 'Cancelling…',
})

function doingWord(job: Job): string {
  return say(PHASES[job.phase] ?? (isImport(job) ? 'Importing' : 'Running'))
}

function isImport(job: Job): boolean {
  return job.job_type === 'import'
}

function doing(job: Job): string {
  return [job.message, units(job), `${job.progress}%`].filter(Boolean).join(' · ')
}

/** An upload that was begun by a page that is gone: "Interrupted at 43%. Choose the file again to go on, until 4 May, 14:00." */
export function sayInterrupted(job: Job): string {
  const percent = interruptedPercent(job)
  const moment = formatMoment(job.resumable_until ?? '')
  return percent === null
    ? say('Interrupted. Choose the file again to go on, until {moment}.', { moment })
    : say('Interrupted at {percent}%. Choose the file again to go on, until {moment}.', { percent, moment })
}

export function interruptedPercent(job: Job): number | null {
  return job.total_units ? Math.floor((100 * (job.done_units ?? 0)) / job.total_units) : null
}

function units(job: Job): string {
  if (!job.done_units || !job.unit || job.unit === 'bytes') return ''
  const [done, all] = [formatCount(job.done_units), formatCount(job.total_units ?? 0)]
  return job.total_units && job.status === 'running' ? say('{done} of {all} {unit}', { done, all, unit: job.unit }) : `${done} ${job.unit}`
}

/** What, where, what to do. */
export function sayProblem({ title, detail, user_action: action }: Problem): string {
  const parts = detail && detail !== title ? [title, detail, action] : [title, action]
  return parts
    .filter((part): part is string => Boolean(part))
    .map(withFullStop)
    .join(' ')
}

function withFullStop(sentence: string): string {
  return /[.!?…]$/.test(sentence.trim()) ? sentence.trim() : `${sentence.trim()}.`
}
