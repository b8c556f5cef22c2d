/** In which order jobs stand in the panel. Pure. */

import type { Job } from '../client/types.ts'
import { isWaiting, needsPerson } from './job-tally.ts'
import { isEnded, isPausedUpload } from './job-words.ts'

const GROUPS = ['attention', 'running', 'waiting', 'finished'] as const

type Group = (typeof GROUPS)[number]

function groupOf(job: Job): Group {
  if (needsPerson(job) || job.phase === 'stalled') return 'attention'
  if (isEnded(job)) return 'finished'
  return isWaiting(job) || isPausedUpload(job) ? 'waiting' : 'running'
}

/** Return the jobs as they are listed: what needs a person, what runs, what waits in its order, what is done, newest first.
 *
 * `held` are the ids in the order in which they are shown while somebody is about to use the list: they keep their
 * places, and what is new comes after them.
 */
export function arranged(jobs: readonly Job[], held: readonly string[] | null = null): Job[] {
  const places = new Map(held?.map((id, place) => [id, place]))
  const place = ({ id }: Job): number => places.get(id) ?? places.size
  return [...jobs].sort((a, b) => place(a) - place(b) || byNeed(a, b))
}

function byNeed(a: Job, b: Job): number {
  const group = groupOf(a)
  return GROUPS.indexOf(group) - GROUPS.indexOf(groupOf(b)) || (group === 'waiting' ? -1 : 1) * byAge(a, b)
}

/** Newest first: by when it ended, else by when it was made. */
function byAge(a: Job, b: Job): number {
  const [at, bt] = [a, b].map((job) => job.completed_at ?? job.created_at) as [string, string]
  return at < bt ? 1 : at > bt ? -1 : a.id < b.id ? 1 : -1
}
