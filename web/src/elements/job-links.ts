/** Where the links of jobs lead. A host whose pages are elsewhere, or who has none of them, gives its own. */

import { API, isGuest } from '../client/api.ts'
import type { Job } from '../client/types.ts'
import { rejected } from './job-sentence.ts'

/** Each may be left out: then there is no such link. `{id}` stands for the job's or the dataset's id. */
export interface JobLinks {
  all?: string
  job?: string
  dataset?: string
  import?: string
}

export const LINKS: JobLinks = { all: '/jobs', job: '/jobs/{id}', dataset: '/datasets/{id}', import: '/import' }

function filled(pattern: string | undefined, id: string | null): string {
  return pattern && id ? pattern.replace('{id}', encodeURIComponent(id)) : ''
}

export function jobLink(links: JobLinks, job: Job): string {
  return filled(links.job, job.id)
}

/** The result, if there is one to open. */
export function resultLink(links: JobLinks, job: Job): string {
  return filled(links.dataset, job.related_dataset_id)
}

/** The rows that could not be read, as a file; none where they are spread over several datasets. */
export function rejectedLink(job: Job): string {
  const datasets = job.result?.['datasets']
  const isOne = !Array.isArray(datasets) || datasets.length < 2
  return !isGuest() && job.job_type === 'import' && rejected(job) && isOne ? filled(`${API}/datasets/{id}/rejected.csv`, job.related_dataset_id) : ''
}
