/** Doing the same with many jobs: for which of them it fits, and what came of it in words. */

import type { BulkAction, BulkAnswer, Job } from '../../client/types.ts'
import { canBeCancelled, canBeDeleted, canBeRetried } from '../../elements/job-rules.ts'
import { plural } from '../../elements/sizes.ts'

/** What the list offers. Dismissing is for the panel of the jobs button, which forgets; a history does not. */
export type ListAction = Exclude<BulkAction, 'dismiss'>

const RULES: Record<ListAction, (job: Job) => boolean> = { cancel: canBeCancelled, retry: canBeRetried, delete: canBeDeleted }

export interface Offer {
  action: ListAction
  text: string
  jobs: readonly Job[]
}

const TEXTS: Record<ListAction, (jobs: string) => string> = {
  cancel: (jobs) => `Cancel ${jobs}`,
  retry: (jobs) => `Try ${jobs} again`,
  delete: (jobs) => `Delete ${jobs}…`,
}

/** What can be done with the selected jobs, each with those it fits. */
export function offers(selected: readonly Job[]): Offer[] {
  return (['cancel', 'retry', 'delete'] as const)
    .map((action) => {
      const jobs = selected.filter(RULES[action])
      return { action, text: TEXTS[action](plural(jobs.length, 'job', 'jobs')), jobs }
    })
    .filter(({ jobs }) => jobs.length > 0)
}

export interface Outcome {
  /** "2 jobs deleted.", and how many refused. */
  text: string
  refused: { title: string; why: string }[]
}

const DONE: Record<ListAction, string> = { cancel: 'being cancelled', retry: 'started again', delete: 'deleted' }

/** Say what was done, and of each job that refused why it did. */
export function sayOutcome(action: ListAction, answer: BulkAnswer, jobs: readonly Job[]): Outcome {
  const titles = new Map(jobs.map((job) => [job.id, job.title || job.job_type]))
  const done = answer.done.length ? `${plural(answer.done.length, 'job', 'jobs')} ${DONE[action]}.` : ''
  const refused = answer.refused.length ? `${plural(answer.refused.length, 'job', 'jobs')} refused:` : ''
  return {
    text: [done, refused].filter(Boolean).join(' ') || 'Nothing was done.',
    refused: answer.refused.map(({ id, code, detail }) => ({ title: titles.get(id) ?? id, why: detail || code })),
  }
}
