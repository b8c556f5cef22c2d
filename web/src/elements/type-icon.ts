/** A small drawing for each column type, beside its word and never instead of it. */

import { svg, type SVGTemplateResult } from 'lit'

const PATHS: Record<string, string> = {
  text: 'M3 4h10M8 4v9M6 13h4',
  number: 'M6 3 5 13M11 3l-1 10M3 6h10.5M2.5 10H13',
  boolean: 'M3 8.5 6.5 12 13 4.5',
  date: 'M3 4.5h10v9H3zM3 7.5h10M6 2.5v3M10 2.5v3',
  time: 'M8 2.5a5.5 5.5 0 1 0 .01 0zM8 5v3.2l2 1.3',
  json: 'M6 2.5c-3 0-1 5-3.5 5.5C5 8.5 3 13.5 6 13.5M10 2.5c3 0 1 5 3.5 5.5-2.5.5-.5 5.5-3.5 5.5',
}

const DRAWN_AS: Record<string, string> = {
  integer: 'number',
  big_integer: 'number',
  decimal: 'number',
  timestamp: 'date',
  timestamp_tz: 'date',
}

export function typeIcon(type: string): SVGTemplateResult {
  const path = PATHS[DRAWN_AS[type] ?? type] ?? PATHS['text']
  return svg`<svg class="icon" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" fill="none"
    stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round"><path d=${path}></path></svg>`
}
