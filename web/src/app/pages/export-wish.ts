/** What an export can be asked to be, in words, and as the API takes it. */

import { type GridView, isFiltered, toParams } from '../../elements/grid-view.ts'
import type { ExportWish } from './dataset-api.ts'

export const FORMATS: Record<string, string> = {
  csv: 'CSV',
  xlsx: 'Excel workbook (XLSX)',
  parquet: 'Parquet',
  ndjson: 'JSON, one object a line (NDJSON)',
  json: 'JSON, one array',
}

export const DELIMITERS: Record<string, string> = { ',': 'Comma', ';': 'Semicolon', '\t': 'Tab', '|': 'Bar' }

export const ENCODINGS: Record<string, string> = {
  'utf-8': 'UTF-8',
  'utf-16': 'UTF-16',
  'windows-1252': 'Windows-1252 (Western Europe)',
  'windows-1250': 'Windows-1250 (Central Europe)',
  'windows-1251': 'Windows-1251 (Cyrillic)',
  'iso-8859-15': 'ISO 8859-15',
  shift_jis: 'Shift JIS',
  gb18030: 'GB 18030',
}

/** Encodings that know a mark at the beginning. */
export const MARKED: readonly string[] = ['utf-8', 'utf-16']

export function isPart(view: GridView): boolean {
  return isFiltered(view) || view.sort !== null
}

/** The wish that a form says; a part is the rows as the grid shows them. */
export function wishOf(form: FormData, view: GridView, version: number): ExportWish {
  const format = String(form.get('format'))
  const wish: ExportWish = { format, version, values: String(form.get('values')) }
  if (form.get('rows') === 'shown') {
    const shown = toParams(view)
    Object.assign(wish, { sort: shown.getAll('sort'), filter: shown.getAll('filter') }, view.q ? { q: view.q } : {})
  }
  if (format !== 'csv') return wish
  const encoding = String(form.get('encoding'))
  return {
    ...wish,
    encoding,
    delimiter: String(form.get('delimiter')),
    formulas: form.has('escape') ? 'escape' : 'keep',
    bom: form.has('bom') && MARKED.includes(encoding),
    unencodable: form.has('replace') ? 'replace' : 'fail',
  }
}
