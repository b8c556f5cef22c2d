/** `/import`: where files go in. */

import { css, html, LitElement, type TemplateResult } from 'lit'

import './importer.ts'
import { jobSource, uploads } from './uploads.ts'
import { pageStyles } from './page-styles.ts'
import './sample-file.ts'

class ImportPage extends LitElement {
  static override styles = [
    pageStyles,
    css`
      :host {
        max-inline-size: 52rem;
      }
      headway-sample-file {
        margin-block-start: 1.25rem;
      }
    `,
  ]
  static override properties = { params: { attribute: false } }
  declare params: Record<string, string>

  override render(): TemplateResult {
    return html`<div class="head"><h1 tabindex="-1">Import</h1></div>
      <headway-importer .queue=${uploads} .jobs=${jobSource}></headway-importer>
      <headway-sample-file></headway-sample-file>`
  }
}

customElements.define('headway-import-page', ImportPage)
