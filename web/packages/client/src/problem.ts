/** What the server says of a failure, as an error. */

import type { Problem } from './schema.ts'

/** The server said no. Branch on `code`, which never changes its meaning; the sentences are for people. */
export class HeadwayError extends Error {
  /** The whole problem, with the facts of the particular failure. */
  readonly problem: Problem

  constructor(problem: Problem) {
    super([problem.title, problem.detail === problem.title ? '' : problem.detail, problem.user_action].filter(Boolean).join(' '))
    this.name = 'HeadwayError'
    this.problem = problem
  }

  get code(): string {
    return this.problem.code
  }

  get status(): number {
    return this.problem.status
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return this.problem.retryable
  }
}

/** Return the problem that an answer tells; one that tells none is not the server's own. */
export async function problemOf(answer: Response): Promise<Problem> {
  const body = await answer.text()
  try {
    const problem = JSON.parse(body) as Problem
    if (typeof problem.code === 'string') return problem
  } catch {
    // Said below: what answered was a proxy on the way, or nothing that speaks JSON.
  }
  return {
    type: 'about:blank',
    title: 'The answer is not one of Headway.',
    status: answer.status,
    detail: `It has the status ${answer.status}${body ? ` and says: ${body.slice(0, 200)}` : ' and no text.'}`,
    code: 'client.foreign_answer',
    user_action: 'Check the address of Headway, and what stands between it and here.',
    retryable: answer.status >= 500,
  }
}
