/** What the dataset pages ask about versions, changes and rejected rows. */

import { API, ApiError, readProblem, request, send } from '../../client/api.ts'
import type { Decision, ReadingOptions } from '../../client/reading-api.ts'
import type { Dataset, Job } from '../../client/types.ts'

export interface Version {
  number: number
  is_current: boolean
  action: string
  based_on: number | null
  rows: number
  rejected_rows: number
  bytes: number
  columns: number
  source: { file_name: string }
  job_id: string
  created_at: string
}

export type ChangeState = 'preparing' | 'proposed' | 'applied' | 'unchanged' | 'discarded' | 'expired'

interface Named {
  name: string
  type: string
}

interface Reading {
  type: string
  format: string | null
}

export interface Summary {
  columns: {
    added: Named[]
    removed: Named[]
    retyped: { name: string; before: Reading; after: Reading }[]
    renamed?: { before: string; after: string }[]
  }
  rows: Record<string, unknown>
  cells?: {
    changed: number
    become_empty: number
    become_filled: number
    columns: { column: string; changed: number; become_empty: number; samples: { row: number; before: string | null; after: string | null }[] }[]
  }
  rejected_rows?: { before: number; after: number }
  repair?: { fixed: number; still_rejected: number; not_rejected: number; unreadable: number }
}

export interface Change {
  job_id: string
  action: string
  state: ChangeState
  base_version: number | null
  version: number | null
  summary: Summary | null
  created_at: string
  decided_at: string | null
  expires_at: string | null
}

export interface RejectedRow {
  id: string
  row: number
  reason: string
  raw: string
  cells: (string | null)[]
}

export interface RejectedGroup {
  reason: string
  count: number
  rows: number[][]
  more_ranges: number
  samples: RejectedRow[]
}

export interface Rejected {
  items: RejectedRow[]
  total: number
  groups: RejectedGroup[]
}

export function listVersions(id: string): Promise<{ items: Version[]; keeps: number }> {
  return request('GET', `${path(id)}/versions`)
}

export function restoreVersion(id: string, number: number): Promise<Dataset> {
  return request('POST', `${path(id)}/versions/${number}/restore`)
}

export async function listChanges(id: string): Promise<Change[]> {
  return (await request<{ items: Change[] }>('GET', `${path(id)}/changes`)).items
}

export function getChange(id: string, jobId: string): Promise<Change> {
  return request('GET', `${path(id)}/changes/${jobId}`)
}

export function applyChange(id: string, jobId: string): Promise<Dataset> {
  return request('POST', `${path(id)}/changes/${jobId}/apply`)
}

export async function discardChange(id: string, jobId: string): Promise<void> {
  await request<unknown>('DELETE', `${path(id)}/changes/${jobId}`)
}

/** Read the dataset's file otherwise; the job ends with what would be different. */
export function reparse(id: string, options: ReadingOptions): Promise<Job> {
  return request('POST', `${path(id)}/reparse`, { body: { options } })
}

export function getReading(id: string, signal?: AbortSignal): Promise<{ items: Decision[]; options: ReadingOptions }> {
  return request('GET', `${path(id)}/decisions`, { signal })
}

export function listRejected(id: string, offset: number, limit: number): Promise<Rejected> {
  return request('GET', `${path(id)}/rejected?offset=${offset}&limit=${limit}`)
}

/** Send rejected rows back, corrected: as rows, or in the file that was downloaded. */
export async function sendCorrected(id: string, corrected: Record<string, string>[] | File): Promise<Job> {
  const form = new FormData()
  const rows = (): File => new File([JSON.stringify({ rows: corrected })], 'corrected.json', { type: 'application/json' })
  form.set('file', corrected instanceof File ? corrected : rows())
  const answer = await send(`${path(id)}/rejected`, { method: 'POST', headers: { Accept: 'application/json' }, body: form })
  if (!answer.ok) throw new ApiError(readProblem(answer.status, await answer.text()))
  return (await answer.json()) as Job
}

export function rejectedPath(id: string, kind: 'csv' | 'xlsx'): string {
  return `${API}${path(id)}/rejected.${kind}`
}

function path(id: string): string {
  return `/datasets/${encodeURIComponent(id)}`
}
