/** What is asked of the server about jobs, beside the live list. */

import { request } from './api.ts'
import type { Artifact, BulkAction, BulkAnswer, HistoryCounts, HistoryPage, Job, JobAttempts, JobEvent, LogPage, Receipt } from './types.ts'

export const LIST_LIMIT = 50
/** How many jobs one request names at most; more are asked for one request after another. */
export const BULK_LIMIT = 100

export function listJobs(query: URLSearchParams, cursor: string | null, signal?: AbortSignal): Promise<HistoryPage> {
  const params = new URLSearchParams(query)
  params.set('limit', String(LIST_LIMIT))
  if (cursor) params.set('cursor', cursor)
  return request<HistoryPage>('GET', `/jobs?${params}`, { signal })
}

/** How many jobs there are by state and type; what else is filtered is not counted. */
export function countJobs(query: URLSearchParams, signal?: AbortSignal): Promise<HistoryCounts> {
  const counted = [...query].filter(([name]) => name === 'status' || name === 'job_type')
  return request<HistoryCounts>('GET', `/jobs/counts?${new URLSearchParams(counted)}`, { signal })
}

export function getJob(id: string, signal?: AbortSignal): Promise<Job> {
  return request<Job>('GET', path(id), { signal })
}

export function listAttempts(id: string, signal?: AbortSignal): Promise<JobAttempts> {
  return request<JobAttempts>('GET', `${path(id)}/attempts`, { signal })
}

export async function listEvents(id: string, signal?: AbortSignal): Promise<JobEvent[]> {
  return (await request<{ items: JobEvent[] }>('GET', `${path(id)}/events`, { signal })).items
}

export async function listArtifacts(id: string, signal?: AbortSignal): Promise<Artifact[]> {
  return (await request<{ items: Artifact[] }>('GET', `${path(id)}/artifacts`, { signal })).items
}

/** Return the lines after a number, or the last ones. */
export function listLines(id: string, after: number | null, signal?: AbortSignal): Promise<LogPage> {
  return request<LogPage>('GET', `${path(id)}/logs?limit=500${after === null ? '' : `&after=${after}`}`, { signal })
}

export function getReceipt(id: string, signal?: AbortSignal): Promise<Receipt> {
  return request<Receipt>('GET', `${path(id)}/receipt`, { signal })
}

export async function deleteJob(id: string): Promise<void> {
  await request<unknown>('DELETE', path(id))
}

/** Do the same with many jobs. The answer says which of them refused, and why. */
export async function bulk(action: BulkAction, ids: readonly string[]): Promise<BulkAnswer> {
  const all: BulkAnswer = { done: [], refused: [] }
  for (let first = 0; first < ids.length; first += BULK_LIMIT) {
    const some = ids.slice(first, first + BULK_LIMIT)
    const answer = await request<BulkAnswer>('POST', '/jobs/bulk', { body: { action, ids: some } })
    all.done.push(...answer.done)
    all.refused.push(...answer.refused)
  }
  return all
}

function path(id: string): string {
  return `/jobs/${encodeURIComponent(id)}`
}
