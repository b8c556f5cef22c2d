/** What can be asked with which values, and what comes back: all of it follows from the OpenAPI document. */

import type { paths } from './schema.ts'

export type Method = 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete'

/** The paths below `/api/v2`. */
type Routes = { [Path in keyof paths as Path extends `/api/v2${infer Rest}` ? Rest : never]: paths[Path] }

/** The paths that a method has. */
export type PathOf<M extends Method> = {
  [Path in keyof Routes]: Routes[Path] extends Record<M, object> ? Path : never
}[keyof Routes]

type Operation<M extends Method, Path extends PathOf<M>> = Routes[Path] extends Record<M, infer Found> ? Found : never

/** What `fetch` takes and can send again. */
export type Bytes = Blob | ArrayBuffer | ArrayBufferView<ArrayBuffer> | FormData | URLSearchParams | string

type Content<Types> =
  | ('application/json' extends keyof Types ? Types['application/json'] : never)
  | (Exclude<keyof Types, 'application/json'> extends never ? never : Bytes)

type Sent<Asked> = Asked extends { requestBody?: infer Found } ? NonNullable<Found> : never

type ContentOf<Asked> = Sent<Asked> extends { content: infer Types } ? Content<Types> : never

type Body<Asked> = [Sent<Asked>] extends [never]
  ? { body?: never }
  : Asked extends { requestBody: object }
    ? { body: ContentOf<Asked> }
    : { body?: ContentOf<Asked> }

type Parameters<Asked> = Asked extends { parameters: infer Found extends { query?: unknown; path?: unknown } }
  ? Pick<Found, 'query' | 'path'>
  : { query?: never; path?: never }

export type Options<M extends Method, Path extends PathOf<M>> = Parameters<Operation<M, Path>> &
  Body<Operation<M, Path>> & { headers?: Readonly<Record<string, string>>; signal?: AbortSignal }

/** Options may be left out where a route needs none. */
export type Given<Wanted> = object extends Wanted ? [options?: Wanted] : [options: Wanted]

type Good = 200 | 201 | 202

type Answered<Said> = {
  [Status in keyof Said & Good]: Said[Status] extends { content: { 'application/json': infer Found } } ? Found : never
}[keyof Said & Good]

/** The JSON that comes back; nothing where an answer is empty. What is no JSON is opened with `open`. */
export type Data<M extends Method, Path extends PathOf<M>> =
  Operation<M, Path> extends { responses: infer Said } ? ([keyof Said & Good] extends [never] ? undefined : Answered<Said>) : never
