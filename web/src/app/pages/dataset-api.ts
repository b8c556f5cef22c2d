/** What the dataset pages ask of the server. */

import { listAll } from '../../client/all-pages.ts'
import { API, request } from '../../client/api.ts'
import type { Dataset, Job, Me, Page } from '../../client/types.ts'
import type { RowsPage } from '../../elements/grid-pages.ts'
import type { ColumnProfile } from '../../elements/grid-profile.ts'

export interface Limits {
  max_upload_bytes: number
  max_user_bytes: number
  used_bytes: number
}

const LIST_LIMIT = 50

export function listDatasets(q: string, cursor: string | null, signal?: AbortSignal): Promise<Page<Dataset>> {
  const params = new URLSearchParams({ limit: String(LIST_LIMIT) })
  if (q) params.set('q', q)
  if (cursor) params.set('cursor', cursor)
  return request<Page<Dataset>>('GET', `/datasets?${params}`, { signal })
}

/** More than these nobody chooses from in a list. */
const MOST_LISTED = 500

/** The newest datasets, and whether there are others. */
export interface Newest {
  items: readonly Dataset[]
  more: boolean
}

/** Return datasets to choose one of. */
export function listNewest(): Promise<Newest> {
  return listAll<Dataset>('/datasets', MOST_LISTED)
}

export function getDataset(id: string, signal?: AbortSignal): Promise<Dataset> {
  return request<Dataset>('GET', path(id), { signal })
}

export function renameDataset(id: string, name: string): Promise<Dataset> {
  return request<Dataset>('PATCH', path(id), { body: { name } })
}

export async function deleteDataset(id: string): Promise<void> {
  await request<unknown>('DELETE', path(id))
}

export function fetchRows(
  id: string,
  view: URLSearchParams,
  offset: number,
  limit: number,
  signal: AbortSignal,
): Promise<RowsPage> {
  const params = new URLSearchParams(view)
  params.set('offset', String(offset))
  params.set('limit', String(limit))
  return request<RowsPage>('GET', `${path(id)}/rows?${params}`, { signal })
}

/** What the columns hold; nothing for a dataset that an older Headway made. */
export async function getProfile(id: string, signal: AbortSignal): Promise<readonly ColumnProfile[]> {
  return (await request<{ columns: ColumnProfile[] }>('GET', `${path(id)}/profile`, { signal })).columns
}

/** What `POST /datasets/{id}/exports` takes. */
export interface ExportWish {
  format: string
  [option: string]: unknown
}

export function exportDataset(id: string, wish: ExportWish): Promise<Job> {
  return request<Job>('POST', `${path(id)}/exports`, { body: wish })
}

export function getLimits(): Promise<Limits> {
  return request<Limits>('GET', '/limits')
}

export function getMe(): Promise<Me> {
  return request<Me>('GET', '/me')
}

export function originalPath(id: string): string {
  return `${API}${path(id)}/original`
}

function path(id: string): string {
  return `/datasets/${encodeURIComponent(id)}`
}
