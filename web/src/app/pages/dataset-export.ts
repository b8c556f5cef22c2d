/** The button that makes a file of a dataset: asks which, and says when it is ready to be saved. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import type { Dataset, Job } from '../../client/types.ts'
import { controlStyles } from '../../elements/control-styles.ts'
import { type GridView, PLAIN_VIEW } from '../../elements/grid-view.ts'
import { exportDataset } from './dataset-api.ts'
import { DELIMITERS, ENCODINGS, FORMATS, isPart, MARKED, wishOf } from './export-wish.ts'
import { sayError } from './say-error.ts'

/** Dispatches `started` with the job. */
class DatasetExport extends LitElement {
  static override styles = [
    controlStyles,
    css`
      dialog {
        inline-size: min(32rem, calc(100vw - 2rem));
      }
      form {
        display: grid;
        gap: 0.75rem;
      }
      label:has(select) {
        display: grid;
        gap: 0.25rem;
      }
      fieldset {
        display: grid;
        gap: 0.6rem;
        margin: 0;
        padding: 0.6rem 0.75rem 0.75rem;
        border: 1px solid var(--line);
        border-radius: 6px;
      }
      .check {
        display: flex;
        align-items: start;
        gap: 0.5rem;
        min-block-size: 24px;
      }
      .check input {
        min-block-size: 20px;
      }
      .bar {
        justify-content: end;
      }
      .problem {
        color: var(--bad);
      }
    `,
  ]
  static override properties = {
    shown: { attribute: false },
    view: { attribute: false },
    format: { state: true },
    encoding: { state: true },
    problem: { state: true },
    busy: { state: true },
  }
  declare shown: Dataset | null
  declare view: GridView
  declare format: string
  declare encoding: string
  declare problem: string
  declare busy: boolean

  constructor() {
    super()
    this.shown = null
    this.view = PLAIN_VIEW
    this.format = 'csv'
    this.encoding = 'utf-8'
    this.problem = ''
    this.busy = false
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog')
  }

  #open(): void {
    this.problem = ''
    this.#dialog?.showModal()
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const { shown: dataset } = this
    if (!dataset || this.busy) return
    this.busy = true
    try {
      const wish = wishOf(new FormData(event.target as HTMLFormElement), this.view, dataset.version)
      const job = await exportDataset(dataset.id, wish)
      this.#dialog?.close()
      this.dispatchEvent(new CustomEvent<Job>('started', { detail: job }))
    } catch (error) {
      this.problem = sayError(error)
    }
    this.busy = false
  }

  override render(): TemplateResult {
    const { shown: dataset } = this
    return html`<button @click=${this.#open} aria-label=${`Export ${dataset?.name ?? ''}`}>Export</button>
      <dialog aria-labelledby="heading">
        <form @submit=${this.#submit}>
          <h2 id="heading">Export ${dataset?.name ?? ''}</h2>
          ${this.#renderChoice('Format', 'format', FORMATS, (chosen) => (this.format = chosen))}
          ${isPart(this.view) ? this.#renderChoice('Rows', 'rows', { shown: 'As shown: filtered and sorted', all: 'All, as in the file' }) : nothing}
          ${this.format === 'csv' ? this.#renderChoice('Values', 'values', { written: 'As written in the file', typed: 'By their types' }) : nothing}
          ${this.format === 'csv' ? nothing : this.#renderChoice('Values', 'values', { typed: 'By their types', written: 'As written in the file, all text' })}
          ${this.format === 'csv' ? this.#renderCsv() : nothing}
          ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
          <div class="bar">
            <button type="button" @click=${() => this.#dialog?.close()}>Cancel</button>
            <button class="primary" ?disabled=${this.busy}>Export</button>
          </div>
        </form>
      </dialog>`
  }

  #renderCsv(): TemplateResult {
    return html`<fieldset>
      <legend>CSV</legend>
      ${this.#renderChoice('Between cells', 'delimiter', DELIMITERS)}
      ${this.#renderChoice('Encoding', 'encoding', ENCODINGS, (chosen) => (this.encoding = chosen))}
      ${MARKED.includes(this.encoding) ? this.#renderCheck('bom', 'Begin with a mark, by which spreadsheet programs know the encoding') : nothing}
      ${MARKED.includes(this.encoding) ? nothing : this.#renderCheck('replace', 'Write ? for characters that the encoding does not have')}
      ${this.#renderCheck('escape', 'Put an apostrophe before text that a spreadsheet program would calculate')}
    </fieldset>`
  }

  #renderChoice(label: string, name: string, choices: Record<string, string>, chosen?: (value: string) => void): TemplateResult {
    const onChange = ({ target }: Event): void => chosen?.((target as HTMLSelectElement).value)
    return html`<label>${label} <select name=${name} @change=${onChange}>
      ${Object.entries(choices).map(([value, text]) => html`<option value=${value}>${text}</option>`)}
    </select></label>`
  }

  #renderCheck(name: string, text: string): TemplateResult {
    return html`<label class="check"><input type="checkbox" name=${name} /> ${text}</label>`
  }
}

customElements.define('headway-dataset-export', DatasetExport)
