/** The jobs that are in view, and how events change them. Pure, so that its rules can be tested alone. */

import type { ActiveJobs, Job } from './types.ts'

export type LiveEvent =
  | { kind: 'snapshot'; jobs: Job[] }
  | { kind: 'job'; job: Job }
  | { kind: 'removed'; id: string }

/** Return the jobs after an event, newest first; the same array if nothing changed. An older version never wins. */
export function apply(jobs: readonly Job[], event: LiveEvent): readonly Job[] {
  if (event.kind === 'snapshot') return merged(jobs, event.jobs)
  if (event.kind === 'removed') {
    return jobs.some((job) => job.id === event.id) ? jobs.filter((job) => job.id !== event.id) : jobs
  }
  const known = jobs.find((job) => job.id === event.job.id)
  if (known && known.version >= event.job.version) return jobs
  return newestFirst([...jobs.filter((job) => job !== known), event.job])
}

/** A snapshot says which jobs there are; where an event overtook it, the event's version stays. */
function merged(before: readonly Job[], snapshot: readonly Job[]): readonly Job[] {
  const known = new Map(before.map((job) => [job.id, job]))
  return newestFirst(
    snapshot.map((job) => {
      const newer = known.get(job.id)
      return newer && newer.version > job.version ? newer : job
    }),
  )
}

function newestFirst(jobs: Job[]): Job[] {
  return jobs.sort((a, b) => (a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : a.id < b.id ? 1 : -1))
}

export function fromActive(answer: ActiveJobs): LiveEvent {
  return { kind: 'snapshot', jobs: answer.jobs }
}

const FIRST_WAIT = 500
const LONGEST_WAIT = 30_000

/** How long to wait before the next try: doubling, at most half a minute, spread so that not all come at once. */
export function backoff(failures: number, random: () => number = Math.random): number {
  return Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures) * (0.5 + random() / 2)
}
