/** The way to the API: a typed `fetch` with tokens that are renewed, and problems as errors. */

import { HeadwayError, problemOf } from './problem.ts'
import type { Bytes, Data, Given, Method, Options, PathOf } from './types.ts'

const API = '/api/v2'
const UNAUTHORIZED = 401
const NOT_MODIFIED = 304

export interface Settings {
  /** Where Headway is: `https://headway.example.org`. Left out in a page of the same origin. */
  base?: string
  /** Gives the token: an API token, or one that your server made. Asked again, once, when a token is refused. */
  getToken?: () => string | Promise<string>
  /** What sends the requests, if it is not the global `fetch`. */
  fetch?: typeof globalThis.fetch
}

/** An answer, and what to ask with whether it is still true. */
export interface Answer<Found> {
  data: Found
  status: number
  etag: string | null
}

/** What every route's options are, seen from here. */
interface Wanted {
  path?: unknown
  query?: unknown
  body?: unknown
  headers?: Readonly<Record<string, string>>
  signal?: AbortSignal
}

/**
 * Speaks to one Headway for one person. Paths are those of the OpenAPI document, below `/api/v2`. Every method throws a
 * `HeadwayError` where the server says no, and what `fetch` throws where nobody answers.
 */
export class Headway {
  readonly #base: string
  readonly #getToken: Settings['getToken']
  readonly #fetch: typeof globalThis.fetch
  #token: Promise<string> | null = null

  constructor({ base = '', getToken, fetch = globalThis.fetch }: Settings = {}) {
    this.#base = base.replace(/\/+$/, '')
    this.#getToken = getToken
    this.#fetch = (url, init) => fetch(url, init)
  }

  get<Path extends PathOf<'get'>>(path: Path, ...given: Given<Options<'get', Path>>): Promise<Data<'get', Path>> {
    return this.#read('get', path, given[0])
  }

  post<Path extends PathOf<'post'>>(path: Path, ...given: Given<Options<'post', Path>>): Promise<Data<'post', Path>> {
    return this.#read('post', path, given[0])
  }

  put<Path extends PathOf<'put'>>(path: Path, ...given: Given<Options<'put', Path>>): Promise<Data<'put', Path>> {
    return this.#read('put', path, given[0])
  }

  patch<Path extends PathOf<'patch'>>(path: Path, ...given: Given<Options<'patch', Path>>): Promise<Data<'patch', Path>> {
    return this.#read('patch', path, given[0])
  }

  delete<Path extends PathOf<'delete'>>(path: Path, ...given: Given<Options<'delete', Path>>): Promise<Data<'delete', Path>> {
    return this.#read('delete', path, given[0])
  }

  /** Ask again for what may not have changed: null if it is as it was when it had this `etag`. */
  async poll<Path extends PathOf<'get'>>(
    path: Path,
    etag: string | null | undefined,
    ...given: Given<Options<'get', Path>>
  ): Promise<Answer<Data<'get', Path>> | null> {
    const wanted: Wanted = given[0] ?? {}
    const headers = { ...wanted.headers, ...(etag ? { 'If-None-Match': etag } : {}) }
    const answer = await this.#ask('get', path, { ...wanted, headers })
    if (answer.status === NOT_MODIFIED) return null
    const data = (await jsonOf(answer)) as Data<'get', Path>
    return { data, status: answer.status, etag: answer.headers.get('ETag') }
  }

  /** The answer itself, for files, streams and headers. */
  open<M extends Method, Path extends PathOf<M>>(method: M, path: Path, ...given: Given<Options<M, Path>>): Promise<Response> {
    return this.#ask(method, path, given[0] ?? {})
  }

  async #read<Found>(method: Method, path: string, wanted: Wanted = {}): Promise<Found> {
    return (await jsonOf(await this.#ask(method, path, wanted))) as Found
  }

  async #ask(method: Method, path: string, wanted: Wanted): Promise<Response> {
    const answer = await this.#send(this.#base + addressOf(path, wanted), requestOf(method, wanted))
    if (answer.ok || answer.status === NOT_MODIFIED) return answer
    throw new HeadwayError(await problemOf(answer))
  }

  async #send(url: string, { headers, ...init }: RequestInit): Promise<Response> {
    const getToken = this.#getToken
    if (!getToken) return this.#fetch(url, { ...init, ...(headers ? { headers } : {}), credentials: 'same-origin' })
    for (let renewed = false; ; renewed = true) {
      // Requests that come at once ask for one token.
      const token = (this.#token ??= Promise.resolve(getToken()))
      token.catch(() => this.#forget(token))
      const sent = { ...(headers as Record<string, string>), Authorization: `Bearer ${await token}` }
      const answer = await this.#fetch(url, { ...init, headers: sent, credentials: 'omit' })
      if (answer.status !== UNAUTHORIZED) return answer
      this.#forget(token)
      if (renewed) return answer
      await answer.body?.cancel()
    }
  }

  /** Unless another request has a new one by now. */
  #forget(token: Promise<string>): void {
    if (this.#token === token) this.#token = null
  }
}

function addressOf(path: string, wanted: Wanted): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = (wanted.path as Record<string, string | number> | undefined)?.[name]
    if (value === undefined) throw new TypeError(`${path} needs a value for ${name}`)
    return encodeURIComponent(value)
  })
  const asked = new URLSearchParams()
  for (const [name, value] of Object.entries(wanted.query ?? {}))
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value])
      if (one !== undefined && one !== null) asked.append(name, String(one))
  return `${API}${filled}${asked.size ? `?${asked}` : ''}`
}

function requestOf(method: Method, { body, headers, signal }: Wanted): RequestInit {
  const init: RequestInit = { method: method.toUpperCase(), headers: { Accept: 'application/json', ...headers } }
  if (signal) init.signal = signal
  if (body === undefined) return init
  if (isBytes(body)) return { ...init, body }
  return { ...init, headers: { 'Content-Type': 'application/json', ...(init.headers as object) }, body: JSON.stringify(body) }
}

function isBytes(body: unknown): body is Bytes {
  const isBuffer = body instanceof ArrayBuffer || ArrayBuffer.isView(body)
  return isBuffer || body instanceof Blob || body instanceof FormData || body instanceof URLSearchParams || typeof body === 'string'
}

async function jsonOf(answer: Response): Promise<unknown> {
  const text = await answer.text()
  return text ? JSON.parse(text) : undefined
}
