/** How many jobs ended when: what ended well stands on the zero line, what failed hangs below it. */

import { css, html, LitElement, nothing, svg, type SVGTemplateResult, type TemplateResult } from 'lit'

import type { Span, Throughput, ThroughputWindow } from '../../client/operator-types.ts'
import { controlStyles } from '../../elements/control-styles.ts'
import { formatCount, plural } from '../../elements/sizes.ts'
import { isEmpty, scaleOf, ticksOf, totalsOf } from './chart-scale.ts'

const HEIGHT = 140
const MARGIN = { top: 8, end: 4, bottom: 22 }
const DIGIT_PIXELS = 7.5
const TICK_PIXELS = 70
/** Between bars that are wide enough to have something between them. */
const GAP_FROM_PIXELS = 4

const WINDOWS: readonly [ThroughputWindow, string, string][] = [
  ['3h', '3 hours', 'the last 3 hours'],
  ['24h', '24 hours', 'the last 24 hours'],
  ['7d', '7 days', 'the last 7 days'],
]

/** Says `window` with the length of time that is wanted. */
export class OperatorChart extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
      }
      .bar {
        justify-content: space-between;
        margin-block-end: 0.5rem;
      }
      .windows {
        display: inline-flex;
      }
      .windows button {
        margin-inline-start: -1px;
        border-radius: 0;
      }
      .windows button:first-child {
        border-start-start-radius: 6px;
        border-end-start-radius: 6px;
      }
      .windows button:last-child {
        border-start-end-radius: 6px;
        border-end-end-radius: 6px;
      }
      .windows [aria-pressed='true'] {
        position: relative;
        border-color: var(--accent);
        background: var(--accent-soft);
        color: var(--accent);
        font-weight: 550;
      }
      .frame {
        position: relative;
        block-size: 170px;
        contain: strict;
      }
      svg {
        display: block;
        overflow: visible;
      }
      text {
        fill: var(--muted);
        font-size: 11px;
        font-variant-numeric: tabular-nums;
      }
      line {
        stroke: var(--line);
      }
      line.zero {
        stroke: var(--muted);
      }
      .completed {
        fill: var(--ok);
      }
      .failed {
        fill: var(--bad);
      }
      .cancelled {
        fill: none;
        stroke: var(--muted);
      }
      .pointed {
        fill: var(--accent);
        opacity: 0.12;
      }
      .key {
        display: flex;
        flex-wrap: wrap;
        gap: 0.2rem 1rem;
        min-block-size: 1lh;
        font-variant-numeric: tabular-nums;
      }
      .key svg {
        display: inline-block;
        vertical-align: -0.05em;
      }
      summary {
        min-block-size: 24px;
        margin-block-start: 0.5rem;
        color: var(--accent);
        cursor: pointer;
      }
      .scroll {
        max-block-size: 20rem;
        overflow: auto;
      }
      table {
        border-collapse: collapse;
        font-variant-numeric: tabular-nums;
      }
      th,
      td {
        padding: 0.2rem 0.9rem 0.2rem 0;
        text-align: end;
      }
      th:first-child {
        font-weight: 400;
        text-align: start;
      }
      @media (forced-colors: active) {
        .completed,
        .failed {
          fill: CanvasText;
        }
        .cancelled {
          stroke: CanvasText;
        }
        .windows [aria-pressed='true'] {
          outline: 2px solid Highlight;
          outline-offset: -2px;
        }
      }
    `,
  ]
  static override properties = {
    throughput: { attribute: false },
    window: { attribute: false },
    width: { state: true },
    pointed: { state: true },
  }
  declare throughput: Throughput
  declare window: ThroughputWindow
  declare width: number
  /** The span under the pointer. */
  declare pointed: number | null

  readonly #sizes = new ResizeObserver(([entry]) => (this.width = Math.floor(entry?.contentRect.width ?? 0)))

  constructor() {
    super()
    this.throughput = { minutes: 10, spans: [] }
    this.window = '24h'
    this.width = 0
    this.pointed = null
  }

  override firstUpdated(): void {
    const frame = this.renderRoot.querySelector('.frame')
    if (frame) this.#sizes.observe(frame)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#sizes.disconnect()
  }

  get #during(): string {
    return WINDOWS.find(([window]) => window === this.window)?.[2] ?? ''
  }

  override render(): TemplateResult {
    const { spans } = this.throughput
    const totals = totalsOf(spans)
    const pointed = this.pointed === null ? undefined : spans[this.pointed]
    return html`<div class="bar">
        <p class="key">
          ${pointed ? html`<strong>${this.#times(pointed)}</strong>` : nothing} ${this.#renderKey(pointed ?? totals)}
        </p>
        <div class="windows" role="group" aria-label="Length of time">
          ${WINDOWS.map(
            ([window, text]) => html`<button aria-pressed=${this.window === window} @click=${() => this.#choose(window)}>${text}</button>`,
          )}
        </div>
      </div>
      <div class="frame" @pointermove=${this.#onPoint} @pointerleave=${() => (this.pointed = null)}>
        ${this.width ? this.#renderChart(spans) : nothing}
      </div>
      ${isEmpty(totals) ? html`<p class="muted">No job ended in ${this.#during}.</p>` : this.#renderTable(spans)}`
  }

  #choose(window: ThroughputWindow): void {
    this.dispatchEvent(new CustomEvent<ThroughputWindow>('window', { detail: window }))
  }

  #renderKey({ completed, failed, cancelled }: Omit<Span, 'at'>): TemplateResult {
    const square = (name: string): TemplateResult =>
      html`<svg width="11" height="11" aria-hidden="true"><rect class=${name} x="1" y="1" width="9" height="9"></rect></svg>`
    return html`<span>${square('completed')} ${formatCount(completed)} completed</span>
      <span>${square('failed')} ${formatCount(failed)} failed</span>
      <span>${square('cancelled')} ${formatCount(cancelled)} cancelled</span>`
  }

  // ------------------------------------------------------------------ the drawing

  #renderChart(spans: readonly Span[]): TemplateResult {
    const { marks, y } = scaleOf(spans, HEIGHT)
    const start = Math.ceil(Math.max(...marks.map((mark) => formatCount(Math.abs(mark)).length)) * DIGIT_PIXELS) + 6
    const inner = Math.max(1, this.width - start - MARGIN.end)
    const each = inner / Math.max(1, spans.length)
    return html`<svg
      width=${this.width}
      height=${HEIGHT + MARGIN.top + MARGIN.bottom}
      role="img"
      aria-label="Jobs that ended in ${this.#during}, by time. The numbers are in the table below."
    >
      <g transform="translate(${start} ${MARGIN.top})">
        ${marks.map((mark) => renderMark(mark, y(mark), inner))}
        ${spans.map((span, index) => renderSpan(span, index * each, each, y))}
        ${this.pointed === null ? nothing : svg`<rect class="pointed" x=${this.pointed * each} y="0" width=${each} height=${HEIGHT}></rect>`}
        ${ticksOf(spans, Math.max(2, Math.floor(inner / TICK_PIXELS))).map((index) => this.#renderTick(spans, index, index * each, inner))}
      </g>
    </svg>`
  }

  #renderTick(spans: readonly Span[], index: number, x: number, inner: number): SVGTemplateResult {
    const at = new Date(spans[index]?.at ?? 0)
    const format = this.window === '7d' ? ({ weekday: 'short', day: 'numeric' } as const) : ({ timeStyle: 'short' } as const)
    const anchor = x < TICK_PIXELS / 3 ? 'start' : x > inner - TICK_PIXELS / 3 ? 'end' : 'middle'
    return svg`<line x1=${x} x2=${x} y1=${HEIGHT} y2=${HEIGHT + 4}></line>
      <text x=${x} y=${HEIGHT + 17} text-anchor=${anchor}>${new Intl.DateTimeFormat(undefined, format).format(at)}</text>`
  }

  #onPoint(event: PointerEvent): void {
    const plot = this.renderRoot.querySelector('.frame g')
    const box = plot?.querySelector('line')?.getBoundingClientRect()
    if (!box?.width) return
    const { length } = this.throughput.spans
    const index = Math.floor(((event.clientX - box.left) / box.width) * length)
    this.pointed = index >= 0 && index < length ? index : null
  }

  // ------------------------------------------------------------------ the numbers

  #times({ at }: Span): string {
    const begin = new Date(at)
    const format = new Intl.DateTimeFormat(undefined, {
      ...(this.window === '3h' ? {} : { weekday: 'short' }),
      hour: 'numeric',
      minute: '2-digit',
    })
    return format.formatRange(begin, new Date(begin.getTime() + this.throughput.minutes * 60_000))
  }

  #renderTable(spans: readonly Span[]): TemplateResult {
    const told = spans.filter((span) => !isEmpty(span)).reverse()
    const empty = spans.length - told.length
    return html`<details>
      <summary>The numbers as a table</summary>
      ${empty ? html`<p class="muted">Left out: ${plural(empty, 'time', 'times')} in which no job ended.</p>` : nothing}
      <div class="scroll" tabindex="0" role="region" aria-label="Ended jobs by time">
        <table>
          <thead>
            <tr>
              ${['Time', 'Completed', 'Failed', 'Cancelled'].map((text) => html`<th scope="col">${text}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${told.map(
              (span) => html`<tr>
                <th scope="row">${this.#times(span)}</th>
                ${[span.completed, span.failed, span.cancelled].map((count) => html`<td>${formatCount(count)}</td>`)}
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>`
  }
}

function renderMark(mark: number, y: number, inner: number): SVGTemplateResult {
  return svg`<line class=${mark ? '' : 'zero'} x1="0" x2=${inner} y1=${y} y2=${y}></line>
    <text x="-6" y=${y + 4} text-anchor="end">${formatCount(Math.abs(mark))}</text>`
}

function renderSpan({ completed, failed, cancelled }: Span, x: number, each: number, y: (value: number) => number): SVGTemplateResult {
  const width = each >= GAP_FROM_PIXELS ? each - 1 : each
  const bar = (name: string, from: number, to: number): SVGTemplateResult | typeof nothing =>
    from === to ? nothing : svg`<rect class=${name} x=${x} y=${y(to)} width=${width} height=${y(from) - y(to)}></rect>`
  return svg`${bar('completed', 0, completed)}${bar('cancelled', completed, completed + cancelled)}${bar('failed', -failed, 0)}`
}

customElements.define('headway-operator-chart', OperatorChart)

declare global {
  interface HTMLElementTagNameMap {
    'headway-operator-chart': OperatorChart
  }
}
