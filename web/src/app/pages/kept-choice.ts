/**
 * `<headway-kept-choice>`: recipes or rule sets that are kept, one of which may be used or deleted. Dispatches `take` and
 * `deleted` with it.
 */

import { html, LitElement, nothing, type TemplateResult } from 'lit'

import { sidesStyles } from './sides-styles.ts'
import { selectField } from './form-fields.ts'
import { sayError } from './say-error.ts'

/** What is kept under a name, in versions. */
export interface Kept {
  id: string
  name: string
  version: number
}

class KeptChoice extends LitElement {
  static override styles = sidesStyles
  static override properties = {
    what: {},
    items: { attribute: false },
    forget: { attribute: false },
    chosen: { state: true },
    isAsking: { state: true },
    problem: { state: true },
  }
  /** What they are: "recipe". */
  declare what: string
  declare items: readonly Kept[]
  declare forget: (id: string) => Promise<void>
  declare chosen: string
  /** Whether it is to be deleted, once that is confirmed. */
  declare isAsking: boolean
  declare problem: string

  constructor() {
    super()
    this.what = ''
    this.items = []
    this.forget = () => Promise.resolve()
    this.chosen = ''
    this.isAsking = false
    this.problem = ''
  }

  get #kept(): Kept | undefined {
    return this.items.find(({ id }) => id === this.chosen) ?? this.items[0]
  }

  #choose(id: string): void {
    this.chosen = id
    this.isAsking = false
  }

  #tell(name: 'take' | 'deleted', kept: Kept): void {
    this.dispatchEvent(new CustomEvent<Kept>(name, { detail: kept }))
  }

  async #ask(isAsking: boolean): Promise<void> {
    this.isAsking = isAsking
    await this.updateComplete
    this.renderRoot.querySelector<HTMLElement>(isAsking ? '#stay' : '#delete')?.focus()
  }

  async #delete(kept: Kept): Promise<void> {
    try {
      await this.forget(kept.id)
      this.isAsking = false
      this.problem = ''
      this.#tell('deleted', kept)
    } catch (error) {
      this.problem = sayError(error)
    }
  }

  override render(): TemplateResult | typeof nothing {
    const kept = this.#kept
    if (!kept) return nothing
    return html`<div class="stack">
      <div class="bar add">
        ${selectField(`Kept ${this.what}`, this.items.map(({ id, name, version }) => [id, `${name} (version ${version})`]), kept.id, (id) => this.#choose(id))}
        <button @click=${() => this.#tell('take', kept)}>Use it</button>
        <button id="delete" aria-label="Delete the ${this.what} ${kept.name}" @click=${() => this.#ask(true)}>Delete</button>
      </div>
      ${this.isAsking ? this.#renderAsking(kept) : nothing}
      ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
    </div>`
  }

  #renderAsking(kept: Kept): TemplateResult {
    return html`<div class="mark" role="group" aria-label=${`Delete ${kept.name}?`}>
      <p>Delete the ${this.what} <strong>${kept.name}</strong> with all its versions? What came of it stays as it is.</p>
      <div class="bar">
        <button @click=${() => this.#delete(kept)}>Delete all versions</button>
        <button id="stay" @click=${() => this.#ask(false)}>Keep it</button>
      </div>
    </div>`
  }
}

customElements.define('headway-kept-choice', KeptChoice)
