/** Addresses of workers, said to be ours where the browser insists on that. */

interface Policies {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): { createScriptURL(url: string): string }
}

const OURS = ['/jobs-worker.js', '/digest-worker.js']
let policy: { createScriptURL(url: string): string } | undefined

export function workerUrl(worker: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: Policies }
  // It may be made only once.
  policy ??= trustedTypes?.createPolicy('headway-worker', { createScriptURL: (url) => (OURS.includes(url) ? url : '') })
  return policy?.createScriptURL(worker) ?? worker
}
