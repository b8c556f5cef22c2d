/** The jobs that are in view, and how events change them. Pure, so that its rules can be tested alone. */

import type { ActiveJobs, Job, QueueNews } from './types.ts'

export type LiveEvent =
  /** `at` is the server's time for a list that was asked for, which events may have overtaken. */
  | { kind: 'snapshot'; jobs: Job[]; at?: string }
  | { kind: 'job'; job: Job }
  | { kind: 'removed'; id: string }
  | ({ kind: 'queue' } & QueueNews)

/** Return the jobs after an event, newest first; the same array if nothing changed. An older version never wins. */
export function apply(jobs: readonly Job[], event: LiveEvent): readonly Job[] {
  if (event.kind === 'snapshot') return merged(jobs, event.jobs, Date.parse(event.at ?? ''))
  if (event.kind === 'removed') {
    return jobs.some((job) => job.id === event.id) ? jobs.filter((job) => job.id !== event.id) : jobs
  }
  // A place in the queue changes without a new version.
  if (event.kind === 'queue') {
    return jobs.some((job) => job.id === event.id) ? jobs.map((job) => (job.id === event.id ? { ...job, queue: event.queue } : job)) : jobs
  }
  const known = jobs.find((job) => job.id === event.job.id)
  if (known && known.version >= event.job.version) return jobs
  return newestFirst([...jobs.filter((job) => job !== known), event.job])
}

/** A snapshot says which jobs there are; where an event overtook it, the event's version stays, or the job that came.
 * One of the same moment counts as later: if it is gone, an event says so, and nothing would bring it back. */
function merged(before: readonly Job[], snapshot: readonly Job[], at: number): readonly Job[] {
  const known = new Map(before.map((job) => [job.id, job]))
  const jobs = snapshot.map((job) => {
    const newer = known.get(job.id)
    known.delete(job.id)
    return newer && newer.version > job.version ? newer : job
  })
  return newestFirst([...jobs, ...[...known.values()].filter((job) => Date.parse(job.updated_at) >= at)])
}

function newestFirst(jobs: Job[]): Job[] {
  return jobs.sort((a, b) => (a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : a.id < b.id ? 1 : -1))
}

export function fromActive(answer: ActiveJobs): LiveEvent {
  return { kind: 'snapshot', jobs: answer.jobs, at: answer.server_time }
}

const FIRST_WAIT = 500
/** A server that is back has everybody back within this; a try that finds nobody costs next to nothing. */
const LONGEST_WAIT = 3_000

/** How long to wait before the next try for a stream: doubling, and spread so that not all come at once. */
export function backoff(failures: number, random: () => number = Math.random): number {
  return Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures) * (0.5 + random() / 2)
}
