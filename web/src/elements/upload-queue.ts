/**
 * Files on their way to the server: three at a time, the others wait. The queue belongs to the browser tab and not to
 * a page, so that going to another page of the app does not end an upload.
 */

import type { Problem } from '../client/types.ts'
import { say } from './say.ts'
import { formatBytes } from './sizes.ts'
import { type Held, type ImportOptions, type SendFile, type SendHooks, Upload, UploadRefused } from './upload.ts'
import { UploadPace } from './upload-pace.ts'

export const PARALLEL_UPLOADS = 3
/** A cancelled upload is answered with the next bytes that the server reads; after this it is cut off. */
const CANCEL_MILLISECONDS = 3000

/** Dispatches `change` whenever any upload changes. */
export class UploadQueue extends EventTarget {
  readonly #send: SendFile
  readonly #now: () => number
  #uploads: Upload[] = []
  #lastId = 0
  /** How each upload goes on that is held. */
  readonly #wakers = new Map<Upload, () => void>()
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

  /** Take files in; those that are to be checked wait until a person has looked at them. */
  add(files: Iterable<File>, options: ImportOptions = {}, toCheck = false): Upload[] {
    const added = [...files].map((file) => new Upload(++this.#lastId, file, options))
    if (toCheck) for (const upload of added) upload.state = 'checking'
    this.#uploads = [...this.#uploads, ...added]
    for (const upload of added) if (this.#isTooLarge(upload.file)) this.#refuseForSize(upload)
    this.#advance()
    return added
  }

  /** A person has looked at a file: import it, with these options. */
  confirm(upload: Upload, options: ImportOptions): void {
    if (upload.state !== 'checking') return
    upload.options = options
    upload.state = 'waiting'
    this.#advance()
  }

  /** Go on with an upload that was begun before, by another page or another browser. */
  goOn(file: File, jobId: string): Upload {
    const upload = new Upload(++this.#lastId, file, {}, jobId)
    this.#uploads = [...this.#uploads, upload]
    this.#advance()
    return upload
  }

  pause(upload: Upload): void {
    if (!upload.canPause) return
    upload.state = 'paused'
    upload.secondsLeft = null
    upload.abort.abort()
    this.#advance()
  }

  resume(upload: Upload): void {
    if (upload.state !== 'paused') return
    upload.state = 'waiting'
    upload.abort = new AbortController()
    this.#advance()
  }

  /** Let those go on that are held for one of these reasons. */
  wake(...reasons: Held[]): void {
    for (const [upload, goOn] of this.#wakers) if (upload.held && reasons.includes(upload.held)) goOn()
  }

  /**
   * Stop an upload. Its job, which the server keeps from the first byte, is cancelled first: cutting the connection
   * alone would end that job as failed, or leave it paused. `cancelJob` says whether it could.
   */
  async cancel(upload: Upload, cancelJob: () => Promise<boolean> = async () => false): Promise<void> {
    if (!(upload.inBrowser || upload.state === 'paused') || upload.state === 'cancelling') return
    if (upload.onItsWay || upload.jobId) {
      const wasSending = upload.onItsWay
      upload.state = 'cancelling'
      this.#changed()
      if ((await cancelJob()) && wasSending) await this.#settled(upload, CANCEL_MILLISECONDS)
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
    const { name, size } = upload.file
    const sizes = { name, size: formatBytes(size), most: formatBytes(this.maxBytes ?? 0) }
    upload.state = 'refused'
    upload.problem = {
      type: 'about:blank',
      status: 413,
      code: 'upload.too_large',
      title: say('The file is larger than this service accepts'),
      detail: say('{name} has {size}, and the limit is {most}.', sizes),
      user_action: say('Split the file, or compress it with gzip, and upload it again.'),
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
    const { abort } = upload
    upload.state = 'sending'
    try {
      upload.job = await this.#send(upload.file, upload.options, this.#hooks(upload, abort.signal))
      upload.state = 'accepted'
    } catch (error) {
      // One that was paused and goes on again is another run's.
      if (upload.abort !== abort) return
      this.#end(upload, error)
    }
    this.#advance()
  }

  #hooks(upload: Upload, signal: AbortSignal): SendHooks {
    const pace = new UploadPace(this.#now())
    const isSending = (): boolean =>
      !signal.aborted && (upload.state === 'looking' || upload.state === 'sending' || upload.state === 'storing')
    const tell = (change: () => void): void => {
      if (!isSending()) return
      change()
      this.#changed()
    }
    return {
      signal,
      key: upload.key,
      begun: upload.jobId,
      looked: (share) =>
        tell(() => {
          upload.state = share < 1 ? 'looking' : 'sending'
          upload.looked = share
        }),
      began: (jobId) => tell(() => (upload.jobId = jobId)),
      progress: (sentBytes) =>
        tell(() => {
          upload.sentBytes = Math.min(sentBytes, upload.file.size)
          pace.record(upload.sentBytes, this.#now())
          upload.secondsLeft = pace.secondsLeft(upload.file.size, this.#now())
          upload.state = upload.sentBytes === upload.file.size ? 'storing' : 'sending'
        }),
      held: (why, milliseconds) => this.#hold(upload, signal, why, milliseconds),
    }
  }

  #hold(upload: Upload, signal: AbortSignal, why: Held, milliseconds: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#wakers.delete(upload)
        upload.held = null
      }
      const goOn = (): void => {
        end()
        this.#changed()
        resolve()
      }
      // What is back is heard of, but for a server that was away.
      const timer = why === 'unreachable' ? setTimeout(goOn, milliseconds) : undefined
      const stop = (): void => {
        end()
        reject(new DOMException('stopped', 'AbortError'))
      }
      if (signal.aborted) return stop()
      signal.addEventListener('abort', stop, { once: true })
      upload.held = why
      upload.secondsLeft = null
      this.#wakers.set(upload, goOn)
      this.#changed()
    })
  }

  #end(upload: Upload, error: unknown): void {
    if (upload.state === 'paused') return
    const problem = error instanceof UploadRefused ? error.problem : unexpected(error)
    // After a cancel any end is the one that was asked for, a cut connection too.
    const isCancelled = ['cancelling', 'cancelled'].includes(upload.state) || problem.code === 'upload.cancelled'
    upload.state = isCancelled ? 'cancelled' : 'refused'
    upload.problem = isCancelled ? null : problem
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
    title: say('The upload stopped'),
    detail: error instanceof Error ? error.message : String(error),
    user_action: say('Try again.'),
    retryable: true,
  }
}
