/**
 * `<headway-recipe-step>`: one step of a recipe, as a form where it has one, and as JSON where not. Dispatches
 * `step-change` with the other step.
 */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import type { Dataset } from '../../client/types.ts'
import { fieldStyles } from '../../elements/field-styles.ts'
import { type Columns, formField } from './form-fields.ts'
import { withMember } from './form-kinds.ts'
import { formStyles } from './form-styles.ts'
import type { Step } from './recipe-api.ts'
import { hasForm, kindOf } from './recipe-kinds.ts'
import { ownFields } from './recipe-own.ts'

class RecipeStep extends LitElement {
  static override styles = [
    fieldStyles,
    formStyles,
    css`
      textarea {
        min-block-size: 9rem;
      }
    `,
  ]
  static override properties = {
    step: { attribute: false },
    columns: { attribute: false },
    tables: { attribute: false },
    isJson: { state: true },
    problem: { state: true },
  }
  declare step: Step
  /** What there is before the step. */
  declare columns: Columns
  /** Datasets that could be joined. */
  declare tables: readonly Dataset[]
  declare isJson: boolean
  declare problem: string

  constructor() {
    super()
    this.step = { step: '' }
    this.columns = { items: [], leftOut: 0 }
    this.tables = []
    this.isJson = false
    this.problem = ''
  }

  #change(step: Step): void {
    this.dispatchEvent(new CustomEvent<Step>('step-change', { detail: step }))
  }

  override render(): TemplateResult {
    const isForm = hasForm(this.step)
    if (this.isJson || !isForm)
      return html`${this.#renderJson()} ${isForm ? html`<button class="link" @click=${() => (this.isJson = false)}>As a form</button>` : nothing}`
    const { step, columns, tables } = this
    return html`${ownFields({ step, columns, tables, change: (other) => this.#change(other) })}
      ${kindOf(step)?.fields.map((field) => formField(field, step[field.name], columns, (value) => this.#change(withMember(step, field.name, value))))}
      <button class="link" @click=${() => (this.isJson = true)}>As JSON</button>`
  }

  // ------------------------------------------------------------------ as JSON

  #renderJson(): TemplateResult {
    return html`<label class="field">The step as JSON
        <textarea spellcheck="false" aria-invalid=${this.problem !== ''} @change=${this.#readJson} .value=${JSON.stringify(this.step, null, 2)}></textarea></label>
      ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}`
  }

  #readJson(event: Event): void {
    try {
      const step = JSON.parse((event.target as HTMLTextAreaElement).value) as Step | null
      if (typeof step?.step !== 'string') throw new SyntaxError('it has no member "step"')
      this.problem = ''
      this.#change(step)
    } catch (error) {
      this.problem = `This is no step: ${(error as Error).message}.`
    }
  }
}

customElements.define('headway-recipe-step', RecipeStep)
