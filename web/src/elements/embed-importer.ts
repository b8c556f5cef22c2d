/** `/headway-importer.js`: the importer for pages of others on this origin, with the uploads and jobs of whoever asks. */

import { css, unsafeCSS } from 'lit'

import { connect, tokenFrom } from '../client/api.ts'
import { jobsStore } from '../client/jobs-store.ts'
import { HeadwayImporter } from './headway-importer.ts'
import { importerStyles } from './importer-styles.ts'
import { jobSource, learnLimits, uploads } from './page-uploads.ts'
import tokens from './tokens.css?inline'

class EmbeddedImporter extends HeadwayImporter {
  /** Its colours are made for its own ground, whatever the host's page has. */
  static override styles = [
    css`${unsafeCSS(tokens)}`,
    ...importerStyles,
    css`
      :host {
        background: var(--bg);
      }
    `,
  ]

  /** Gives a token instead of the session, if `token-url` does not do. To be set before it is put in the page. */
  declare getToken: (() => Promise<string>) | undefined

  override connectedCallback(): void {
    const url = this.getAttribute('token-url')
    const getToken = this.getToken ?? (url ? () => tokenFrom(url) : undefined)
    if (getToken) connect({ getToken })
    this.queue = uploads
    this.jobs = jobSource
    jobsStore.start()
    void learnLimits().catch(() => undefined)
    super.connectedCallback()
  }
}

customElements.define('headway-importer', EmbeddedImporter)
