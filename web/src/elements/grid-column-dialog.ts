/** The dialog that tells all that is known of what a column holds. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import { controlStyles } from './control-styles.ts'
import { percent } from './grid-cells.ts'
import { chartStyles, profileChart } from './grid-profile-chart.ts'
import { type ColumnProfile, profileFacts, shownValue, type TopValue } from './grid-profile.ts'
import { formatCount } from './sizes.ts'

export class ColumnDialog extends LitElement {
  static override styles = [
    controlStyles,
    chartStyles,
    css`
      dialog {
        inline-size: min(34rem, calc(100vw - 2rem));
        max-block-size: min(85vh, 44rem);
        flex-direction: column;
        gap: 0.75rem;
        overflow: auto;
      }
      dialog[open] {
        display: flex;
      }
      h2 {
        overflow-wrap: anywhere;
        outline: none;
      }
      dl {
        display: grid;
        grid-template-columns: max-content minmax(0, 1fr);
        gap: 0.2rem 1rem;
        margin: 0;
      }
      dt {
        color: var(--muted);
      }
      dd {
        margin: 0;
        overflow-wrap: anywhere;
        font-variant-numeric: tabular-nums;
      }
      .chart {
        block-size: 96px;
      }
      .ends {
        display: flex;
        justify-content: space-between;
        gap: 1rem;
        color: var(--muted);
        font-size: 12px;
        font-variant-numeric: tabular-nums;
      }
      table {
        border-collapse: collapse;
        font-variant-numeric: tabular-nums;
      }
      th {
        padding: 0.2rem 0;
        color: var(--muted);
        font-weight: 400;
        text-align: start;
      }
      td {
        padding: 0.2rem 0 0.2rem 1rem;
        border-block-start: 1px solid var(--line);
        text-align: end;
        white-space: nowrap;
      }
      td:first-child {
        padding-inline-start: 0;
        text-align: start;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      th + th {
        text-align: end;
      }
    `,
  ]
  static override properties = { profile: { state: true }, rows: { state: true } }
  declare profile: ColumnProfile | null
  declare rows: number

  constructor() {
    super()
    this.profile = null
    this.rows = 0
  }

  /** Open for a column of a table of so many rows. The browser gives the focus back to the heading on closing. */
  show(profile: ColumnProfile, rows: number): void {
    this.profile = profile
    this.rows = rows
    void this.updateComplete.then(() => this.#dialog?.showModal())
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog')
  }

  override render(): TemplateResult {
    const { profile } = this
    return html`<dialog aria-labelledby="heading" @keydown=${(event: Event) => event.stopPropagation()}>
      <h2 id="heading" tabindex="-1" autofocus>${profile?.name}</h2>
      ${profile ? this.#renderProfile(profile) : nothing}
      <div class="bar"><button @click=${() => this.#dialog?.close()}>Close</button></div>
    </dialog>`
  }

  #renderProfile(profile: ColumnProfile): TemplateResult {
    return html`<dl>
        ${profileFacts(profile, this.rows).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}
      </dl>
      ${profile.histogram ? this.#renderHistogram(profile) : nothing}
      ${profile.top.length ? this.#renderTop(profile.top) : nothing}
      ${profile.note ? html`<p class="muted">${profile.note}</p>` : nothing}`
  }

  #renderHistogram(profile: ColumnProfile): TemplateResult {
    return html`<div>
      ${profileChart(profile, this.rows)}
      <div class="ends"><span>${shownValue(profile.min)}</span><span>${shownValue(profile.max)}</span></div>
    </div>`
  }

  #renderTop(top: readonly TopValue[]): TemplateResult {
    return html`<table>
      <thead>
        <tr><th scope="col">Most frequent</th><th scope="col">Rows</th><th scope="col">Share</th></tr>
      </thead>
      <tbody>
        ${top.map(
          ({ value, count, cut }) =>
            html`<tr><td>${shownValue(value, cut)}</td><td>${formatCount(count)}</td><td>${percent(count / this.rows)}</td></tr>`,
        )}
      </tbody>
    </table>`
  }
}

customElements.define('headway-column-dialog', ColumnDialog)

declare global {
  interface HTMLElementTagNameMap {
    'headway-column-dialog': ColumnDialog
  }
}
