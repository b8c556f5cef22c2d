/** `/headway-importer.js`: the importer for pages of others, with the uploads and jobs of whoever asks. */

import { css, unsafeCSS } from 'lit'

import type { HeadwayImporterElement, Strings } from '../../packages/elements/importer.d.ts'
import { isGuest } from '../client/api.ts'
import { jobsStore } from '../client/jobs-store.ts'
import { HeadwayImporter } from './headway-importer.ts'
import { importerStyles } from './importer-styles.ts'
import { LINKS } from './job-links.ts'
import { jobSource, learnLimits, uploads } from './page-uploads.ts'
import { type GetToken, reach, takeOver } from './reach.ts'
import { replaceStrings } from './say.ts'
import tokens from './tokens.css?inline'

class EmbeddedImporter extends HeadwayImporter implements HeadwayImporterElement {
  /** Its colours are made for its own ground, whatever the host's page has. */
  static override styles = [
    css`${unsafeCSS(tokens)}`,
    ...importerStyles,
    css`
      :host {
        background: var(--bg);
      }
      :host([theme='light']) {
        color-scheme: light;
      }
      :host([theme='dark']) {
        color-scheme: dark;
      }
    `,
  ]

  #getToken: GetToken | undefined

  constructor() {
    super()
    // Lit does the same for the others.
    takeOver(this as HeadwayImporterElement, 'getToken', 'strings')
  }

  /** Gives a token instead of the session, if `token-url` does not do. */
  get getToken(): GetToken | undefined {
    return this.#getToken
  }

  set getToken(getToken: GetToken | undefined) {
    const isLate = this.isConnected && !this.#getToken
    this.#getToken = getToken
    if (!isLate) return
    // What was asked for without it was refused.
    jobsStore.stop()
    this.#begin()
  }

  /** Sentences in other words. They are kept for all of the page, so there is nothing to be read here. */
  set strings(strings: Strings) {
    replaceStrings(strings)
    this.requestUpdate()
  }

  override connectedCallback(): void {
    this.queue = uploads
    this.jobs = jobSource
    this.#begin()
    super.connectedCallback()
  }

  #begin(): void {
    // Without a session there are no pages of Headway's to go to, unless the host names its own.
    if (reach(this) && isGuest() && this.links === LINKS) this.links = {}
    jobsStore.start()
    void learnLimits().catch(() => undefined)
  }
}

customElements.define('headway-importer', EmbeddedImporter)
