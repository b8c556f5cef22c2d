/** Sends one file as a form. XMLHttpRequest, because `fetch` cannot say how much of a body has left the browser. */

import { API } from '../client/api.ts'
import type { Job, Problem } from '../client/types.ts'
import { type ImportOptions, type SendHooks, UploadRefused } from './upload-queue.ts'

export function sendFile(file: File, options: ImportOptions, { signal, progress }: SendHooks): Promise<Job> {
  const form = new FormData()
  // The options go first: the server refuses bad ones before it reads the file.
  if (Object.keys(options).length) form.set('options', JSON.stringify(options))
  form.set('file', file)
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const refuse = (problem: Problem): void => reject(new UploadRefused(problem))
    request.upload.addEventListener('progress', (event) => progress(sentOf(file, event)))
    request.upload.addEventListener('load', () => progress(file.size))
    request.addEventListener('load', () => {
      if (request.status === 202) resolve(JSON.parse(request.responseText) as Job)
      else refuse(problemOf(request))
    })
    request.addEventListener('error', () => refuse(brokenConnection(file)))
    request.addEventListener('abort', () => reject(new DOMException('cancelled', 'AbortError')))
    signal.addEventListener('abort', () => request.abort())
    request.open('POST', `${API}/imports`)
    request.setRequestHeader('Accept', 'application/json')
    request.send(form)
  })
}

/** The form is a little longer than the file; its frame comes first, so this may lag by a few hundred bytes. */
function sentOf(file: File, event: ProgressEvent): number {
  return Math.max(0, event.loaded - Math.max(0, event.total - file.size))
}

function problemOf(request: XMLHttpRequest): Problem {
  try {
    const problem = JSON.parse(request.responseText) as Partial<Problem>
    if (typeof problem.title === 'string') return problem as Problem
  } catch {
    // Not ours: a proxy on the way answered.
  }
  return {
    type: 'about:blank',
    status: request.status,
    code: 'internal',
    title: 'The server did not take the file',
    detail: `It answered with status ${request.status}.`,
    user_action: 'Try again. If it happens again, tell whoever runs this service.',
    retryable: true,
  }
}

function brokenConnection(file: File): Problem {
  return {
    type: 'about:blank',
    status: 0,
    code: 'upload.connection',
    title: 'The connection broke',
    detail: `${file.name} did not reach the server whole, or its answer got lost.`,
    user_action: 'Try again. A file that did arrive is recognised and not imported twice.',
    retryable: true,
  }
}
