/** How a job came to where it is: its attempts, what came between them, and how long each part took. Pure. */

import type { Job, JobAttempt, JobEvent } from '../../client/types.ts'
import { sayMilliseconds } from '../../elements/job-figures.ts'
import type { Tone } from '../../elements/job-words.ts'

export interface Said {
  word: string
  icon: string
  tone: Tone
  /** What it means for whoever waits for the job; empty where the word says all. */
  sentence: string
}

const OUTCOMES: Record<string, [word: string, icon: string, tone: Tone]> = {
  running: ['Running', '●', 'plain'],
  completed: ['Done', '✓', 'good'],
  failed: ['Failed', '✕', 'bad'],
  cancelled: ['Cancelled', '–', 'plain'],
  crashed: ['Broke off', '!', 'warn'],
  worker_lost: ['Worker lost', '!', 'warn'],
  handed_back: ['Handed back', '↩', 'plain'],
}

const SENTENCES: Record<string, [wentOn: string, waits: string, ended: string]> = {
  crashed: [
    'The program that read the file broke off. It was tried again.',
    'The program that read the file broke off. It is tried again.',
    'The program that read the file broke off.',
  ],
  worker_lost: [
    'The worker stopped in the middle, so another one took over. Nothing that was stored is lost.',
    'The worker stopped in the middle. Another one takes over as soon as it is free.',
    'The worker stopped in the middle.',
  ],
  handed_back: [
    'The worker gave it back, and it was taken up again. Nothing went wrong with the file.',
    'The worker gave it back. It goes on as soon as a worker is free.',
    'The worker gave it back.',
  ],
}

/** Say how an attempt ended, and what followed from it. An outcome of a newer server is shown as it is. */
export function sayAttempt(attempt: JobAttempt, isLast: boolean, isJobEnded: boolean): Said {
  const [word, icon, tone] = OUTCOMES[attempt.outcome] ?? [attempt.outcome, '●', 'plain']
  const [wentOn, waits, ended] = SENTENCES[attempt.outcome] ?? ['', '', '']
  return { word, icon, tone, sentence: !isLast ? wentOn : isJobEnded ? ended : waits }
}

const STAGES: Record<string, string> = {
  upload: 'Receiving the file',
  parse: 'Parsing',
  store: 'Storing rows',
  publish: 'Creating the dataset',
  process: 'Running the steps',
  check: 'Checking the rows',
  write: 'Writing the file',
}

export interface StageBar {
  text: string
  /** "3.2 s", with "so far" while it goes on. */
  took: string
  /** Where its bar begins and how long it is, in thousandths of the attempt. */
  begin: number
  length: number
}

/** Return the stages of an attempt as bars on its own scale. `now` ends those that go on, in ms since 1970. */
export function stageBars(attempt: JobAttempt, now: number): StageBar[] {
  const began = Date.parse(attempt.started_at)
  const whole = Math.max(1, end(attempt.ended_at, now) - began)
  return attempt.stages.map(({ name, started_at, ended_at }) => {
    const from = Date.parse(started_at)
    const milliseconds = Math.max(0, end(ended_at ?? attempt.ended_at, now) - from)
    const begin = Math.min(1000, Math.max(0, Math.round((1000 * (from - began)) / whole)))
    return {
      text: STAGES[name] ?? name,
      took: sayMilliseconds(milliseconds) + (ended_at || attempt.ended_at ? '' : ' so far'),
      begin,
      length: Math.min(1000 - begin, Math.round((1000 * milliseconds) / whole)),
    }
  })
}

/** How long an attempt took; for one that runs, how long it has been at it. */
export function sayLength(attempt: JobAttempt, now: number): string {
  const milliseconds = end(attempt.ended_at, now) - Date.parse(attempt.started_at)
  return sayMilliseconds(milliseconds) + (attempt.ended_at ? '' : ' so far')
}

function end(iso: string | null, now: number): number {
  return iso ? Date.parse(iso) : now
}

const NOTES: Record<string, string> = {
  created: 'Created',
  accepted: 'File stored, waiting for a worker',
  sent: 'Sent to the workers',
  stalled: 'No sign of life',
  redelivered: 'Put into the queue once more',
  retried: 'Tried again',
  restored: 'Restored from a backup',
  cancel_requested: 'Cancelling was asked for',
  artifact: 'Left a file',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled',
}
const ENDINGS = ['completed', 'failed', 'cancelled']

export interface Note {
  at: string
  text: string
}

export type Entry =
  | { kind: 'note'; note: Note; later: string }
  | { kind: 'attempt'; attempt: JobAttempt; later: string; notes: readonly Note[]; isLast: boolean }

/** Return a job's history in order: attempts, each with what happened during it, and what happened outside of them. */
export function timeline(job: Job, attempts: readonly JobAttempt[], events: readonly JobEvent[]): Entry[] {
  const told = events.filter((event) => NOTES[event.kind] && !isEndOfAttempt(event, attempts))
  const during = (event: JobEvent): JobAttempt | undefined => attempts.find((attempt) => isWithin(event, attempt))
  const outside = told.filter((event) => !during(event))
  const entries: Entry[] = [
    ...outside.map((event): Entry => ({ kind: 'note', note: note(event, job), later: '' })),
    ...attempts.map((attempt, index): Entry => {
      const notes = told.filter((event) => during(event) === attempt).map((event) => note(event, job))
      return { kind: 'attempt', attempt, later: '', notes, isLast: index === attempts.length - 1 }
    }),
  ]
  return withGaps(entries.sort((a, b) => Date.parse(beginning(a)) - Date.parse(beginning(b))))
}

/** How an attempt ended is said by the attempt itself. */
function isEndOfAttempt(event: JobEvent, attempts: readonly JobAttempt[]): boolean {
  return ENDINGS.includes(event.kind) && attempts.some((attempt) => attempt.number === event.attempt && attempt.ended_at === event.at)
}

function isWithin({ at, attempt: number }: JobEvent, attempt: JobAttempt): boolean {
  const moment = Date.parse(at)
  const isAfterItsEnd = attempt.ended_at !== null && moment > Date.parse(attempt.ended_at)
  return number === attempt.number && moment >= Date.parse(attempt.started_at) && !isAfterItsEnd
}

function note(event: JobEvent, job: Job): Note {
  const isUpload = event.kind === 'created' && job.job_type === 'import'
  const name = event.kind === 'artifact' ? `: ${String(event.data['name'])}` : ''
  return { at: event.at, text: isUpload ? 'Upload began' : (NOTES[event.kind] ?? event.kind) + name }
}

function beginning(entry: Entry): string {
  return entry.kind === 'note' ? entry.note.at : entry.attempt.started_at
}

/** "1.7 s later", counted from the end of what came before. */
function sayLater(milliseconds: number): string {
  return milliseconds < 50 ? 'at once' : `${sayMilliseconds(milliseconds)} later`
}

function withGaps(entries: Entry[]): Entry[] {
  let before: string | null = null
  return entries.map((entry) => {
    const later = before ? sayLater(Date.parse(beginning(entry)) - Date.parse(before)) : ''
    before = entry.kind === 'note' ? entry.note.at : entry.attempt.ended_at
    return { ...entry, later }
  })
}

/** Rows read, kept and rejected, where a result tells them. */
export function counts(job: Job): { text: string; count: number; tone: Tone }[] {
  const { rows, rejected_rows: rejected } = job.result ?? {}
  if (typeof rows !== 'number' || typeof rejected !== 'number') return []
  return [
    { text: 'Rows read', count: rows + rejected, tone: 'plain' },
    { text: 'Rows kept', count: rows, tone: 'plain' },
    { text: 'Rows rejected', count: rejected, tone: rejected ? 'warn' : 'plain' },
  ]
}
