/** How many jobs each filter shows, as far as that is counted: by state and type, and by nothing else. */

import type { HistoryCounts } from '../../client/types.ts'
import type { JobFilter } from './job-filter.ts'

/** Words whose jobs no other one of them has; `running` and `completed` hold the others. */
const ALL = ['running', 'paused', 'completed', 'failed', 'cancelled']

/** Whether the numbers beside the filters are true of a list: those of days and words of a name are not counted. */
export function isCounted({ q, from, to }: JobFilter): boolean {
  return !q && !from && !to
}

/** Return how many jobs a tab shows: words of states between commas, none for all of them. */
export function countOf(counts: HistoryCounts, status: string): number {
  const words = status ? status.split(',') : ALL
  return words.reduce((sum, word) => sum + (counts.status[word] ?? 0), 0)
}

/** Return how many jobs a type has in the chosen state; null if that is not told. */
export function countOfKind(counts: HistoryCounts, kind: string): number | null {
  const found = counts.job_types.find(({ job_type }) => job_type === kind)
  return found ? found.count : counts.more_job_types ? null : 0
}
