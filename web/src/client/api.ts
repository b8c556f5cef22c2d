/** The one way to the API: paths below `/api/v2`, the browser's session, problems as errors. */

import type { Problem } from './types.ts'

export const API = '/api/v2'

export class ApiError extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.title)
    this.name = 'ApiError'
    this.problem = problem
  }
}

export interface RequestOptions {
  body?: unknown
  signal?: AbortSignal | undefined
}

type Listener = () => void
const onSignedOut = new Set<Listener>()

/** Hear of every answer that says that nobody is signed in (any more). */
export function whenSignedOut(listener: Listener): void {
  onSignedOut.add(listener)
}

/** Return the answer's JSON, or throw an `ApiError` with the problem that the server told. */
export async function request<Answer>(method: string, path: string, { body, signal }: RequestOptions = {}): Promise<Answer> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  const answer = await fetch(API + path, {
    method,
    headers,
    credentials: 'same-origin',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  })
  if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as Answer
  const problem = await problemOf(answer)
  if (answer.status === 401 && path !== '/auth/session') for (const listener of onSignedOut) listener()
  throw new ApiError(problem)
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    const problem = (await answer.json()) as Problem
    if (typeof problem.title === 'string') return problem
  } catch {
    // Not ours: a proxy on the way answered.
  }
  return {
    type: 'about:blank',
    status: answer.status,
    code: 'internal',
    title: 'The server gave no proper answer',
    detail: `It answered with status ${answer.status}.`,
    user_action: 'Try again in a moment.',
    retryable: true,
  }
}
