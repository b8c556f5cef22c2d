/** Doing over the network what must not fail because of the network. */

import { ApiError, readProblem, renewToken, tellSignedOut } from '../client/api.ts'
import type { Problem } from '../client/types.ts'
import { say } from './say.ts'
import { type Held, type SendHooks, UploadRefused } from './upload.ts'

/** How long to wait before another try. A line that only flickers costs nothing. */
const PAUSES = [0, 1000, 3000, 10_000]
/**
 * A request of ours that was given up can reach the server late, and take the upload from the one that came after it. A
 * page that really goes on with the same file takes it again and again; two of them must not do so for ever.
 */
const MOST_TAKEN_OVER = 3
const NO_ANSWER = 0
const UNAUTHORIZED = 401

/** There was no answer, or one that says no. */
export class Unanswered extends Error {
  readonly problem: Problem

  constructor(status: number, body = '') {
    const problem = status === NO_ANSWER ? broken() : readProblem(status, body)
    super(problem.title)
    this.problem = problem
  }
}

function broken(): Problem {
  return {
    type: 'about:blank',
    status: NO_ANSWER,
    code: 'upload.connection',
    title: say('The connection broke'),
    detail: say('The file did not reach the server whole, or its answer got lost.'),
    user_action: say('Try again. A file that did arrive is recognised and not imported twice.'),
    retryable: true,
  }
}

/**
 * Try until it is done, or is refused for good. Between two tries the upload is held. An attempt that gets somewhere
 * calls `progressed`: the next try then comes at once.
 */
export async function persist<Answer>(
  hooks: SendHooks,
  attempt: (progressed: () => void) => Promise<Answer>,
): Promise<Answer> {
  let tries = 0
  let takenOver = 0
  for (;;) {
    try {
      return await attempt(() => (tries = 0))
    } catch (error) {
      const problem = problemOf(error)
      const isTakenOver = problem?.code === 'upload.taken_over'
      const isOver = isTakenOver && ++takenOver > MOST_TAKEN_OVER
      const why = problem && !isOver && !hooks.signal.aborted ? reasonToWait(problem) : null
      if (!why) throw problem && !hooks.signal.aborted ? new UploadRefused(problem) : error
      // Whoever has it now is given time to finish.
      if (isTakenOver) tries = Math.max(tries, 1)
      await hooks.held(why, PAUSES[Math.min(tries++, PAUSES.length - 1)] ?? 0)
    }
  }
}

/** Return what went wrong on the way; null for what is wrong with the attempt itself. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Unanswered || error instanceof ApiError) return error.problem
  // What `fetch` throws where nobody answered.
  return error instanceof TypeError ? broken() : null
}

function reasonToWait(problem: Problem): Held | null {
  if (problem.status === NO_ANSWER) return navigator.onLine ? 'unreachable' : 'offline'
  if (problem.status === UNAUTHORIZED) return whoeverAsks()
  return problem.retryable ? 'unreachable' : null
}

/** A host gives a new token; a person signs in again. */
function whoeverAsks(): Held {
  if (renewToken()) return 'unreachable'
  tellSignedOut()
  return 'signed-out'
}
