/** Doing over the network what must not fail because of the network. */

import { HeadwayError } from './problem.ts'

/** How long to wait before another try, in milliseconds; the last one from there on. A line that flickers costs nothing. */
const PAUSES = [0, 1000, 3000, 10_000]

/** Try until it is done, or is refused for good. Each try that gets somewhere calls `progressed`; `tries` may fail in a row. */
export async function persist<Found>(
  attempt: (progressed: () => void) => Promise<Found>,
  { signal, tries = Number.POSITIVE_INFINITY }: { signal?: AbortSignal | undefined; tries?: number },
): Promise<Found> {
  let failed = 0
  for (;;) {
    try {
      signal?.throwIfAborted()
      return await attempt(() => (failed = 0))
    } catch (error) {
      failed += 1
      if (signal?.aborted || failed >= tries || !mayPass(error)) throw error
      await pause(PAUSES[Math.min(failed - 1, PAUSES.length - 1)] ?? 0, signal)
    }
  }
}

/** `fetch` throws a `TypeError` where nobody answered. */
function mayPass(error: unknown): boolean {
  return error instanceof HeadwayError ? error.retryable : error instanceof TypeError
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
