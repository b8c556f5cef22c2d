/** `<headway-recipe-look>`: what steps make of some rows: what is wrong first, then the rows. Dispatches `accept` with a finding. */

import { html, LitElement, nothing, type TemplateResult } from 'lit'

import type { Problem } from '../../client/types.ts'
import { cellLine, cellText, isNumeric, typeWord } from '../../elements/grid-cells.ts'
import { plural } from '../../elements/sizes.ts'
import type { Finding, RecipeLook } from './recipe-api.ts'
import { sidesStyles } from './sides-styles.ts'

const WOULD_EMPTY = 'recipe.would_empty'
/** Longer cells are told whole when one points at them. */
const SHORT = 30

class RecipeLookView extends LitElement {
  static override styles = sidesStyles
  static override properties = { look: { attribute: false }, isBusy: { type: Boolean } }
  declare look: RecipeLook | null
  declare isBusy: boolean

  constructor() {
    super()
    this.look = null
    this.isBusy = false
  }

  override render(): TemplateResult {
    const { look } = this
    if (!look) return html`<p class="muted" role="status">${this.isBusy ? 'Looking at some rows…' : ''}</p>`
    return html`<div class="stack" aria-busy=${this.isBusy}>
      ${look.problem ? renderProblem(look.problem) : nothing}
      ${look.findings.map((finding) => this.#renderFinding(finding))}
      <p class="muted" role="status">${sayRows(look)}</p>
      ${this.#renderRows(look)}
    </div>`
  }

  #renderFinding(finding: Finding): TemplateResult {
    const { step, message, blocks, samples, code } = finding
    const accept = code === WOULD_EMPTY ? 'Let them become empty' : 'Repeat these rows'
    return html`<div class="mark ${blocks ? 'blocks' : 'calm'}">
      <p><strong>Step ${step}:</strong> ${message} ${blocks ? 'A run would stop here.' : nothing}</p>
      ${samples.length ? html`<p class="muted">Such as ${samples.map(({ value }, place) => html`${place ? ', ' : ''}<code>${value}</code>`)}</p>` : nothing}
      ${blocks ? html`<div class="bar"><button aria-label="${accept}, step ${step}" @click=${() => this.#accept(finding)}>${accept}</button></div>` : nothing}
    </div>`
  }

  #accept(finding: Finding): void {
    this.dispatchEvent(new CustomEvent<Finding>('accept', { detail: finding }))
  }

  #renderRows(look: RecipeLook): TemplateResult {
    return html`<div class="over" role="region" aria-label="Rows after the last step" tabindex="0">
        <table>
          <thead><tr>${look.columns.map(({ name, type }) => html`<th scope="col" title=${name}>${name}<small>${typeWord(type)}</small></th>`)}</tr></thead>
          <tbody>${look.rows.map((row) => html`<tr>${row.map((cell, place) => renderCell(cell, look.columns[place]?.type ?? ''))}</tr>`)}</tbody>
        </table>
      </div>
      ${look.rows.length ? nothing : html`<p class="muted">No row is left.</p>`}
      ${look.columns_left_out ? html`<p class="muted">${plural(look.columns_left_out, 'more column is', 'more columns are')} not shown here.</p>` : nothing}`
  }
}

function renderProblem({ title, detail, user_action: action }: Problem): TemplateResult {
  return html`<div class="mark blocks" role="alert"><p><strong>${title}.</strong> ${detail}</p><p class="muted">${action}</p></div>`
}

function sayRows(look: RecipeLook): string {
  const { rows_read: read, rows_after: after, rows } = look
  const changed = look.steps.length && (look.is_sample || after !== read) ? ` They make ${plural(after, 'row', 'rows')}.` : ''
  const first = after > rows.length && rows.length ? ` The first ${rows.length} are below.` : ''
  return look.message + changed + first
}

function renderCell(cell: unknown, type: string): TemplateResult {
  const text = cellLine(cell)
  if (text === null) return html`<td class="empty"><span aria-hidden="true">–</span><span class="hidden">empty</span></td>`
  return html`<td class=${isNumeric(type) ? 'number' : ''} title=${text.length > SHORT ? cellText(cell) : nothing}>${text}</td>`
}

customElements.define('headway-recipe-look', RecipeLookView)
