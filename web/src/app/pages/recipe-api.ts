/** What the recipe of a dataset asks of the server. */

import { listAll } from '../../client/all-pages.ts'
import { request } from '../../client/api.ts'
import type { Job, Problem } from '../../client/types.ts'
import type { Named } from './form-fields.ts'

/** A step as JSON, as docs/reference/recipe.schema.json has it. */
export interface Step {
  step: string
  [member: string]: unknown
}

export interface Finding {
  step: number
  kind: string
  code: string
  column: string | null
  message: string
  count: number
  of: number
  blocks: boolean
  samples: { value: string }[]
}

export interface LookedStep {
  number: number
  step: string
  rows_before: number
  rows_after: number
  columns: Named[]
  columns_left_out: number
}

export interface RecipeLook {
  is_sample: boolean
  message: string
  rows_read: number
  rows_after: number
  problem: (Problem & { step?: number }) | null
  findings: Finding[]
  steps: LookedStep[]
  columns: Named[]
  columns_left_out: number
  rows: unknown[][]
}

export interface Recipe {
  id: string
  name: string
  version: number
  steps: Step[]
}

export interface LineageItem {
  action: string
  file: { file_name: string } | null
  recipe: { id: string | null; version: number | null; name: string } | null
  steps: Step[]
  inputs: { dataset_id: string; version: number; name: string; step: number | null }[]
  findings: Finding[]
}

export interface RunWish {
  into: 'version' | 'dataset'
  name?: string
  apply?: boolean
}

export function lookAtSteps(dataset: string, version: number, steps: readonly Step[], signal: AbortSignal): Promise<RecipeLook> {
  return request<RecipeLook>('POST', `${path(dataset)}/transforms/preview`, { body: { steps, version }, signal })
}

/** Run steps; those of a kept recipe, as they are there, by its id. */
export function runSteps(dataset: string, steps: readonly Step[], kept: Recipe | null, wish: RunWish): Promise<Job> {
  if (kept && isKept(steps, kept))
    return request<Job>('POST', `${path(dataset)}/recipes/${kept.id}`, { body: { ...wish, recipe_version: kept.version } })
  return request<Job>('POST', `${path(dataset)}/transforms`, { body: { ...wish, steps, ...(kept ? { recipe: kept.name } : {}) } })
}

export function isKept(steps: readonly Step[], kept: Recipe): boolean {
  return JSON.stringify(steps) === JSON.stringify(kept.steps)
}

export async function listRecipes(): Promise<readonly Recipe[]> {
  return (await listAll<Recipe>('/recipes')).items
}

export function saveRecipe(name: string, steps: readonly Step[]): Promise<Recipe> {
  return request<Recipe>('POST', '/recipes', { body: { name, steps } })
}

export function changeRecipe(id: string, name: string, steps: readonly Step[]): Promise<Recipe> {
  return request<Recipe>('PATCH', `/recipes/${id}`, { body: { name, steps } })
}

export async function deleteRecipe(id: string): Promise<void> {
  await request<unknown>('DELETE', `/recipes/${id}`)
}

export async function getLineage(dataset: string, version: number): Promise<readonly LineageItem[]> {
  return (await request<{ items: LineageItem[] }>('GET', `${path(dataset)}/lineage?version=${version}`)).items
}

function path(id: string): string {
  return `/datasets/${encodeURIComponent(id)}`
}
