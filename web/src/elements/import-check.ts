/**
 * `<headway-import-check>`: a file that is looked at before it is imported: how it is read, what becomes of rows that do
 * not fit, and where it goes. Dispatches `headway-import` with the options; nothing waits for the look itself.
 */

import { css, html, LitElement, type PropertyValues, type TemplateResult } from 'lit'

import { type Look, lookAtFile, type ReadingOptions } from '../client/reading-api.ts'
import { controlStyles } from './control-styles.ts'
import './headway-reading.ts'
import './import-target.ts'
import { cleaned } from './reading.ts'

const POLICIES = {
  quarantine: ['Skip and report them', 'Good rows become the dataset; the others wait beside it to be corrected.'],
  fail: ['Stop', 'Nothing is imported if a row does not fit.'],
  text: ['Keep the column as text', 'Where values are not of the type that you chose.'],
} as const

class ImportCheck extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 1rem;
      }
      /* What to do stays in view, however long there is to look. */
      .act {
        position: sticky;
        inset-block-start: 0;
        z-index: 1;
        padding-block: 0.4rem;
        background: var(--bg);
      }
      fieldset {
        display: grid;
        gap: 0.25rem;
        min-inline-size: 0;
        margin: 0;
        padding: 0.5rem 0.75rem 0.75rem;
        border: 1px solid var(--line);
        border-radius: 8px;
      }
      legend {
        padding-inline: 0.25rem;
        font-weight: 600;
      }
      label {
        display: flex;
        gap: 0.5rem;
        align-items: baseline;
        min-block-size: 24px;
      }
      input[type='radio'] {
        flex: none;
        min-block-size: 0;
        margin: 0;
        accent-color: var(--accent);
      }
    `,
  ]
  static override properties = {
    file: { attribute: false },
    options: { state: true },
    target: { state: true },
  }
  declare file: File
  declare options: ReadingOptions
  /** Where it goes, as import options. */
  declare target: ReadingOptions

  #look: Look | null = null

  constructor() {
    super()
    this.options = {}
    this.target = {}
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('file')) this.#look = lookAtFile(this.file)
  }

  #import(): void {
    const detail = cleaned({ ...this.options, ...this.target })
    this.dispatchEvent(new CustomEvent('headway-import', { detail }))
  }

  /** Ctrl or Cmd with Enter confirms from wherever one is. */
  #onKey(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    this.#import()
  }

  override render(): TemplateResult {
    const { name } = this.file
    return html`<div class="bar act" @keydown=${this.#onKey}>
        <button class="primary" aria-label="Import ${name}" @click=${this.#import}>Import</button>
        <button aria-label="Remove ${name} from this list" @click=${() => this.dispatchEvent(new Event('headway-remove'))}>Remove</button>
      </div>
      <headway-reading
        .look=${this.#look}
        .options=${this.options}
        @headway-options=${({ detail }: CustomEvent<ReadingOptions>) => (this.options = detail)}
        @keydown=${this.#onKey}
      ></headway-reading>
      ${this.#renderPolicies()}
      <headway-import-target
        .fileName=${name}
        @headway-target=${({ detail }: CustomEvent<ReadingOptions>) => (this.target = detail)}
      ></headway-import-target>`
  }

  #renderPolicies(): TemplateResult {
    const chosen = this.options['bad_rows'] ?? 'quarantine'
    return html`<fieldset>
      <legend>Rows that do not fit</legend>
      ${Object.entries(POLICIES).map(
        ([policy, [word, effect]]) => html`<label>
          <input
            type="radio"
            name="bad_rows"
            .checked=${policy === chosen}
            @change=${() => (this.options = { ...this.options, bad_rows: policy })}
          />
          <span>${word} <span class="muted">${effect}</span></span>
        </label>`,
      )}
    </fieldset>`
  }
}

customElements.define('headway-import-check', ImportCheck)
