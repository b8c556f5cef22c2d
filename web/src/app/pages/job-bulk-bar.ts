/** What can be done with the selected jobs, and what came of it. Lies over the end of the page, so no row moves. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import type { Job } from '../../client/types.ts'
import { controlStyles } from '../../elements/control-styles.ts'
import { plural } from '../../elements/sizes.ts'
import { type ListAction, type Offer, offers, type Outcome } from './job-bulk.ts'

/** Says `act` with the offer that was taken, `clear` when nothing shall be selected, `close` for the outcome. */
export class JobBulkBar extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        position: sticky;
        z-index: 3;
        inset-block-end: 0.75rem;
        display: block;
        margin-block-start: 1rem;
      }
      .box {
        display: grid;
        gap: 0.5rem;
        padding: 0.6rem 0.9rem;
        border: 1px solid var(--line);
        border-radius: 10px;
        background: var(--bg);
        box-shadow: var(--shadow);
      }
      .count {
        margin-inline-end: 0.5rem;
        font-weight: 600;
      }
      .end {
        margin-inline-start: auto;
      }
      .outcome {
        display: flex;
        align-items: start;
        gap: 0.5rem;
      }
      .outcome > div {
        flex: 1;
        max-block-size: 30dvh;
        overflow: auto;
      }
      ul {
        margin: 0.25rem 0 0;
        padding-inline-start: 1.2rem;
        overflow-wrap: anywhere;
      }
      .problem {
        color: var(--bad);
      }
    `,
  ]
  static override properties = {
    jobs: { attribute: false },
    outcome: { attribute: false },
    problem: { attribute: false },
    busy: { type: Boolean },
  }
  /** The selected ones. */
  declare jobs: readonly Job[]
  declare outcome: Outcome | null
  declare problem: string
  declare busy: boolean

  constructor() {
    super()
    this.jobs = []
    this.outcome = null
    this.problem = ''
    this.busy = false
  }

  /** The button that was pressed may be gone; the outcome's own is there. */
  async focusOutcome(): Promise<void> {
    await this.updateComplete
    this.renderRoot.querySelector<HTMLElement>('.outcome button')?.focus()
  }

  #say(name: string, detail?: Offer): void {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }

  override render(): TemplateResult | typeof nothing {
    if (!this.jobs.length && !this.outcome && !this.problem) return nothing
    return html`<section class="box" aria-label="Selected jobs">
      ${this.outcome || this.problem ? this.#renderOutcome() : nothing} ${this.jobs.length ? this.#renderOffers() : nothing}
    </section>`
  }

  #renderOutcome(): TemplateResult {
    return html`<div class="outcome">
      <div>
        ${this.problem ? html`<p class="problem">${this.problem}</p>` : nothing}
        ${this.outcome ? html`<p>${this.outcome.text}</p>` : nothing}
        ${
          this.outcome?.refused.length
            ? html`<ul>
                ${this.outcome.refused.map(({ title, why }) => html`<li><strong>${title}</strong>: ${why}</li>`)}
              </ul>`
            : nothing
        }
      </div>
      <button aria-label="Close message" @click=${() => this.#say('close')}>✕</button>
    </div>`
  }

  #renderOffers(): TemplateResult {
    const found = offers(this.jobs)
    return html`<div class="bar">
      <span class="count">${plural(this.jobs.length, 'job', 'jobs')} selected</span>
      ${found.map(
        (offer) => html`<button data-action=${offer.action satisfies ListAction} ?disabled=${this.busy} @click=${() => this.#say('act', offer)}>${offer.text}</button>`,
      )}
      ${found.length ? nothing : html`<span class="muted">They are being cancelled.</span>`}
      <button class="link end" @click=${() => this.#say('clear')}>Clear selection</button>
    </div>`
  }
}

customElements.define('headway-job-bulk-bar', JobBulkBar)

declare global {
  interface HTMLElementTagNameMap {
    'headway-job-bulk-bar': JobBulkBar
  }
}
