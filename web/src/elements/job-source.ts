/** Where the importer hears how jobs go, and what it asks of them. */

import type { Job } from '../client/types.ts'
import { say } from './say.ts'

export interface JobSource {
  find(id: string): Job | null
  /** The job in phase `uploading` of the file that is being sent, if there is exactly one with this name. */
  findUploading(fileName: string): Job | null
  /** Uploads that were begun and that nobody sends. */
  interrupted(): readonly Job[]
  /** Ask the server to cancel; resolves with whether it agreed. */
  cancel(id: string): Promise<boolean>
  /** Call back after every change; returns how to stop. */
  subscribe(changed: () => void): () => void
}

/** Why a file is not the one that an upload was begun with; empty if it is. */
export function otherThan(job: Job, file: File): string {
  const { bytes, last_modified: modified } = job.metadata
  if (typeof bytes !== 'number' || file.size !== bytes) return say('its size differs')
  return modified === undefined || modified === String(file.lastModified) ? '' : say('it has been changed since')
}

export function isBegunWith(job: Job, file: File): boolean {
  return job.metadata['file_name'] === file.name && otherThan(job, file) === ''
}
