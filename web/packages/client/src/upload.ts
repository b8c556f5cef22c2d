/** Bringing a file in, whatever the line does: with tus, in pieces, each of which is safe once it is acknowledged. */

import type { Headway } from './client.ts'
import { persist } from './persist.ts'
import type { JobResponse } from './schema.ts'

const PIECE_BYTES = 8 * 1024 * 1024
const TRIES = 10
const TUS = { 'Tus-Resumable': '1.0.0' }
const BYTES = { 'Content-Type': 'application/offset+octet-stream' }

export interface ImportOptions {
  /** Name of the file. Default: its own, if it is a `File`. */
  name?: string
  /** The same as the `options` of `POST /imports`. */
  options?: Readonly<Record<string, unknown>>
  signal?: AbortSignal
  /** Hears how many bytes the server has. */
  sent?: (bytes: number) => void
}

/** Send a file, and return the job that makes a dataset of it. Goes on where it stopped after every break of the line. */
export async function importFile(headway: Headway, file: Blob, wanted: ImportOptions = {}): Promise<JobResponse> {
  const { id, offset } = await begin(headway, file, wanted)
  wanted.sent?.(offset)
  if (offset < file.size) await sendRest(headway, file, id, wanted)
  return headway.get('/jobs/{job_id}', { path: { job_id: id }, ...aborted(wanted) })
}

async function sendRest(headway: Headway, file: Blob, id: string, wanted: ImportOptions): Promise<void> {
  const to = { path: { upload_id: id }, ...aborted(wanted) }
  await persist(async (progressed) => {
    // After a break only the server knows what it has.
    let at = offsetOf(await headway.open('head', '/uploads/{upload_id}', { ...to, headers: TUS }))
    while (at < file.size) {
      const headers = { ...TUS, ...BYTES, 'Upload-Offset': String(at) }
      const body = file.slice(at, at + PIECE_BYTES)
      at = offsetOf(await headway.open('patch', '/uploads/{upload_id}', { ...to, headers, body }))
      progressed()
      wanted.sent?.(at)
    }
  }, { ...aborted(wanted), tries: TRIES })
}

interface Begun {
  id: string
  offset: number
}

/** What fits in one piece goes with the beginning: one request, for most files. */
async function begin(headway: Headway, file: Blob, wanted: ImportOptions): Promise<Begun> {
  const headers = {
    ...TUS,
    'Upload-Length': String(file.size),
    'Upload-Metadata': metadataOf(file, wanted),
    // Sent again after a break, it is the same upload.
    'Idempotency-Key': crypto.randomUUID(),
  }
  const whole = file.size > 0 && file.size <= PIECE_BYTES ? { headers: { ...headers, ...BYTES }, body: file } : { headers }
  const beginning = () => headway.open('post', '/uploads', { ...whole, ...aborted(wanted) })
  const answer = await persist(beginning, { ...aborted(wanted), tries: TRIES })
  return { id: headerOf(answer, 'Headway-Job'), offset: offsetOf(answer) }
}

function metadataOf(file: Blob, { name, options }: ImportOptions): string {
  const pairs = [['filename', name ?? (file instanceof File ? file.name : 'unnamed')]]
  if (options) pairs.push(['options', JSON.stringify(options)])
  return pairs.map(([key = '', value = '']) => `${key} ${base64(value)}`).join(',')
}

function aborted({ signal }: ImportOptions): { signal?: AbortSignal } {
  return signal ? { signal } : {}
}

function offsetOf(answer: Response): number {
  return Number(headerOf(answer, 'Upload-Offset'))
}

function headerOf(answer: Response, name: string): string {
  const value = answer.headers.get(name)
  if (value === null) throw new Error(`The answer has no ${name}: something between here and Headway keeps it back.`)
  return value
}

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''))
}
