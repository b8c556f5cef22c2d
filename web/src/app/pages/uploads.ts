/** The uploads of this browser tab, and where they hear how their jobs go. */

import type { JobSource } from '../../elements/job-source.ts'
import { isPausedUpload } from '../../elements/job-words.ts'
import { sendFile } from '../../elements/send-file.ts'
import { UploadQueue } from '../../elements/upload-queue.ts'
import { getLimits, getMe } from './dataset-api.ts'
import { cancelJob, jobsStore } from './jobs-seam.ts'

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

let owner = ''

/** Files of one person are not shown to, or sent for, the next one who signs in here. */
async function learnOwner(): Promise<void> {
  const { id } = await getMe()
  if (owner && id !== owner) uploads.clear()
  owner = id
  // Only now: what was begun by one person is not gone on with by another.
  uploads.wake('signed-out')
}

async function learnLimits(): Promise<void> {
  uploads.maxBytes = (await getLimits()).max_upload_bytes
  uploads.dispatchEvent(new Event('change'))
}

/** What cannot be learned is left open: the server refuses what is too large in any case. */
function learn(): void {
  void learnOwner().catch(() => undefined)
  void learnLimits().catch(() => undefined)
}

learn()
window.addEventListener('headway-signed-in', learn)
