/** Where a dataset comes from, what was decided about its file, and how programs read it. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import type { Dataset } from '../../client/types.ts'
import { copyText } from '../../elements/copy-text.ts'
import { formatBytes, formatCount, formatMoment } from '../../elements/sizes.ts'
import { originalPath } from './dataset-api.ts'
import { pageStyles } from './page-styles.ts'

class DatasetAbout extends LitElement {
  static override styles = [
    pageStyles,
    css`
      :host {
        max-inline-size: none;
      }
      section + section {
        margin-block-start: 1.5rem;
      }
      h2 {
        margin-block-end: 0.5rem;
      }
      dl {
        display: grid;
        grid-template-columns: minmax(7rem, max-content) minmax(0, 1fr);
        gap: 0.35rem 1.25rem;
        margin: 0 0 0.75rem;
      }
      dt {
        color: var(--muted);
      }
      dd {
        margin: 0;
        overflow-wrap: anywhere;
      }
      code {
        font: 13px/1.5 ui-monospace, monospace;
      }
      pre {
        margin: 0 0 0.5rem;
        padding: 0.75rem;
        overflow-x: auto;
        border: 1px solid var(--line);
        border-radius: 8px;
        background: var(--panel);
        font: 13px/1.5 ui-monospace, monospace;
      }
    `,
  ]
  static override properties = {
    shown: { attribute: false },
    search: {},
    copied: { state: true },
  }
  declare shown: Dataset | null
  /** The query of the view that the rows are shown in, so that a program gets the same rows. */
  declare search: string
  declare copied: string

  constructor() {
    super()
    this.shown = null
    this.search = ''
    this.copied = ''
  }

  get #request(): string {
    const query = ['limit=100', this.search].filter(Boolean).join('&')
    const address = `${location.origin}/api/v2/datasets/${this.shown?.id}/rows?${query}`
    return `curl -H "Authorization: Bearer $TOKEN" \\\n  '${address.replaceAll("'", '%27')}'`
  }

  async #copy(what: string, text: string): Promise<void> {
    this.copied = (await copyText(text)) ? `${what} copied.` : 'The browser refused. Select the text and copy it.'
  }

  override render(): TemplateResult | typeof nothing {
    const { shown: dataset } = this
    if (!dataset) return nothing
    return html`${this.#renderSource(dataset)}
      <section>
        <h2>For programs</h2>
        <pre tabindex="0" role="group" aria-label="Request for these rows"><code>${this.#request}</code></pre>
        <button @click=${() => this.#copy('Request', this.#request)}>Copy request</button>
        <p class="muted">The rows as JSON, in the order and with the filters of the Rows tab.</p>
      </section>
      <p role="status">${this.copied}</p>`
  }

  #renderSource(dataset: Dataset): TemplateResult {
    const { source } = dataset
    return html`<section>
      <h2>Source</h2>
      <dl>
        <dt>File</dt>
        <dd>${source.file_name}</dd>
        <dt>Format</dt>
        <dd>${source.format}</dd>
        <dt>Size</dt>
        <dd>${formatBytes(source.bytes)} <span class="muted">(${formatCount(source.bytes)} bytes)</span></dd>
        <dt>SHA-256</dt>
        <dd><code>${source.sha256}</code></dd>
        <dt>Imported</dt>
        <dd>${formatMoment(dataset.created_at)}, by <a href=${`/jobs/${dataset.job_id}`}>this job</a></dd>
        <dt>Dataset id</dt>
        <dd><code>${dataset.id}</code>, version ${dataset.version}</dd>
      </dl>
      <div class="bar">
        <a class="button" href=${originalPath(dataset.id)} download=${source.file_name}>Download original</a>
        <button @click=${() => this.#copy('SHA-256', source.sha256)}>Copy SHA-256</button>
      </div>
    </section>`
  }
}

customElements.define('headway-dataset-about', DatasetAbout)
