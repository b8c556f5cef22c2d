/** What a job says about itself, in one word and one sentence for each phase. */

import type { Job } from '../client/types.ts'
import { timeLeft } from './time-left.ts'
import { formatBytes, formatCount } from './sizes.ts'

export type Tone = 'plain' | 'good' | 'bad' | 'warn'

const WORDS: Record<string, string> = {
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
}

/** A word for the phase; one that this page does not know yet is shown as it is. */
export function phaseWord(job: Job): string {
  return job.outcome === 'duplicate' ? 'Already there' : (WORDS[job.phase] ?? job.phase)
}

export function tone(job: Job): Tone {
  if (job.phase === 'failed') return 'bad'
  if (job.phase === 'stalled' || job.phase === 'partial') return 'warn'
  return job.phase === 'completed' ? 'good' : 'plain'
}

export function icon(job: Job): string {
  const icons: Record<string, string> = { completed: '✓', partial: '!', failed: '✕', cancelled: '–', stalled: '!', queued: '…' }
  return icons[job.phase] ?? '●'
}

const KINDS: Record<string, string> = { import: 'Import', export: 'Export', validation: 'Validation', processing: 'Processing' }

/** What kind of work it is; kinds of other programs are shown as these name them. */
export function kindWord(kind: string): string {
  return KINDS[kind] ?? kind
}

export function isEnded(job: Job): boolean {
  return job.status === 'completed' || job.status === 'failed' || job.status === 'cancelled'
}

/** The sentence under the title. */
export function sentence(job: Job): string {
  switch (job.phase) {
    case 'failed':
      return job.error ?? 'It failed.'
    case 'stalled':
      return 'Nothing has been heard of it for a while. It is started again if its worker is gone.'
    case 'cancelling':
      return 'Stopping. What was begun is removed.'
    case 'cancelled':
      return 'Nothing was kept.'
    case 'queued':
      return job.message ?? 'Waiting for a worker.'
    case 'completed':
    case 'partial':
      return job.message ?? ''
    default:
      return running(job)
  }
}

function running(job: Job): string {
  // The message may say the count itself.
  const said = job.message ?? ''
  const counted = amount(job)
  return [said, counted && !said.includes(counted.split(' ')[0] ?? '') ? counted : '', `${job.progress}%`, timeLeft(job)].filter(Boolean).join(' · ')
}

/** How much is done of how much, in the job's own unit. */
export function amount(job: Job): string {
  if (job.done_units === null) return ''
  if (job.unit === 'bytes') {
    const of = job.total_units ? ` of ${formatBytes(job.total_units)}` : ''
    return `${formatBytes(Math.min(job.done_units, job.total_units ?? job.done_units))}${of}`
  }
  const of = job.total_units ? ` of ${formatCount(job.total_units)}` : ''
  return `${formatCount(job.done_units)}${of} ${job.unit ?? ''}`.trim()
}

/** The steps of an import, each with the percentage at which it is done. */
export const STAGES: readonly (readonly [number, string])[] = [
  [10, 'Check the format'],
  [20, 'Look for duplicates'],
  [40, 'Store the original'],
  [70, 'Parse'],
  [90, 'Store the rows'],
  [100, 'Create the dataset'],
]

export type StageState = 'done' | 'now' | 'next'

/** Where a job is among its steps. A job that ended badly stays where it was. */
export function stages(job: Job): { percent: number; text: string; state: StageState }[] {
  let current = false
  return STAGES.map(([percent, text]) => {
    const done = job.status === 'completed' || (percent < 100 && job.progress >= percent)
    const state: StageState = done ? 'done' : current || job.status === 'completed' ? 'next' : 'now'
    if (!done) current = true
    return { percent, text, state }
  })
}

/** "3.2 s", "4 min", "2 min 5 s": how long something took. */
export function duration(from: string | null, to: string | null): string {
  return from && to ? sayMilliseconds(Date.parse(to) - Date.parse(from)) : ''
}

export function sayMilliseconds(milliseconds: number): string {
  const exact = Math.max(0, milliseconds / 1000)
  if (exact < 0.05) return 'under 0.1 s'
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
