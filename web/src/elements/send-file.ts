/**
 * Sends one file: a small one as a form, in one request; a larger one so that it can be interrupted and gone on with.
 *
 * The form is faster where there is little to lose: its one request answers with the job, while a resumable upload asks
 * four times. XMLHttpRequest, because `fetch` cannot say how much of a body has left the browser.
 */

import { address, authorization } from '../client/api.ts'
import type { Job } from '../client/types.ts'
import { persist, Unanswered } from './persist.ts'
import type { SendFile, SendHooks } from './upload.ts'

/** Sent again whole, this takes seven seconds at 10 Mbit/s. */
export const FORM_BYTES = 8 * 1024 * 1024

export const sendFile: SendFile = async (file, options, hooks) => {
  if (!hooks.begun && file.size <= FORM_BYTES) return persist(hooks, () => sendForm(file, options, hooks))
  const { sendResumable } = await import('./send-resumable.ts')
  return sendResumable(file, options, hooks)
}

async function sendForm(file: File, options: object, { signal, progress, key }: SendHooks): Promise<Job> {
  const form = new FormData()
  // The options go first: the server refuses bad ones before it reads the file.
  if (Object.keys(options).length) form.set('options', JSON.stringify(options))
  form.set('file', file)
  const headers = { Accept: 'application/json', 'Idempotency-Key': key, ...(await authorization()) }
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.upload.addEventListener('progress', (event) => progress(sentOf(file, event)))
    request.upload.addEventListener('load', () => progress(file.size))
    request.addEventListener('load', () => {
      if (request.status === 202) resolve(JSON.parse(request.responseText) as Job)
      else reject(new Unanswered(request.status, request.responseText))
    })
    request.addEventListener('error', () => reject(new Unanswered(0)))
    request.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')))
    signal.addEventListener('abort', () => request.abort())
    request.open('POST', address('/imports'))
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    request.send(form)
  })
}

/** The form is a little longer than the file; its frame comes first, so this may lag by a few hundred bytes. */
function sentOf(file: File, event: ProgressEvent): number {
  return Math.max(0, event.loaded - Math.max(0, event.total - file.size))
}
