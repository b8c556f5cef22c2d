/** What a file looks like, before it is imported or read otherwise. */

import { request, send, ApiError, readProblem } from './api.ts'
import { HEAD_BYTES, type Range, rangesOf, sayRanges } from './file-ranges.ts'

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

/** A sheet of a workbook, or a file of an archive. */
export interface PreviewTable {
  kind: 'sheet' | 'member'
  name: string
  /** What speaks against it: hidden, a chart, a picture. */
  note: string | null
  is_table: boolean
  is_shown: boolean
}

export interface Preview {
  is_sample: boolean
  message: string
  rows_read: number
  rejected_rows: number
  tables: PreviewTable[]
  columns: PreviewColumn[]
  decisions: Decision[]
  rows: Record<string, unknown>[]
  written: Record<string, unknown>[]
}

/** Asks for a preview with these options. */
export type Look = (options: ReadingOptions, signal: AbortSignal) => Promise<Preview>

export function lookAtFile(file: File): Look {
  let found: Promise<Range[] | null> | undefined
  return async (options, signal) => {
    const ranges = await (found ??= rangesOf(file))
    const params = new URLSearchParams({ filename: file.name })
    if (Object.keys(options).length) params.set('options', JSON.stringify(options))
    if (ranges) {
      params.set('ranges', sayRanges(ranges))
      params.set('size', String(file.size))
    }
    const headers = { Accept: 'application/json', 'Content-Type': 'application/octet-stream' }
    const body = ranges ? new Blob(ranges.map(([start, end]) => file.slice(start, end))) : file.slice(0, HEAD_BYTES)
    const answer = await send(`/imports/preview?${params}`, { method: 'POST', headers, body, signal })
    if (!answer.ok) throw new ApiError(readProblem(answer.status, await answer.text()))
    return (await answer.json()) as Preview
  }
}

export function lookAtDataset(id: string): Look {
  return (options, signal) =>
    request<Preview>('POST', '/imports/preview', { body: { dataset_id: id, options }, signal })
}
