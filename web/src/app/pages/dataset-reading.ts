/** `<headway-dataset-reading>`: how the file was read, and how it would look read otherwise. */

import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'

import { type Look, lookAtDataset, type ReadingOptions } from '../../client/reading-api.ts'
import type { Dataset } from '../../client/types.ts'
import '../../elements/headway-reading.ts'
import { askedAnew } from '../../elements/reading.ts'
import { getReading, reparse } from './change-api.ts'
import './change-view.ts'
import { pageStyles } from './page-styles.ts'
import { sayError } from './say-error.ts'

class DatasetReading extends LitElement {
  static override styles = [
    pageStyles,
    css`
      :host {
        max-inline-size: none;
      }
      .all {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 0.75rem;
      }
    `,
  ]
  static override properties = {
    shown: { attribute: false },
    kept: { state: true },
    options: { state: true },
    job: { state: true },
    problem: { state: true },
  }
  declare shown: Dataset | null
  /** What was asked for when the file was read. */
  declare kept: ReadingOptions | null
  declare options: ReadingOptions
  declare job: string
  declare problem: string

  #look: Look | null = null

  constructor() {
    super()
    this.shown = null
    this.kept = null
    this.options = {}
    this.job = ''
    this.problem = ''
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get('shown')
    if (changed.has('shown') && (before?.id !== this.shown?.id || before?.version !== this.shown?.version)) void this.#load()
  }

  async #load(): Promise<void> {
    const id = this.shown?.id
    if (!id) return
    try {
      const kept = (await getReading(id)).options
      const look = lookAtDataset(id)
      this.#look = (options, signal) => look(askedAnew(kept, options), signal)
      this.options = kept
      this.kept = kept
      this.problem = ''
    } catch (error) {
      this.problem = sayError(error)
    }
  }

  get #isOther(): boolean {
    return JSON.stringify(this.options) !== JSON.stringify(this.kept)
  }

  async #compare(): Promise<void> {
    const { shown, kept } = this
    if (!shown || !kept) return
    try {
      this.job = (await reparse(shown.id, askedAnew(kept, this.options))).id
      this.problem = ''
    } catch (error) {
      this.problem = sayError(error)
    }
  }

  override render(): TemplateResult {
    return html`<div class="all">
      ${this.problem ? html`<p class="error" role="alert">${this.problem} <button @click=${() => this.#load()}>Retry</button></p>` : nothing}
      ${this.kept ? this.#renderReading(this.shown) : nothing}
    </div>`
  }

  #renderReading(dataset: Dataset | null): TemplateResult {
    return html`<p class="muted">
        Choose another reading and see it below at once; the dataset stays as it is until you have seen what would change
        and apply it. Nothing is uploaded again.
      </p>
      ${this.job ? html`<headway-change .table=${dataset?.id ?? ''} .job=${this.job}></headway-change>` : nothing}
      ${this.#isOther ? this.#renderAsk() : nothing}
      <headway-reading
        .look=${this.#look}
        .options=${this.options}
        single
        @headway-options=${({ detail }: CustomEvent<ReadingOptions>) => (this.options = detail)}
      ></headway-reading>`
  }

  #renderAsk(): TemplateResult {
    return html`<div class="bar">
      <button class="primary" @click=${this.#compare}>Show what would change</button>
      <button @click=${() => (this.options = this.kept ?? {})}>Back to how it is</button>
    </div>`
  }
}

customElements.define('headway-dataset-reading', DatasetReading)
