/** What a job is, in one word for each phase. */

import type { Job } from '../client/types.ts'
import { say, texts } from './say.ts'

export type Tone = 'plain' | 'good' | 'bad' | 'warn'

const WORDS: Record<string, string> = texts({
  uploading: 'Uploading',
  queued: 'Waiting',
  retrying: 'Trying again',
  running: 'Running',
  finishing: 'Finishing',
  stalled: 'No sign of life',
  cancelling: 'Cancelling…',
  completed: 'Done',
  partial: 'Done, with rows skipped',
  failed: 'Failed',
  cancelled: 'Cancelled',
})

/** An upload that nobody sends: it waits for its person, and nothing runs. */
export function isPausedUpload(job: Job): boolean {
  return Boolean(job.resumable_until) && job.phase === 'uploading'
}

/** A word for the phase; one that this page does not know yet is shown as it is. */
export function sayPhase(phase: string): string {
  return say(WORDS[phase] ?? phase)
}

export function phaseWord(job: Job): string {
  if (isPausedUpload(job)) return say('Paused')
  if (job.phase === 'partial' && job.job_type === 'validation') return say('Done, with rules broken')
  return job.outcome === 'duplicate' ? say('Already there') : sayPhase(job.phase)
}

export function tone(job: Job): Tone {
  if (job.phase === 'failed') return 'bad'
  if (job.phase === 'stalled' || job.phase === 'partial') return 'warn'
  return job.phase === 'completed' ? 'good' : 'plain'
}

const KINDS: Record<string, string> = texts({ import: 'Import', export: 'Export', validation: 'Validation', processing: 'Processing' })

/** What kind of work it is; kinds of other programs are shown as these name them. */
export function kindWord(kind: string): string {
  return say(KINDS[kind] ?? kind)
}

export function titleOf(job: Job): string {
  return job.title || kindWord(job.job_type)
}

export function isEnded(job: Job): boolean {
  return job.status === 'completed' || job.status === 'failed' || job.status === 'cancelled'
}
