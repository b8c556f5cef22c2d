/** The digest of a file before it is sent, made beside the page: a file that the server has already need not be sent. */

import { isElsewhere } from '../client/api.ts'
import { workerUrl } from '../client/worker-url.ts'
import type { SendHooks } from './upload.ts'

/** Of larger files nobody is asked to wait for it: they go at once, and the server makes it. */
export const DIGEST_BYTES = 512 * 1024 ** 2

export type DigestNews = { share: number } | { sha256: string } | { failed: string }

/** Return the SHA-256 in hexadecimal; null where it is not worth the time or cannot be made here. */
export function digestOf(file: File, { signal, looked }: SendHooks): Promise<string | null> {
  // A browser starts no worker of another origin.
  if (file.size > DIGEST_BYTES || isElsewhere() || signal.aborted) return Promise.resolve(null)
  return new Promise((resolve) => {
    const worker = new Worker(workerUrl('/digest-worker.js'), { type: 'module' })
    const end = (sha256: string | null): void => {
      worker.terminate()
      looked(1)
      resolve(sha256)
    }
    signal.addEventListener('abort', () => end(null), { once: true })
    // Without it everything works, only more is sent.
    worker.onerror = () => end(null)
    worker.onmessage = ({ data }: MessageEvent<DigestNews>) => {
      if ('share' in data) looked(data.share)
      else end('sha256' in data ? data.sha256 : null)
    }
    worker.postMessage(file)
  })
}
