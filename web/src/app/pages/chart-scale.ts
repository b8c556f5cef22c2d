/** Where the marks of the throughput chart stand: whole numbers up and down from zero, round times along it. Pure. */

import type { Span } from '../../client/operator-types.ts'

export interface Scale {
  /** Values of the horizontal lines, the lowest first; 0 is always among them. Below zero are failures. */
  marks: number[]
  /** Distance from the top for a value. */
  y: (value: number) => number
}

/** Return a scale that holds every span, in `height` pixels: what ended well above zero, what failed below. */
export function scaleOf(spans: readonly Span[], height: number): Scale {
  const up = Math.max(1, ...spans.map(({ completed, cancelled }) => completed + cancelled))
  const down = Math.max(0, ...spans.map(({ failed }) => failed))
  const step = niceStep(Math.max(up, down))
  const [top, bottom] = [Math.ceil(up / step) * step, Math.ceil(down / step) * step]
  const marks = []
  for (let mark = -bottom; mark <= top; mark += step) marks.push(mark)
  return { marks, y: (value) => ((top - value) / (top + bottom)) * height }
}

/** A step of 1, 2 or 5 times a power of ten, of which one to four reach the value. Jobs are whole. */
export function niceStep(value: number): number {
  for (let power = 1; ; power *= 10) {
    for (const digit of [1, 2, 5]) if (digit * power * 4 >= value) return digit * power
  }
}

const MINUTES_BETWEEN = [15, 30, 60, 120, 240, 360, 720, 1440]

/** Return the spans that begin at a round local time, at most as many as are wanted. */
export function ticksOf(spans: readonly Span[], most: number): number[] {
  for (const minutes of MINUTES_BETWEEN) {
    const found = spans.flatMap(({ at }, index) => (isRound(new Date(at), minutes) ? [index] : []))
    if (found.length <= most) return found
  }
  return []
}

function isRound(at: Date, minutes: number): boolean {
  return (at.getHours() * 60 + at.getMinutes()) % minutes === 0
}

export interface Totals {
  completed: number
  failed: number
  cancelled: number
}

export function totalsOf(spans: readonly Span[]): Totals {
  const totals = { completed: 0, failed: 0, cancelled: 0 }
  for (const span of spans) {
    totals.completed += span.completed
    totals.failed += span.failed
    totals.cancelled += span.cancelled
  }
  return totals
}

export function isEmpty({ completed, failed, cancelled }: Totals): boolean {
  return completed + failed + cancelled === 0
}
