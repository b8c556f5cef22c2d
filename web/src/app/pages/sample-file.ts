/** A small file to try, for whoever has none at hand. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import { controlStyles } from '../../elements/control-styles.ts'
import { uploads } from './uploads.ts'

const SAMPLE = '/sample.csv'

class SampleFile extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
      }
      a {
        display: inline-flex;
        align-items: center;
        min-block-size: 32px;
        color: var(--accent);
      }
    `,
  ]
  static override properties = { failed: { state: true } }
  declare failed: boolean

  constructor() {
    super()
    this.failed = false
  }

  async #try(): Promise<void> {
    this.failed = false
    try {
      const answer = await fetch(SAMPLE)
      if (!answer.ok) throw new Error(String(answer.status))
      uploads.add([new File([await answer.blob()], 'sample.csv', { type: 'text/csv' })])
    } catch {
      this.failed = true
    }
  }

  override render(): TemplateResult {
    return html`<div class="bar">
        <span class="muted">No file at hand?</span>
        <button @click=${this.#try}>Try a sample file</button>
        <a href=${SAMPLE} download="sample.csv">Download it (30 rows)</a>
      </div>
      ${this.failed ? html`<p role="alert">The sample file could not be fetched. Try again.</p>` : nothing}`
  }
}

customElements.define('headway-sample-file', SampleFile)
