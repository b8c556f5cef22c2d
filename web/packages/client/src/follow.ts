/** Following a job until its end. */

import type { Headway } from './client.ts'
import { persist } from './persist.ts'
import type { JobResponse } from './schema.ts'

const WAIT_SECONDS = 25

/**
 * Yield a job as it is, and whenever it has changed, until it has ended. What ended badly is yielded too: look at its
 * `status` and `problem`. While the server does not answer, it is asked again; `signal` ends that.
 */
export async function* follow(
  headway: Headway,
  id: string,
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<JobResponse> {
  const to = { path: { job_id: id }, ...(signal ? { signal } : {}) }
  let version = 0
  for (;;) {
    const query = { wait: version ? WAIT_SECONDS : 0, after_version: version }
    const job = await persist(() => headway.get('/jobs/{job_id}', { ...to, query }), { signal })
    if (job.version > version) yield job
    if (isEnded(job)) return
    version = job.version
  }
}

/** Return a job once it has ended, well or badly. `changed` hears of every change until then. */
export async function ended(
  headway: Headway,
  id: string,
  { signal, changed }: { signal?: AbortSignal; changed?: (job: JobResponse) => void } = {},
): Promise<JobResponse> {
  for await (const job of follow(headway, id, signal ? { signal } : {})) {
    changed?.(job)
    if (isEnded(job)) return job
  }
  throw new Error('A job is followed until it has ended.')
}

function isEnded({ status }: JobResponse): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled'
}
