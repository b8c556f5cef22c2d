/** What of a newer overview may be shown at once: changes in place always, other rows not under somebody's pointer. */

import type { OperatorJob, Overview, SomeJobs, Worker } from '../../client/operator-types.ts'

/** Whether both have the same rows in the same order, so that showing the other one moves nothing. */
export function sameRows(one: Overview, other: Overview): boolean {
  return shape(one) === shape(other)
}

function shape({ workers, lost_workers: lost, queues, stalled, failed }: Overview): string {
  const ids = ({ items, more }: SomeJobs): unknown => [items.map(({ id }) => id), more]
  const works = workers.map(({ id, jobs }) => [id, jobs.map((job) => job.id)])
  const paused = queues.map(({ name, paused: pause }) => [name, pause !== null])
  return JSON.stringify([works, lost.map(({ id }) => id), paused, ids(stalled), ids(failed)])
}

/** Return the newer overview with the rows of the one that is shown: each as it is now, or as it was last known. */
export function inPlace(shown: Overview, newer: Overview): Overview {
  return {
    ...newer,
    workers: shown.workers.map((worker) => inPlaceWorker(worker, newer)),
    lost_workers: shown.lost_workers,
    queues: shown.queues.map((queue) => ({ ...(newer.queues.find(({ name }) => name === queue.name) ?? queue), paused: queue.paused })),
    stalled: { ...shown.stalled, items: newest(shown.stalled.items, newer.stalled.items) },
    failed: { ...shown.failed, items: newest(shown.failed.items, newer.failed.items) },
  }
}

function inPlaceWorker(worker: Worker, newer: Overview): Worker {
  const now = newer.workers.find(({ id }) => id === worker.id)
  return now ? { ...now, jobs: newest(worker.jobs, now.jobs) } : worker
}

function newest(shown: readonly OperatorJob[], newer: readonly OperatorJob[]): OperatorJob[] {
  const known = new Map(newer.map((job) => [job.id, job]))
  return shown.map((job) => known.get(job.id) ?? job)
}

/** Return the overview with what has come of one of its jobs, where that job stands. */
export function withJob(overview: Overview, job: OperatorJob): Overview {
  const changed = (jobs: readonly OperatorJob[]): OperatorJob[] => jobs.map((each) => (each.id === job.id ? job : each))
  return {
    ...overview,
    workers: overview.workers.map((worker) => ({ ...worker, jobs: changed(worker.jobs) })),
    stalled: { ...overview.stalled, items: changed(overview.stalled.items) },
    failed: { ...overview.failed, items: changed(overview.failed.items) },
  }
}
