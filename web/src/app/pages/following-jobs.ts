/** Tells an element of every change of the jobs, for as long as it is in a page. */

import type { ReactiveControllerHost } from 'lit'

import { jobsStore } from './jobs-seam.ts'

export function followJobs(host: ReactiveControllerHost, listener: () => void): void {
  host.addController({
    hostConnected: () => jobsStore.addEventListener('change', listener),
    hostDisconnected: () => jobsStore.removeEventListener('change', listener),
  })
}
