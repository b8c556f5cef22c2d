/** `<headway-dataset-history>`: changes that wait to be decided, and every version that is kept. */

import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'

import type { Dataset } from '../../client/types.ts'
import { formatAgo, formatCount, formatMoment, plural } from '../../elements/sizes.ts'
import { type Change, listChanges, listVersions, restoreVersion, type Version } from './change-api.ts'
import './change-view.ts'
import { sayAction } from './change-words.ts'
import { pageStyles } from './page-styles.ts'
import { sayError } from './say-error.ts'

class DatasetHistory extends LitElement {
  static override styles = [
    pageStyles,
    css`
      :host {
        max-inline-size: none;
      }
      ol {
        display: grid;
        gap: 0.5rem;
        margin: 0.75rem 0 0;
        padding: 0;
        list-style: none;
      }
      li.version {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 0.25rem 1rem;
        padding: 0.55rem 0.9rem;
        border: 1px solid var(--line);
        border-radius: 8px;
      }
      .is-current {
        border-inline-start: 3px solid var(--accent);
      }
      headway-change {
        margin-block-end: 0.75rem;
      }
      p {
        overflow-wrap: anywhere;
      }
    `,
  ]
  static override properties = {
    shown: { attribute: false },
    versions: { state: true },
    keeps: { state: true },
    waiting: { state: true },
    problem: { state: true },
  }
  declare shown: Dataset | null
  declare versions: readonly Version[] | null
  declare keeps: number
  declare waiting: readonly Change[]
  declare problem: string

  constructor() {
    super()
    this.shown = null
    this.versions = null
    this.keeps = 0
    this.waiting = []
    this.problem = ''
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('shown')) void this.#load()
  }

  async #load(): Promise<void> {
    const id = this.shown?.id
    if (!id) return
    try {
      const [found, changes] = await Promise.all([listVersions(id), listChanges(id)])
      this.versions = found.items
      this.keeps = found.keeps
      const known = new Set(this.waiting.map(({ job_id }) => job_id))
      // One that was decided on while it is shown says so in its place.
      this.waiting = changes.filter((change) => ['proposed', 'preparing'].includes(change.state) || known.has(change.job_id))
      this.problem = ''
    } catch (error) {
      this.problem = sayError(error)
    }
  }

  async #restore(number: number): Promise<void> {
    const id = this.shown?.id
    if (!id) return
    try {
      await restoreVersion(id, number)
      this.dispatchEvent(new CustomEvent('headway-changed', { bubbles: true, composed: true }))
    } catch (error) {
      this.problem = sayError(error)
    }
  }

  override render(): TemplateResult {
    const id = this.shown?.id ?? ''
    return html`${this.problem ? html`<p class="error" role="alert">${this.problem} <button @click=${() => this.#load()}>Retry</button></p>` : nothing}
      ${this.waiting.map(({ job_id }) => html`<headway-change .table=${id} .job=${job_id}></headway-change>`)}
      <p class="muted">Every change makes a new version; the newest ${formatCount(this.keeps)} are kept. Going back shows an older one again, and later ones stay.</p>
      <ol aria-label="Versions">
        ${this.versions?.map((version) => this.#renderVersion(version))}
      </ol>`
  }

  #renderVersion(version: Version): TemplateResult {
    const rejected = version.rejected_rows ? `, ${plural(version.rejected_rows, 'row', 'rows')} rejected` : ''
    return html`<li class="version ${version.is_current ? 'is-current' : ''}">
      <div>
        <p><strong>Version ${version.number}</strong>${version.is_current ? ' · shown' : ''} · ${sayAction(version.action)}</p>
        <p class="muted">
          ${plural(version.rows, 'row', 'rows')}, ${plural(version.columns, 'column', 'columns')}${rejected} · ${version.source.file_name} ·
          <time datetime=${version.created_at} title=${formatMoment(version.created_at)}>${formatAgo(version.created_at)}</time> ·
          <a href="/jobs/${version.job_id}" aria-label="Job of version ${version.number}">job</a>
        </p>
      </div>
      ${version.is_current ? nothing : html`<button aria-label="Go back to version ${version.number}" @click=${() => this.#restore(version.number)}>Go back</button>`}
    </li>`
  }
}

customElements.define('headway-dataset-history', DatasetHistory)
