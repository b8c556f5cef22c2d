/** Small pictures of what a column holds. Sizes go through attributes of SVG, because the CSP forbids inline styles. */

import { css, html, nothing, svg, type TemplateResult } from 'lit'

import { type ColumnProfile, profileLine } from './grid-profile.ts'

const WIDTH = 200
const HEIGHT = 40
const GAP = 1
/** A span that holds something is seen beside one that holds a million times more. */
const LEAST = 1.5

export const chartStyles = css`
  .chart {
    display: block;
    inline-size: 100%;
    block-size: 24px;
  }
  .chart rect {
    fill: color-mix(in srgb, var(--accent) 65%, var(--bg));
  }
  .chart .top:nth-of-type(even) {
    fill: color-mix(in srgb, var(--accent) 40%, var(--bg));
  }
  .chart .rest {
    fill: color-mix(in srgb, var(--accent) 18%, var(--bg));
  }
  .chart .nulls {
    fill: var(--line);
  }
  @media (forced-colors: active) {
    .chart rect {
      fill: CanvasText;
    }
    .chart .rest,
    .chart .nulls {
      fill: GrayText;
    }
  }
`

/** The line under a heading: a picture, a sentence, and a way to all of it. */
export function profileTemplate(
  profile: ColumnProfile | undefined,
  rows: number,
  on: { active: boolean; onOpen: () => void; onFocus: () => void },
): TemplateResult {
  if (!profile) return html`<div class="profile"></div>`
  const line = profileLine(profile, rows)
  return html`<button
    class="profile"
    tabindex=${on.active ? 0 : -1}
    aria-label=${`What ${profile.name} holds: ${line}`}
    title=${line}
    @click=${on.onOpen}
    @focus=${on.onFocus}
  >
    ${profileChart(profile, rows)}<span class="line">${line}</span>
  </button>`
}

/** A histogram of what has an order, the shares of the most frequent values of all else. Decoration: words stand beside it. */
export function profileChart(profile: ColumnProfile, rows: number): TemplateResult {
  return html`<svg
    class="chart"
    viewBox=${`0 0 ${WIDTH} ${HEIGHT}`}
    preserveAspectRatio="none"
    aria-hidden="true"
    focusable="false"
  >
    ${profile.histogram ? bars(profile.histogram) : shares(profile, rows)}
  </svg>`
}

function bars(counts: readonly number[]): TemplateResult[] {
  const most = Math.max(...counts, 1)
  const width = WIDTH / counts.length
  return counts.map((count, index) => {
    const height = count ? Math.max(LEAST, (count / most) * HEIGHT) : 0
    return svg`<rect x=${index * width + GAP / 2} y=${HEIGHT - height} width=${width - GAP} height=${height}></rect>`
  })
}

/** One band: the most frequent values side by side, then the other ones, then the empty cells. */
function shares({ top, nulls }: ColumnProfile, rows: number): TemplateResult | TemplateResult[] | typeof nothing {
  if (!rows) return nothing
  const counts = top.map((value) => value.count)
  const rest = rows - nulls - counts.reduce((sum, count) => sum + count, 0)
  let x = 0
  const band = (count: number, kind: string): TemplateResult => {
    const width = (count / rows) * WIDTH
    const drawn = svg`<rect class=${kind} x=${x} y=${HEIGHT / 2} width=${Math.max(0, width - GAP)} height=${HEIGHT / 2}></rect>`
    x += width
    return drawn
  }
  return [...counts.map((count) => band(count, 'top')), band(rest, 'rest'), band(nulls, 'nulls')]
}
