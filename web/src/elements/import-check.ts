/**
 * `<headway-import-check>`: a file that is looked at before it is imported: how it is read, what becomes of rows that do
 * not fit, and where it goes. Dispatches `headway-import` with the options; nothing waits for the look itself.
 */

import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'

import { isGuest } from '../client/api.ts'
import { type Look, lookAtFile, type ReadingOptions } from '../client/reading-api.ts'
import { fieldStyles } from './field-styles.ts'
import type { Wrong } from './headway-reading.ts'
import './headway-reading.ts'
import './import-target.ts'
import { cleaned, isSeveral } from './reading.ts'
import { say, texts } from './say.ts'

const POLICIES = texts({
  quarantine: ['Skip and report them', 'Good rows become the dataset; the others wait beside it to be corrected.'],
  fail: ['Stop', 'Nothing is imported if a row does not fit.'],
  text: ['Keep the column as text', 'Where values are not of the type that you chose.'],
} as const)
/** Options that are chosen here and not in the reading. */
const OWN = ['bad_rows']

class ImportCheck extends LitElement {
  static override styles = [
    fieldStyles,
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
    `,
  ]
  static override properties = {
    file: { attribute: false },
    options: { state: true },
    target: { state: true },
    wrong: { state: true },
  }
  declare file: File
  declare options: ReadingOptions
  /** Where it goes, as import options. */
  declare target: ReadingOptions
  /** What is wrong with an option that is chosen here. */
  declare wrong: string

  #look: Look | null = null

  constructor() {
    super()
    this.options = {}
    this.target = {}
    this.wrong = ''
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('file')) this.#look = lookAtFile(this.file)
  }

  /** The server would refuse it, but only after the file was sent. */
  get #lacksKey(): boolean {
    return this.target['mode'] === 'upsert' && !(this.target['key'] as readonly string[]).length
  }

  #import(): void {
    if (this.#lacksKey) return
    const detail = cleaned({ ...this.options, ...this.target })
    this.dispatchEvent(new CustomEvent('headway-import', { detail }))
  }

  #onWrong(wrong: Wrong | null): void {
    this.wrong = wrong?.about.some((name) => OWN.includes(name)) ? wrong.said : ''
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
        <button class="primary" aria-label=${say('Import {name}', { name })} ?disabled=${this.#lacksKey} @click=${this.#import}>
          ${say('Import')}
        </button>
        <button
          aria-label=${say('Remove {name} from this list', { name })}
          @click=${() => this.dispatchEvent(new Event('headway-remove'))}
        >${say('Remove')}</button>
      </div>
      <headway-reading
        .look=${this.#look}
        .options=${this.options}
        .elsewhere=${OWN}
        @headway-options=${({ detail }: CustomEvent<ReadingOptions>) => (this.options = detail)}
        @headway-wrong=${({ detail }: CustomEvent<Wrong | null>) => this.#onWrong(detail)}
        @keydown=${this.#onKey}
      ></headway-reading>
      ${this.#renderPolicies()}
      ${
        // A token of a host's page shows no datasets to choose from.
        isGuest()
          ? nothing
          : html`<headway-import-target
              .fileName=${name}
              .several=${isSeveral(this.options)}
              @headway-target=${({ detail }: CustomEvent<ReadingOptions>) => (this.target = detail)}
            ></headway-import-target>`
      }`
  }

  #renderPolicies(): TemplateResult {
    const chosen = this.options['bad_rows'] ?? 'quarantine'
    return html`<fieldset>
      <legend>${say('Rows that do not fit')}</legend>
      ${Object.entries(POLICIES).map(
        ([policy, [word, effect]]) => html`<label>
          <input
            type="radio"
            name="bad_rows"
            .checked=${policy === chosen}
            @change=${() => (this.options = { ...this.options, bad_rows: policy })}
          />
          <span>${say(word)} <span class="muted">${say(effect)}</span></span>
        </label>`,
      )}
      ${this.wrong ? html`<p class="problem" role="alert">${this.wrong}</p>` : nothing}
    </fieldset>`
  }
}

customElements.define('headway-import-check', ImportCheck)
