/**
 * Sends a file by tus, so that whatever breaks on the way costs only what was not stored yet.
 *
 * The library sends the bytes from where the server says that it stands. Beginning an upload is done here: the library
 * would send bytes of a file that the server has already, and would begin another upload after any answer that it did
 * not expect. Nothing is remembered in the browser: the server knows which uploads are paused.
 */

import { type DetailedError, Upload as TusUpload } from 'tus-js-client'

import { address, ApiError, authorization, readProblem, request, send } from '../client/api.ts'
import type { Job } from '../client/types.ts'
import { digestOf } from './file-digest.ts'
import { persist, Unanswered } from './persist.ts'
import type { SendFile, SendHooks } from './upload.ts'

/** What proxies let pass; of more than this nothing is ever sent again but what was not stored. */
const CHUNK_BYTES = 16 * 1024 * 1024
/** Nothing more can be sent; its job tells what became of it. */
const ENDED: readonly string[] = ['upload.not_found', 'upload.gone', 'upload.expired', 'upload.lost', 'upload.finished']
const GONE: readonly number[] = [404, 410]
/** A line that carries nothing for so long is dead, although nobody has said so. */
const SILENT_MILLISECONDS = 90_000

export const sendResumable: SendFile = async (file, options, hooks) => {
  const jobId = hooks.begun ?? (await begin(file, options, hooks))
  if (jobId !== hooks.begun) hooks.began(jobId)
  let farthest = 0
  await persist(hooks, async (progressed) => {
    await transfer(file, jobId, hooks, (offset) => {
      if (offset > farthest) progressed()
      farthest = Math.max(farthest, offset)
    })
  })
  return persist(hooks, () => request<Job>('GET', `/jobs/${jobId}`, { signal: hooks.signal }))
}

/** Begin an upload and return its job. Of a file that the server has already it takes nothing more. */
async function begin(file: File, options: object, hooks: SendHooks): Promise<string> {
  const sha256 = await digestOf(file, hooks)
  const metadata = {
    filename: file.name,
    lastmodified: String(file.lastModified),
    ...(Object.keys(options).length ? { options: JSON.stringify(options) } : {}),
    ...(sha256 ? { sha256 } : {}),
  }
  return persist(hooks, async () => {
    const headers = {
      Accept: 'application/json',
      'Tus-Resumable': '1.0.0',
      'Upload-Length': String(file.size),
      'Upload-Metadata': Object.entries(metadata).map(([name, value]) => `${name} ${base64(value)}`).join(','),
      'Idempotency-Key': hooks.key,
    }
    const answer = await send('/uploads', { method: 'POST', headers, signal: hooks.signal })
    if (!answer.ok) throw new ApiError(readProblem(answer.status, await answer.text()))
    return answer.headers.get('Headway-Job') ?? ''
  })
}

/** Send what the server does not have. `stands` hears how far that is, before anything is sent. */
async function transfer(file: File, jobId: string, hooks: SendHooks, stands: (offset: number) => void): Promise<void> {
  const headers = await authorization()
  let watch: ReturnType<typeof setTimeout> | undefined
  await new Promise<void>((resolve, reject) => {
    let hasBegun = false
    const stillThere = (): void => {
      clearTimeout(watch)
      watch = setTimeout(() => {
        void upload.abort()
        reject(new Unanswered(0))
      }, SILENT_MILLISECONDS)
    }
    const upload = new TusUpload(file, {
      uploadUrl: address(`/uploads/${jobId}`),
      chunkSize: CHUNK_BYTES,
      // Whoever tries again here asks first where the upload stands, and waits as everything else does.
      retryDelays: null,
      storeFingerprintForResuming: false,
      headers,
      onProgress: (bytes) => {
        if (!hasBegun) stands(bytes)
        hasBegun = true
        stillThere()
        hooks.progress(bytes)
      },
      onSuccess: () => resolve(),
      onError: (error) => reject(meaningOf(error)),
    })
    const stop = (): void => {
      void upload.abort()
      reject(new DOMException('stopped', 'AbortError'))
    }
    if (hooks.signal.aborted) return stop()
    hooks.signal.addEventListener('abort', stop, { once: true })
    stillThere()
    upload.start()
  })
    .catch((error: unknown) => {
      if (!(error instanceof Unanswered && isEnd(error))) throw error
    })
    .finally(() => clearTimeout(watch))
}

/** The answer to HEAD has no body, and says it by its number. */
function isEnd({ problem }: Unanswered): boolean {
  return ENDED.includes(problem.code) || GONE.includes(problem.status)
}

function meaningOf(error: Error | DetailedError): Error {
  if (!('originalResponse' in error)) return error
  return new Unanswered(error.originalResponse?.getStatus() ?? 0, error.originalResponse?.getBody() ?? '')
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
