/** What the grid shows of a dataset: order, search, filters and form of the values, as a plain value and as a URL. */

export interface Filter {
  column: string
  op: FilterOp
  value: string
}

/** The operators of the API. */
export type FilterOp = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'contains' | 'starts' | 'empty' | 'notempty'

export interface GridView {
  sort: { column: string; descending: boolean } | null
  q: string
  filters: readonly Filter[]
  /** Cells as the file has them, instead of as their column's type prints them. */
  written: boolean
}

export const PLAIN_VIEW: GridView = { sort: null, q: '', filters: [], written: false }

const OPS: Record<FilterOp, string> = {
  eq: 'is',
  ne: 'is not',
  lt: 'is less than',
  le: 'is at most',
  gt: 'is more than',
  ge: 'is at least',
  contains: 'contains',
  starts: 'starts with',
  empty: 'is empty',
  notempty: 'is not empty',
}

const ORDERED: readonly FilterOp[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'empty', 'notempty']
const OPS_BY_TYPE: Record<string, readonly FilterOp[]> = {
  text: ['contains', 'starts', 'eq', 'ne', 'empty', 'notempty'],
  json: ['contains', 'empty', 'notempty'],
  boolean: ['eq', 'ne', 'empty', 'notempty'],
}

/** The questions that make sense for a type, the most likely one first. */
export function opsFor(type: string): readonly FilterOp[] {
  return OPS_BY_TYPE[type] ?? ORDERED
}

export function opText(op: FilterOp): string {
  return OPS[op]
}

export function needsValue(op: FilterOp): boolean {
  return op !== 'empty' && op !== 'notempty'
}

export function isFiltered(view: GridView): boolean {
  return view.q !== '' || view.filters.length > 0
}

/** none, then ascending, then descending, then none again. */
export function nextSort(sort: GridView['sort'], column: string): GridView['sort'] {
  if (sort?.column !== column) return { column, descending: false }
  return sort.descending ? null : { column, descending: true }
}

/** The view as query parameters, the same names in the page's URL and in the API. */
export function toParams(view: GridView): URLSearchParams {
  const params = new URLSearchParams()
  if (view.sort) params.set('sort', (view.sort.descending ? '-' : '') + view.sort.column)
  if (view.q) params.set('q', view.q)
  for (const filter of view.filters) params.append('filter', `${filter.column}:${filter.op}:${filter.value}`)
  if (view.written) params.set('values', 'written')
  return params
}

/**
 * Read a view out of a URL. `columns` are the dataset's names: a name may hold a colon or begin with a minus, so only
 * they tell where the name ends (as on the server, the longest that fits). What does not fit is left out.
 */
export function fromParams(params: URLSearchParams, columns: readonly string[]): GridView {
  return {
    sort: readSort(params.get('sort'), columns),
    q: params.get('q') ?? '',
    filters: params.getAll('filter').flatMap((text) => readFilter(text, columns)),
    written: params.get('values') === 'written',
  }
}

function readSort(text: string | null, columns: readonly string[]): GridView['sort'] {
  if (!text) return null
  if (columns.includes(text)) return { column: text, descending: false }
  const column = text.slice(1)
  return text.startsWith('-') && columns.includes(column) ? { column, descending: true } : null
}

function readFilter(text: string, columns: readonly string[]): Filter[] {
  const fitting = columns.filter((column) => text.startsWith(`${column}:`))
  if (!fitting.length) return []
  const column = fitting.reduce((longest, each) => (each.length > longest.length ? each : longest))
  const [op = '', ...value] = text.slice(column.length + 1).split(':')
  return Object.hasOwn(OPS, op) ? [{ column, op: op as FilterOp, value: value.join(':') }] : []
}
