/** Where the links of jobs lead. A host whose pages are elsewhere, or who has none of them, gives its own. */

import type { JobLinks } from '../../packages/elements/shared.d.ts'
import { API, isGuest } from '../client/api.ts'
import type { Job } from '../client/types.ts'
import { rejected } from './job-sentence.ts'
import { say } from './say.ts'

export type { JobLinks }

export const LINKS: JobLinks = { all: '/jobs', job: '/jobs/{id}', dataset: '/datasets/{id}', import: '/import' }

function filled(pattern: string | undefined, id: string | null): string {
  return pattern && id ? pattern.replace('{id}', encodeURIComponent(id)) : ''
}

export function jobLink(links: JobLinks, job: Job): string {
  return filled(links.job, job.id)
}

/** The result, if there is one to open. */
export function resultLink(links: JobLinks, job: Job): string {
  const dataset = filled(links.dataset, job.related_dataset_id)
  return dataset && isReport(links, job) ? `${dataset}?tab=check` : dataset
}

/** What the link to the result says. */
export function resultWord(links: JobLinks, job: Job): string {
  return isReport(links, job) ? say('Open report') : say('Open dataset')
}

/** What the link says where it stands by itself. */
export function resultLabel(links: JobLinks, job: Job, title: string): string {
  return isReport(links, job) ? say('Open report {title}', { title }) : say('Open dataset {title}', { title })
}

/** What a check found is on the page of the dataset, where that page is ours. */
function isReport(links: JobLinks, job: Job): boolean {
  return job.job_type === 'validation' && job.status === 'completed' && links.dataset === LINKS.dataset
}

/** The file that an export wrote; where it is shown to a guest, the token would not open it. */
export function fileLink(job: Job): string {
  const file = job.job_type === 'export' && job.status === 'completed' ? job.result?.['file'] : ''
  return typeof file === 'string' && file && !isGuest() ? `${filled(`${API}/jobs/{id}/artifacts/`, job.id)}${encodeURIComponent(file)}` : ''
}

/** The rows that could not be read, as a file; none where they are spread over several datasets. */
export function rejectedLink(job: Job): string {
  const datasets = job.result?.['datasets']
  const isOne = !Array.isArray(datasets) || datasets.length < 2
  return !isGuest() && job.job_type === 'import' && rejected(job) && isOne ? filled(`${API}/datasets/{id}/rejected.csv`, job.related_dataset_id) : ''
}
