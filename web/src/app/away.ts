/** What happened while nobody looked: which ends are worth telling, and in which words. Pure. */

import type { Job } from '../client/types.ts'
import { isEnded, titleOf } from '../elements/job-words.ts'

/** Who started something shorter is still there. */
export const WORTH_MILLISECONDS = 10_000

/** Finds the jobs that have ended since it was asked before. Of those that had ended at first it says nothing. */
export class Endings {
  #going: ReadonlySet<string> | null = null

  since(jobs: readonly Job[]): Job[] {
    const before = this.#going
    this.#going = new Set(jobs.filter((job) => !isEnded(job)).map((job) => job.id))
    return before ? jobs.filter((job) => isEnded(job) && before.has(job.id)) : []
  }

  /** Begin anew, for instance because somebody else has signed in. */
  forget(): void {
    this.#going = null
  }
}

export function tookLong(job: Job): boolean {
  return job.completed_at !== null && Date.parse(job.completed_at) - Date.parse(job.created_at) > WORTH_MILLISECONDS
}

/** "customers.csv imported", "customers.csv failed". */
export function sayEnd(job: Job): string {
  const done = job.job_type === 'import' && job.outcome !== 'duplicate' ? 'imported' : 'done'
  const words: Record<string, string> = { completed: done, failed: 'failed', cancelled: 'cancelled' }
  return `${titleOf(job)} ${words[job.status] ?? job.status}`
}

export interface TabState {
  /** The page's own name. */
  page: string
  running: number
  attention: number
  /** The last job that ended while nobody looked. */
  ended: Job | null
}

/** The title of the tab: what ended while nobody looked, else how many run, before the page's own name. */
export function tabTitle({ page, running, attention, ended }: TabState): string {
  if (ended) return `(${ended.status === 'completed' ? '✓' : '!'}) ${sayEnd(ended)} · Headway`
  const name = page ? `${page} · Headway` : 'Headway'
  return running ? `(${running}) ${name}` : attention ? `(!) ${name}` : name
}

const LOGO =
  '<rect width="32" height="32" rx="8" fill="#1d4ed8"/><path d="M8 22.5h6.5V16H21V9.5h3" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/><circle cx="24" cy="9.5" r="2.6" fill="#fff"/>'

/** The icon of the tab with what its title says: a count, a tick, or a sign that somebody is needed. */
export function tabIcon({ running, attention, ended }: TabState): string {
  if (attention || (ended && ended.status !== 'completed')) return badge('#b91c1c', '#fff', '!')
  if (ended) return badge('#15803d', '#fff', '✓')
  return running ? badge('#fff', '#1d4ed8', running > 9 ? '9+' : String(running)) : '/logo.svg'
}

function badge(ground: string, ink: string, text: string): string {
  const size = text.length > 1 ? 13 : 17
  const disc = `<circle cx="22" cy="22" r="10" fill="${ground}" stroke="#18181b" stroke-width="1.5"/>`
  const sign = `<text x="22" y="${22 + size * 0.36}" font-family="system-ui,sans-serif" font-size="${size}" font-weight="700" text-anchor="middle" fill="${ink}">${text}</text>`
  return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${LOGO}${disc}${sign}</svg>`)}`
}
