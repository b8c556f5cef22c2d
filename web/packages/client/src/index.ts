/** Headway's HTTP API: typed requests, uploads that survive a broken line, and jobs that are followed to their end. */

export { Headway, type Answer, type Settings } from './client.ts'
export { ended, follow } from './follow.ts'
export { HeadwayError } from './problem.ts'
export type * from './schema.ts'
export type { Bytes, Data, Method, Options, PathOf } from './types.ts'
export { importFile, type ImportOptions } from './upload.ts'
