/**
 * Files on their way to the server: three at a time, the others wait. The queue belongs to the browser tab and not to
 * a page, so that going to another page of the app does not end an upload.
 */

import type { Job, Problem } from '../client/types.ts'
import { formatBytes } from './sizes.ts'
import { UploadPace } from './upload-pace.ts'

export const PARALLEL_UPLOADS = 3
/** A cancelled upload is answered with the next bytes that the server reads; after this it is cut off. */
const CANCEL_MILLISECONDS = 3000

export interface ImportOptions {
  duplicate?: 'link' | 'import'
}

export interface SendHooks {
  signal: AbortSignal
  progress: (sentBytes: number) => void
}

/** Sends a file and resolves with its job, or rejects with an `UploadRefused` or an AbortError. */
export type SendFile = (file: File, options: ImportOptions, hooks: SendHooks) => Promise<Job>

export class UploadRefused extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.title)
    this.problem = problem
  }
}

/** `storing`: every byte has left the browser, and the server has not answered yet. */
export type UploadState = 'waiting' | 'sending' | 'storing' | 'cancelling' | 'accepted' | 'refused' | 'cancelled'

export class Upload {
  readonly id: number
  readonly file: File
  readonly options: ImportOptions
  state: UploadState = 'waiting'
  sentBytes = 0
  secondsLeft: number | null = null
  problem: Problem | null = null
  job: Job | null = null
  readonly abort = new AbortController()

  constructor(id: number, file: File, options: ImportOptions) {
    this.id = id
    this.file = file
    this.options = options
  }

  /** Whether its bytes are still, or partly, only in the browser. */
  get inBrowser(): boolean {
    return this.state === 'waiting' || this.onItsWay
  }

  get onItsWay(): boolean {
    return this.state === 'sending' || this.state === 'storing' || this.state === 'cancelling'
  }
}

/** Dispatches `change` whenever any upload changes. */
export class UploadQueue extends EventTarget {
  readonly #send: SendFile
  readonly #now: () => number
  #uploads: Upload[] = []
  #lastId = 0
  maxBytes: number | null = null

  constructor(send: SendFile, now: () => number = () => performance.now()) {
    super()
    this.#send = send
    this.#now = now
  }

  /** Newest last. */
  get uploads(): readonly Upload[] {
    return this.#uploads
  }

  get inBrowser(): number {
    return this.#uploads.filter((upload) => upload.inBrowser).length
  }

  add(files: Iterable<File>, options: ImportOptions = {}): Upload[] {
    const added = [...files].map((file) => new Upload(++this.#lastId, file, options))
    this.#uploads = [...this.#uploads, ...added]
    for (const upload of added) if (this.#isTooLarge(upload.file)) this.#refuseForSize(upload)
    this.#advance()
    return added
  }

  /**
   * Stop an upload. Its job, which the server keeps from the first byte, is cancelled first: cutting the connection
   * alone would end that job as failed. `cancelJob` says whether it could.
   */
  async cancel(upload: Upload, cancelJob: () => Promise<boolean> = async () => false): Promise<void> {
    if (!upload.inBrowser || upload.state === 'cancelling') return
    if (upload.onItsWay) {
      upload.state = 'cancelling'
      this.#changed()
      if (await cancelJob()) await this.#settled(upload, CANCEL_MILLISECONDS)
    }
    if (!upload.inBrowser) return
    upload.state = 'cancelled'
    upload.abort.abort()
    this.#advance()
  }

  /** Resolves when the server answered the upload, or after some time. */
  #settled(upload: Upload, milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.removeEventListener('change', check)
        resolve()
      }
      const check = (): void => {
        if (!upload.inBrowser) done()
      }
      const timer = setTimeout(done, milliseconds)
      this.addEventListener('change', check)
      check()
    })
  }

  /** Send the same file again, in the place of one that was refused, cancelled, or a duplicate. */
  again(upload: Upload, options: ImportOptions = upload.options): void {
    const next = new Upload(++this.#lastId, upload.file, options)
    this.#uploads = this.#uploads.map((each) => (each === upload ? next : each))
    this.#advance()
  }

  remove(upload: Upload): void {
    void this.cancel(upload)
    this.#uploads = this.#uploads.filter((each) => each !== upload)
    this.#changed()
  }

  /** Give up everything, because somebody else uses this tab now. */
  clear(): void {
    for (const upload of this.#uploads) {
      if (upload.inBrowser) upload.state = 'cancelled'
      upload.abort.abort()
    }
    this.#uploads = []
    this.#changed()
  }

  #isTooLarge(file: File): boolean {
    return this.maxBytes !== null && file.size > this.maxBytes
  }

  #refuseForSize(upload: Upload): void {
    upload.state = 'refused'
    upload.problem = {
      type: 'about:blank',
      status: 413,
      code: 'upload.too_large',
      title: 'The file is larger than this service accepts',
      detail: `${upload.file.name} has ${formatBytes(upload.file.size)}, and the limit is ${formatBytes(this.maxBytes ?? 0)}.`,
      user_action: 'Split the file, or compress it with gzip, and upload it again.',
      retryable: false,
    }
  }

  #advance(): void {
    const sending = this.#uploads.filter((each) => each.onItsWay).length
    const free = Math.max(0, PARALLEL_UPLOADS - sending)
    const next = this.#uploads.filter((each) => each.state === 'waiting').slice(0, free)
    for (const upload of next) void this.#run(upload)
    this.#changed()
  }

  async #run(upload: Upload): Promise<void> {
    upload.state = 'sending'
    const pace = new UploadPace(this.#now())
    const progress = (sentBytes: number): void => {
      if (upload.state !== 'sending' && upload.state !== 'storing') return
      upload.sentBytes = Math.min(sentBytes, upload.file.size)
      pace.record(upload.sentBytes, this.#now())
      upload.secondsLeft = pace.secondsLeft(upload.file.size, this.#now())
      if (upload.sentBytes === upload.file.size) upload.state = 'storing'
      this.#changed()
    }
    try {
      upload.job = await this.#send(upload.file, upload.options, { signal: upload.abort.signal, progress })
      upload.state = 'accepted'
    } catch (error) {
      this.#end(upload, error)
    }
    this.#advance()
  }

  #end(upload: Upload, error: unknown): void {
    // After a cancel any end is the one that was asked for, a cut connection too.
    if (upload.state === 'cancelling' || upload.state === 'cancelled') {
      upload.state = 'cancelled'
      return
    }
    upload.state = 'refused'
    upload.problem = error instanceof UploadRefused ? error.problem : unexpected(error)
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'))
  }
}

function unexpected(error: unknown): Problem {
  return {
    type: 'about:blank',
    status: 0,
    code: 'internal',
    title: 'The upload stopped',
    detail: error instanceof Error ? error.message : String(error),
    user_action: 'Try again.',
    retryable: true,
  }
}
