/** What a file looks like, before it is imported or read otherwise. */

import { request, send, ApiError, readProblem } from './api.ts'

/** Import options; see ReadingOptions of the API. */
export type ReadingOptions = Readonly<Record<string, unknown>>

export interface Decision {
  subject: string
  value: unknown
  evidence: string
  runner_up: unknown
  /** The import option that decides it otherwise. */
  option: string | null
  /** Options that take the runner-up, or that keep a column as text. */
  instead: ReadingOptions | null
}

export interface PreviewColumn {
  name: string
  type: string
  format: string | null
  why: string
}

export interface Preview {
  is_sample: boolean
  message: string
  rows_read: number
  rejected_rows: number
  columns: PreviewColumn[]
  decisions: Decision[]
  rows: Record<string, unknown>[]
  written: Record<string, unknown>[]
}

/** Asks for a preview with these options. */
export type Look = (options: ReadingOptions, signal: AbortSignal) => Promise<Preview>

/** The server reads no more of a file that is sent to be looked at. */
const HEAD_BYTES = 2 * 1024 * 1024

export function lookAtFile(file: File): Look {
  return async (options, signal) => {
    const params = new URLSearchParams({ filename: file.name })
    if (Object.keys(options).length) params.set('options', JSON.stringify(options))
    const headers = { Accept: 'application/json', 'Content-Type': 'application/octet-stream' }
    const body = file.slice(0, HEAD_BYTES)
    const answer = await send(`/imports/preview?${params}`, { method: 'POST', headers, body, signal })
    if (!answer.ok) throw new ApiError(readProblem(answer.status, await answer.text()))
    return (await answer.json()) as Preview
  }
}

export function lookAtDataset(id: string): Look {
  return (options, signal) =>
    request<Preview>('POST', '/imports/preview', { body: { dataset_id: id, options }, signal })
}
