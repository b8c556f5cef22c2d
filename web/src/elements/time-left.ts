/** How long a job will take, in words no more exact than what is known, and never longer without saying so. */

import type { Job } from '../client/types.ts'
import { say } from './say.ts'

/** Before this nothing is known about a job's pace, and after it nothing is worth saying. */
const WORTH_SECONDS = 3
const WORTH_PERCENT = 5

interface Said {
  version: number
  /** When this version was first seen, by the clock of this page. */
  seenAt: number
  seconds: number
  isSlower: boolean
}

/** Remembers what it has said of each job, so that a time that grows is told as one. */
export class Countdowns {
  readonly #said = new Map<string, Said>()

  /** "about 40 s left", "slower than usual, about 2 min left"; empty where nothing is known or worth saying.
   *
   * Counted from the server's own moment of this version on, so that a wrong clock here does no harm. `now` is in
   * milliseconds of any clock that only goes forward.
   */
  say(job: Job, now: number = performance.now()): string {
    const before = this.#said.get(job.id)
    if (!job.expected_end || job.status !== 'running' || !isUnderWay(job)) {
      this.#said.delete(job.id)
      return ''
    }
    const seenAt = before?.version === job.version ? before.seenAt : now
    const passed = Date.parse(job.updated_at) + now - seenAt
    const likely = (Date.parse(job.expected_end.likely_at) - passed) / 1000
    const late = (Date.parse(job.expected_end.late_at) - passed) / 1000
    const seconds = likely >= WORTH_SECONDS ? rounded(likely) : 0
    const isSlower = seconds ? Boolean(before) && hasGrown(before as Said, seconds) : likely < 0
    this.#said.set(job.id, { version: job.version, seenAt, seconds, isSlower })
    return words(seconds, isSlower, rounded(late))
  }
}

/** The ones of this page: a list, a panel and a page say the same of a job. */
export const countdowns = new Countdowns()

function isUnderWay(job: Job): boolean {
  if (job.phase !== 'running' && job.phase !== 'finishing' && job.phase !== 'uploading') return false
  const began = Date.parse(job.started_at ?? job.created_at)
  return job.progress >= WORTH_PERCENT && Date.parse(job.updated_at) - began >= 1000 * WORTH_SECONDS
}

/** A step up may come from rounding; more than one, or one after another, does not. */
function hasGrown(before: Said, seconds: number): boolean {
  if (!before.seconds) return before.isSlower
  if (seconds > before.seconds + step(before.seconds)) return true
  return before.isSlower && seconds >= before.seconds
}

function words(seconds: number, isSlower: boolean, late: number): string {
  const time = sayRounded(seconds || late)
  if (seconds) return isSlower ? say('slower than usual, about {time} left', { time }) : say('about {time} left', { time })
  if (!isSlower) return ''
  return late >= WORTH_SECONDS ? say('slower than usual, up to {time} left', { time }) : say('taking longer than usual')
}

function step(seconds: number): number {
  return seconds < 10 ? 1 : seconds < 57.5 ? 5 : seconds < 3570 ? 60 : 360
}

function rounded(seconds: number): number {
  return Math.round(seconds / step(seconds)) * step(seconds)
}

function sayRounded(seconds: number): string {
  if (seconds < 57.5) return `${seconds} s`
  if (seconds < 3570) return `${Math.round(seconds / 60)} min`
  return `${(seconds / 3600).toFixed(1)} h`
}

/** "about 40 s", for a moment ahead; empty for one that is here. */
export function sayAhead(iso: string, now: number): string {
  const seconds = (Date.parse(iso) - now) / 1000
  return seconds < 1.5 ? '' : say('about {time}', { time: sayRounded(rounded(seconds)) })
}
