/** What operators ask of the server. */

import { request } from './api.ts'
import type { AuditEntry, OperatorJob, Overview, Queue, Throughput, ThroughputWindow } from './operator-types.ts'
import type { Page } from './types.ts'

const LIST_LIMIT = 50

export function getOverview(signal?: AbortSignal): Promise<Overview> {
  return request<Overview>('GET', '/operator', { signal })
}

export function getThroughput(window: ThroughputWindow, signal?: AbortSignal): Promise<Throughput> {
  return request<Throughput>('GET', `/operator/throughput?window=${window}`, { signal })
}

/** Which jobs of all owners: those in trouble, or those that wait in a queue. */
export type JobsOf = 'stalled' | 'failed' | { queue: string }

export function listJobsOf(which: JobsOf, cursor: string | null): Promise<Page<OperatorJob>> {
  const params = new URLSearchParams({ limit: String(LIST_LIMIT), ...(cursor ? { cursor } : {}) })
  if (typeof which !== 'string') return request('GET', `/queues/${encodeURIComponent(which.queue)}/jobs?${params}`)
  params.set('state', which)
  return request('GET', `/operator/jobs?${params}`)
}

export function steer(job: OperatorJob, deed: 'cancel' | 'retry'): Promise<OperatorJob> {
  return request('POST', `/operator/jobs/${encodeURIComponent(job.id)}/${deed}`)
}

export function pauseQueue(name: string, reason: string): Promise<Queue> {
  return request('POST', `/queues/${encodeURIComponent(name)}/pause`, { body: { reason } })
}

export function resumeQueue(name: string): Promise<Queue> {
  return request('POST', `/queues/${encodeURIComponent(name)}/resume`)
}

export function listAudit(filter: URLSearchParams, cursor: string | null, signal?: AbortSignal): Promise<Page<AuditEntry>> {
  const params = new URLSearchParams(filter)
  params.set('limit', String(LIST_LIMIT))
  if (cursor) params.set('cursor', cursor)
  return request('GET', `/audit?${params}`, { signal })
}
