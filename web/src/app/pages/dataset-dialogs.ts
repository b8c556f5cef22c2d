/** The two dialogs of a dataset: another name, and deletion with what it takes along. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import type { Dataset } from '../../client/types.ts'
import { controlStyles } from '../../elements/control-styles.ts'
import { formatBytes, plural } from '../../elements/sizes.ts'
import { sayError } from './say-error.ts'
import { deleteDataset, renameDataset } from './dataset-api.ts'

type Mode = 'rename' | 'delete'

/** Dispatches `renamed` with the dataset, or `deleted` with its id. */
export class DatasetDialogs extends LitElement {
  static override styles = [
    controlStyles,
    css`
      dialog {
        inline-size: min(30rem, calc(100vw - 2rem));
      }
      form {
        display: grid;
        gap: 0.75rem;
      }
      label {
        display: grid;
        gap: 0.25rem;
      }
      .bar {
        justify-content: end;
      }
      .danger {
        border-color: transparent;
        background: var(--bad);
        color: var(--bg);
      }
      .problem {
        color: var(--bad);
      }
      p {
        overflow-wrap: anywhere;
      }
    `,
  ]
  static override properties = {
    mode: { state: true },
    shown: { state: true },
    problem: { state: true },
    busy: { state: true },
  }
  declare mode: Mode
  declare shown: Dataset | null
  declare problem: string
  declare busy: boolean

  constructor() {
    super()
    this.mode = 'rename'
    this.shown = null
    this.problem = ''
    this.busy = false
  }

  async ask(mode: Mode, dataset: Dataset): Promise<void> {
    this.mode = mode
    this.shown = dataset
    this.problem = ''
    await this.updateComplete
    this.#dialog?.showModal()
    this.renderRoot.querySelector('input')?.select()
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog')
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const { shown: dataset } = this
    if (!dataset || this.busy) return
    this.busy = true
    try {
      await this.#carryOut(dataset, new FormData(event.target as HTMLFormElement))
      this.#dialog?.close()
    } catch (error) {
      this.problem = sayError(error)
    }
    this.busy = false
  }

  async #carryOut(dataset: Dataset, form: FormData): Promise<void> {
    if (this.mode === 'delete') {
      await deleteDataset(dataset.id)
      this.dispatchEvent(new CustomEvent('deleted', { detail: dataset.id }))
    } else {
      const renamed = await renameDataset(dataset.id, String(form.get('name')).trim())
      this.dispatchEvent(new CustomEvent('renamed', { detail: renamed }))
    }
  }

  override render(): TemplateResult {
    return html`<dialog aria-labelledby="heading">
      <form @submit=${this.#submit}>
        ${this.shown ? (this.mode === 'delete' ? this.#renderDelete(this.shown) : this.#renderRename(this.shown)) : nothing}
        ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
      </form>
    </dialog>`
  }

  #renderRename(dataset: Dataset): TemplateResult {
    return html`<h2 id="heading">Rename dataset</h2>
      <label>Name <input name="name" required maxlength="255" autocomplete="off" .value=${dataset.name} /></label>
      <div class="bar">${this.#renderClose('Cancel')} <button class="primary" ?disabled=${this.busy}>Rename</button></div>`
  }

  #renderDelete(dataset: Dataset): TemplateResult {
    const rows = plural(dataset.rows, 'row', 'rows')
    return html`<h2 id="heading">Delete ${dataset.name}?</h2>
      <p>
        This permanently deletes ${rows} (${formatBytes(dataset.bytes)}) and the file they came from. This action cannot
        be undone.
      </p>
      <div class="bar">
        ${this.#renderClose('Keep it')}
        <button class="danger" ?disabled=${this.busy}>Delete ${rows}</button>
      </div>`
  }

  #renderClose(text: string): TemplateResult {
    return html`<button type="button" @click=${() => this.#dialog?.close()}>${text}</button>`
  }
}

customElements.define('headway-dataset-dialogs', DatasetDialogs)

declare global {
  interface HTMLElementTagNameMap {
    'headway-dataset-dialogs': DatasetDialogs
  }
}
