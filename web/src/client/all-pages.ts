/** A whole list of the server, asked for page by page. */

import { request } from './api.ts'
import type { Page } from './types.ts'

const LIMIT = 100

/** Return what is in a list, as many as are wanted; `more` says that there are others. */
export async function listAll<Item>(path: string, most = Number.POSITIVE_INFINITY): Promise<{ items: readonly Item[]; more: boolean }> {
  const items: Item[] = []
  let cursor: string | null = null
  do {
    const params: URLSearchParams = new URLSearchParams({ limit: String(LIMIT), ...(cursor === null ? {} : { cursor }) })
    const page: Page<Item> = await request('GET', `${path}?${params}`)
    items.push(...page.items)
    cursor = page.next_cursor
  } while (cursor !== null && items.length < most)
  return { items, more: cursor !== null }
}
