/** What checking a dataset asks of the server. */

import { listAll } from '../../client/all-pages.ts'
import { API, request } from '../../client/api.ts'
import type { Job, Page } from '../../client/types.ts'
import type { Kept } from './kept-choice.ts'
import { cleaned } from './rule-kinds.ts'

/** A rule as JSON, as docs/reference/rule-set.schema.json has it. */
export interface Rule {
  rule: string
  [member: string]: unknown
}

export interface RuleSet extends Kept {
  rules: Rule[]
}

/** Another wording of a rule, which was tried; a member that is null goes. */
export interface Suggestion {
  label: string
  patch: Record<string, unknown>
  fixes: number
}

export interface Issue {
  /** The place of the rule, from 1. */
  rule: number
  columns: string[]
  message: string
  count: number
  rows: number[][]
  rows_complete: boolean
  samples: { row: number; values: Record<string, string | null>; first_row: number | null }[]
  suggestions: Suggestion[]
}

export interface Report {
  dataset: Kept
  rule_set: Kept
  checked_at: string
  rows: number
  failing_rows: number
  rules: { rule: Rule; count: number; reference: Kept | null }[]
  issues: Issue[]
  file: string | null
  file_rows: number
  file_note: string | null
}

/** Something that a Table Schema asks for and no rule does, or the other way round. */
export interface Note {
  pointer: string
  message: string
}

const MOST_CHECKS = 10

export async function listRuleSets(): Promise<readonly Kept[]> {
  return (await listAll<Kept>('/rule-sets')).items
}

export async function getRuleSet(id: string): Promise<RuleSet> {
  return written(await request<RuleSet>('GET', `/rule-sets/${id}`))
}

/** Keep rules under a name; those of a set that has it are its next version. */
export async function keepRules(name: string, rules: readonly Rule[], kept: Kept | null): Promise<RuleSet> {
  if (kept?.name === name) return written(await request<RuleSet>('PATCH', `/rule-sets/${kept.id}`, { body: { rules } }))
  return written(await request<RuleSet>('POST', '/rule-sets', { body: { name, rules } }))
}

function written(set: RuleSet): RuleSet {
  return { ...set, rules: set.rules.map(cleaned) }
}

/** Keep what a Frictionless Table Schema asks for as rules; `references` are datasets by the names of resources. */
export function keepTableSchema(name: string, schema: unknown, references: Record<string, string>): Promise<{ rule_set: RuleSet; notes: Note[] }> {
  return request('POST', '/rule-sets/table-schema', { body: { name, table_schema: schema, references } })
}

export function getTableSchema({ id, version }: Kept): Promise<{ table_schema: unknown; notes: Note[] }> {
  return request('GET', `/rule-sets/${id}/table-schema?version=${version}`)
}

export async function deleteRuleSet(id: string): Promise<void> {
  await request<unknown>('DELETE', `/rule-sets/${id}`)
}

export function checkDataset(dataset: string, version: number, { id, version: number }: Kept): Promise<Job> {
  return request<Job>('POST', `${path(dataset)}/validations`, { body: { rule_set: id, rule_set_version: number, version } })
}

/** The last checks of a dataset that came to an end, the newest first. */
export async function listChecks(dataset: string): Promise<readonly Job[]> {
  const params = new URLSearchParams({ dataset_id: dataset, job_type: 'validation', status: 'completed', limit: String(MOST_CHECKS) })
  return (await request<Page<Job>>('GET', `/jobs?${params}`)).items
}

export async function getReport(dataset: string, job: string): Promise<Report> {
  const report = await request<Report>('GET', `${path(dataset)}/validations/${job}`)
  return { ...report, rules: report.rules.map((each) => ({ ...each, rule: cleaned(each.rule) })) }
}

export function failingPath(job: string, file: string): string {
  return `${API}/jobs/${job}/artifacts/${encodeURIComponent(file)}`
}

function path(id: string): string {
  return `/datasets/${encodeURIComponent(id)}`
}
