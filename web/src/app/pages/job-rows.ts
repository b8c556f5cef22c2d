/** How a list of jobs follows what happens, without moving under the pointer. Pure. */

import type { Job } from '../../client/types.ts'

/** Return the rows in their places, each in its newest version; the same array if nothing changed. */
export function updated(rows: readonly Job[], live: readonly Job[]): readonly Job[] {
  const newest = new Map(live.map((job) => [job.id, job]))
  const isOld = (job: Job): boolean => (newest.get(job.id)?.version ?? 0) > job.version
  return rows.some(isOld) ? rows.map((job) => (isOld(job) ? (newest.get(job.id) ?? job) : job)) : rows
}

/** Return the live jobs that belong among the rows and are not there, newest first.
 *
 * `isWhole` says that no older rows are left to load: else a job older than the last row comes with its page.
 */
export function missing(rows: readonly Job[], live: readonly Job[], isWanted: (job: Job) => boolean, isWhole: boolean): Job[] {
  const shown = new Set(rows.map((job) => job.id))
  const last = rows.at(-1)
  const isInReach = (job: Job): boolean => isWhole || !last || byAge(job, last) < 0
  return live.filter((job) => !shown.has(job.id) && isInReach(job) && isWanted(job)).sort(byAge)
}

/** Return rows and more of them in one list, each job once, newest first. */
export function joined(rows: readonly Job[], more: readonly Job[]): Job[] {
  const all = new Map(rows.map((job) => [job.id, job]))
  for (const job of more) if (job.version >= (all.get(job.id)?.version ?? 0)) all.set(job.id, job)
  return [...all.values()].sort(byAge)
}

/** The server's order: newest first, and by id where two are of the same moment. */
function byAge(a: Job, b: Job): number {
  return Date.parse(b.created_at) - Date.parse(a.created_at) || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0)
}
