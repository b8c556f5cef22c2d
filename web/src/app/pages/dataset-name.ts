/** Changes a dataset's name in place: a button beside the heading, which becomes a form instead of it. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import type { Dataset } from '../../client/types.ts'
import { renameDataset } from './dataset-api.ts'
import { pageStyles } from './page-styles.ts'
import { sayError } from './say-error.ts'

/** Dispatches `renamed` with the dataset. */
class DatasetName extends LitElement {
  static override styles = [
    pageStyles,
    css`
      :host {
        display: block;
        contain: none;
        min-inline-size: 0;
        max-inline-size: 100%;
        margin: 0;
      }
      .quiet {
        border-color: transparent;
        color: var(--muted);
      }
      input {
        inline-size: min(28rem, 80vw);
        font-weight: 600;
      }
      .problem {
        color: var(--bad);
      }
    `,
  ]
  static override properties = {
    shown: { attribute: false },
    editing: { type: Boolean, reflect: true },
    problem: { state: true },
  }
  declare shown: Dataset | null
  declare editing: boolean
  declare problem: string

  constructor() {
    super()
    this.shown = null
    this.editing = false
    this.problem = ''
  }

  async #edit(): Promise<void> {
    this.editing = true
    this.problem = ''
    await this.updateComplete
    this.renderRoot.querySelector('input')?.select()
  }

  async #leave(): Promise<void> {
    this.editing = false
    await this.updateComplete
    this.renderRoot.querySelector('button')?.focus()
  }

  async #save(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const name = String(new FormData(event.target as HTMLFormElement).get('name')).trim()
    if (!this.shown || !name) return
    try {
      this.shown = await renameDataset(this.shown.id, name)
      this.dispatchEvent(new CustomEvent('renamed', { detail: this.shown }))
      await this.#leave()
    } catch (error) {
      this.problem = sayError(error)
    }
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === 'Escape') void this.#leave()
  }

  override render(): TemplateResult {
    if (!this.editing) return html`<button class="quiet" @click=${this.#edit}>Rename</button>`
    return html`<form class="bar" @submit=${this.#save} @keydown=${this.#onKey}>
        <input name="name" aria-label="Name" required maxlength="255" autocomplete="off" .value=${this.shown?.name ?? ''} />
        <button class="primary">Save</button>
        <button type="button" @click=${this.#leave}>Cancel</button>
      </form>
      ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}`
  }
}

customElements.define('headway-dataset-name', DatasetName)
