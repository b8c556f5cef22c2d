/** One file on its way to the server, and what those who send it are told and tell. */

import type { Job, Problem } from '../client/types.ts'

/** See ImportOptions of the API. */
export type ImportOptions = Readonly<Record<string, unknown>>

/** Why nothing is sent at the moment, although somebody would. */
export type Held = 'offline' | 'unreachable' | 'signed-out'

export interface SendHooks {
  /** Aborted when nothing more is to be sent. */
  signal: AbortSignal
  /** Under this key a request may be repeated safely. */
  key: string
  /** The job of an upload that was begun before, and that is gone on with. */
  begun: string | null
  /** How much of the file was looked at, from 0 to 1, before anything is sent. */
  looked: (share: number) => void
  /** From now on the upload can be interrupted and gone on with. */
  began: (jobId: string) => void
  progress: (sentBytes: number) => void
  /** Resolves when it is worth another try: after so many milliseconds, or when what was missing is back. */
  held: (why: Held, milliseconds: number) => Promise<void>
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

/** `checking`: a person looks at it first. `looking`: nothing is sent yet. `storing`: every byte has left the browser, and there is no answer yet. */
export type UploadState =
  | 'checking'
  | 'waiting'
  | 'looking'
  | 'sending'
  | 'storing'
  | 'paused'
  | 'cancelling'
  | 'accepted'
  | 'refused'
  | 'cancelled'

const ON_THEIR_WAY: readonly UploadState[] = ['looking', 'sending', 'storing', 'cancelling']

export class Upload {
  readonly id: number
  readonly file: File
  options: ImportOptions
  readonly key = newKey()
  state: UploadState = 'waiting'
  held: Held | null = null
  sentBytes = 0
  /** How much of the file was looked at, from 0 to 1. */
  looked = 0
  secondsLeft: number | null = null
  problem: Problem | null = null
  job: Job | null = null
  /** The job that the server keeps for an upload that can be interrupted. */
  jobId: string | null = null
  /** Another one for each time that it is sent. */
  abort = new AbortController()

  constructor(id: number, file: File, options: ImportOptions, jobId: string | null = null) {
    this.id = id
    this.file = file
    this.options = options
    this.jobId = jobId
  }

  /** Whether its bytes are lost to the server when the page is left. */
  get inBrowser(): boolean {
    return this.state === 'checking' || this.state === 'waiting' || this.onItsWay
  }

  get onItsWay(): boolean {
    return ON_THEIR_WAY.includes(this.state)
  }

  /** Whether it can be interrupted, and gone on with later. */
  get canPause(): boolean {
    return this.jobId !== null && (this.state === 'sending' || this.state === 'waiting')
  }
}

/** `crypto.randomUUID` is missing where a page came over plain HTTP. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
