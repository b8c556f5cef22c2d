/** The uploads of this browser tab, and where they hear how their jobs go. */

import { request } from '../client/api.ts'
import { cancelJob, jobsStore } from '../client/jobs-store.ts'
import type { JobSource } from './job-source.ts'
import { isPausedUpload } from './job-words.ts'
import { sendFile } from './send-file.ts'
import { UploadQueue } from './upload-queue.ts'

export const uploads = new UploadQueue(sendFile)

export const jobSource: JobSource = {
  find: (id) => jobsStore.jobs.find((job) => job.id === id) ?? null,
  findUploading(fileName) {
    const found = jobsStore.jobs.filter((job) => job.phase === 'uploading' && job.title === fileName)
    return found.length === 1 ? (found[0] ?? null) : null
  },
  interrupted: () => jobsStore.jobs.filter(isPausedUpload),
  async cancel(id) {
    try {
      await cancelJob(id)
      return true
    } catch {
      return false
    }
  },
  subscribe(changed) {
    jobsStore.addEventListener('change', changed)
    return () => jobsStore.removeEventListener('change', changed)
  },
}

/** What cannot be learned is left open: the server refuses what is too large in any case. */
export async function learnLimits(): Promise<void> {
  uploads.maxBytes = (await request<{ max_upload_bytes: number }>('GET', '/limits')).max_upload_bytes
  uploads.dispatchEvent(new Event('change'))
}

/** Bytes that are only in the browser are lost with the page; jobs are not, so only those ask to stay. */
function guard(event: BeforeUnloadEvent): void {
  event.preventDefault()
}

window.addEventListener('online', () => uploads.wake('offline', 'unreachable'))

let guarded = false
uploads.addEventListener('change', () => {
  const needed = uploads.inBrowser > 0
  if (needed === guarded) return
  guarded = needed
  if (needed) window.addEventListener('beforeunload', guard)
  else window.removeEventListener('beforeunload', guard)
})
