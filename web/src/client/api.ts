/** The one way to the API: paths below `/api/v2`, the browser's session, problems as errors. */

import type { Problem } from './types.ts'

export const API = '/api/v2'

/** How a page of another application reaches Headway: where its API is, and who gives a token for it. */
export interface Access {
  base?: string | null
  /** Asked again when the last token has expired or is about to. It is sent as a header, never in an address. */
  getToken?: (() => Promise<string>) | undefined
}

let access: Access = {}
let token: Promise<string> | null = null
/** What the token that was last looked at may do. */
let scopes: unknown

/** Use another API than this origin's with its session. For all of the page, before anything is asked. */
export function connect(to: Access): void {
  access = to
  token = null
}

/** Forget the token, so that the next request asks for a new one; return whether there is anybody to ask. */
export function renewToken(): boolean {
  token = null
  return access.getToken !== undefined
}

/** Whose jobs the page may see, as far as it can tell from its token: those of the session, or of one person. */
export async function identity(): Promise<string | null> {
  if (!access.getToken) return ''
  try {
    const [, claims = ''] = (await (token ??= access.getToken())).split('.')
    const { sub, ...rest } = JSON.parse(atob(claims.replace(/-/g, '+').replace(/_/g, '/'))) as Record<string, unknown>
    scopes = rest['scopes']
    return typeof sub === 'string' ? `${access.base ?? ''} ${sub} ${JSON.stringify(scopes)}` : null
  } catch {
    return null
  }
}

/** Whether the page has a token instead of a session: it may look at jobs, and beyond that what its scopes name. */
export function isGuest(): boolean {
  return access.getToken !== undefined
}

export function mayDo(scope: string): boolean {
  return !isGuest() || (Array.isArray(scopes) && scopes.includes(scope))
}

/** Have a page's own server make a token, with the session that the page has there. */
export async function tokenFrom(url: string): Promise<string> {
  const answer = await fetch(url, { method: 'POST' })
  if (!answer.ok) throw new TypeError(answer.statusText)
  return ((await answer.json()) as { token: string }).token
}

/** Whether the API is of another origin than the page. */
export function isElsewhere(): boolean {
  return new URL(address(''), location.href).origin !== location.origin
}

/** Where a path of the API is, for what `fetch` cannot ask. */
export function address(path: string): string {
  return (access.base ?? '') + API + path
}

/** What says who asks, beside or instead of the session. */
export async function authorization(): Promise<Record<string, string>> {
  if (!access.getToken) return {}
  token ??= access.getToken()
  // A host that gave none this time may give one the next.
  token.catch(renewToken)
  return { Authorization: `Bearer ${await token}` }
}

/** Fetch from the API, with the page's session or token; one that is refused is renewed once. */
export async function send(path: string, init: RequestInit): Promise<Response> {
  const url = address(path)
  if (!access.getToken) return fetch(url, { ...init, credentials: 'same-origin' })
  for (let renewed = false; ; renewed = true) {
    const headers = { ...(init.headers as Record<string, string>), ...(await authorization()) }
    const answer = await fetch(url, { ...init, headers, credentials: 'omit' })
    if (answer.status !== 401 || renewed) return answer
    renewToken()
  }
}

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
  const answer = await send(path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  })
  if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as Answer
  const problem = await problemOf(answer)
  if (answer.status === 401 && path !== '/auth/session') tellSignedOut()
  throw new ApiError(problem)
}

/** Tell who listens that nobody is signed in. */
export function tellSignedOut(): void {
  for (const listener of onSignedOut) listener()
}

async function problemOf(answer: Response): Promise<Problem> {
  return readProblem(answer.status, await answer.text().catch(() => ''))
}

/** Return the problem that an answer tells, or that it tells none. */
export function readProblem(status: number, body: string): Problem {
  try {
    const problem = JSON.parse(body) as Problem
    if (typeof problem.title === 'string') return problem
  } catch {
    // Not ours: a proxy on the way answered.
  }
  return {
    type: 'about:blank',
    status,
    code: 'internal',
    title: 'The server gave no proper answer',
    detail: `It answered with status ${status}.`,
    user_action: 'Try again in a moment.',
    retryable: true,
  }
}
