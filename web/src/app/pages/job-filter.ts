/** Which jobs a list shows: in the address, as the API is asked, and in words. */

import type { Job } from '../../client/types.ts'
import { isPausedUpload, kindWord } from '../../elements/job-words.ts'

export interface JobFilter {
  /** Words of the API, separated by commas; `!` leaves one out. */
  status: string
  q: string
  /** Days of the reader's calendar, `2026-11-25`; both count. */
  from: string
  to: string
  kind: string
}

export const EVERYTHING: JobFilter = { status: '', q: '', from: '', to: '', kind: '' }

export const TABS = [
  ['', 'All'],
  ['running', 'Running'],
  ['paused', 'Paused'],
  ['failed,partial', 'Needs attention'],
  ['completed', 'Completed'],
  ['cancelled', 'Cancelled'],
] as const

const STATUS: Record<string, (job: Job) => boolean> = {
  running: (job) => (job.status === 'running' || job.status === 'pending') && !isPausedUpload(job),
  pending: (job) => (job.phase === 'queued' || job.phase === 'uploading') && !isPausedUpload(job),
  paused: isPausedUpload,
  completed: (job) => job.status === 'completed',
  partial: (job) => job.status === 'completed' && job.outcome === 'partial',
  failed: (job) => job.status === 'failed',
  cancelled: (job) => job.status === 'cancelled',
}
const LONGEST_TEXT = 200

/** Read an address. What it says wrongly is left out: a mistyped link shows more, not an error. */
export function fromAddress(search: string): JobFilter {
  const params = new URLSearchParams(search)
  const words = (params.get('status') ?? '').split(',')
  return {
    status: words.filter((word) => Object.hasOwn(STATUS, word.replace(/^!/, ''))).join(','),
    q: (params.get('q') ?? '').trim().slice(0, LONGEST_TEXT),
    from: day(params.get('from')),
    to: day(params.get('to')),
    kind: params.get('type') ?? '',
  }
}

/** Return a day that the calendar has, else none: the 31st of February would become one of March. */
function day(text: string | null): string {
  return text && /^\d{4}-\d\d-\d\d$/.test(text) && midnight(text).getDate() === Number(text.slice(8)) ? text : ''
}

/** The page's address for a filter. Its commas stay readable. */
export function toAddress({ status, q, from, to, kind }: JobFilter): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries({ status, q, from, to, type: kind })) if (value) params.set(name, value)
  const query = String(params).replaceAll('%2C', ',').replaceAll('%21', '!')
  return query ? `/jobs?${query}` : '/jobs'
}

/** What the API is asked; days become moments, each with the reader's own midnight. */
export function toQuery({ status, q, from, to, kind }: JobFilter): URLSearchParams {
  const params = new URLSearchParams()
  if (status) params.set('status', status)
  if (q) params.set('q', q)
  if (kind) params.set('job_type', kind)
  if (from) params.set('created_from', midnight(from).toISOString())
  if (to) params.set('created_to', midnight(to, 1).toISOString())
  return params
}

/** Midnight at the beginning of a day, or of one some days later: not 24 hours, where clocks change. */
function midnight(text: string, later = 0): Date {
  const [year = 0, month = 0, date = 0] = text.split('-').map(Number)
  return new Date(year, month - 1, date + later)
}

/** Whether a job that has just come up belongs into the list, by the server's own rules. */
export function isWanted(job: Job, { status, q, from, to, kind }: JobFilter): boolean {
  const words = status ? status.split(',') : []
  const wanted = words.filter((word) => !word.startsWith('!'))
  const unwanted = words.filter((word) => word.startsWith('!')).map((word) => word.slice(1))
  const is = (word: string): boolean => STATUS[word]?.(job) ?? false
  const created = Date.parse(job.created_at)
  return (
    (!wanted.length || wanted.some(is)) &&
    !unwanted.some(is) &&
    job.title.toLowerCase().includes(q.toLowerCase()) &&
    (!kind || job.job_type === kind) &&
    (!from || created >= midnight(from).getTime()) &&
    (!to || created < midnight(to, 1).getTime())
  )
}

/** Each part of a filter in words, with the filter that is left without it. */
export function describe(filter: JobFilter): { text: string; without: JobFilter }[] {
  const { status, q, from, to, kind } = filter
  const tab = TABS.find(([value]) => value === status)?.[1] ?? status.replaceAll(',', ', ').replaceAll('!', 'not ')
  return [
    { value: status, text: `State: ${tab}`, without: { ...filter, status: '' } },
    { value: q, text: `“${q}” in the name`, without: { ...filter, q: '' } },
    { value: from, text: `From ${sayDay(from)}`, without: { ...filter, from: '' } },
    { value: to, text: `Until ${sayDay(to)}`, without: { ...filter, to: '' } },
    { value: kind, text: `Type: ${kindWord(kind)}`, without: { ...filter, kind: '' } },
  ]
    .filter(({ value }) => value)
    .map(({ text, without }) => ({ text, without }))
}

function sayDay(text: string): string {
  return text && new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' }).format(midnight(text))
}
