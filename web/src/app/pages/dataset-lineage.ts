/** `<headway-dataset-lineage>`: the files and recipes that made what a dataset shows. Dispatches `take` with the steps of one. */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'

import type { Dataset } from '../../client/types.ts'
import { sayAction } from './change-words.ts'
import { getLineage, type LineageItem, type Step } from './recipe-api.ts'
import { stepLabel } from './recipe-kinds.ts'
import { sidesStyles } from './sides-styles.ts'
import { sayError } from './say-error.ts'

class DatasetLineage extends LitElement {
  static override styles = sidesStyles
  static override properties = { shown: { attribute: false }, items: { state: true }, problem: { state: true } }
  declare shown: Dataset | null
  declare items: readonly LineageItem[]
  declare problem: string

  constructor() {
    super()
    this.shown = null
    this.items = []
    this.problem = ''
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get('shown')
    if (changed.has('shown') && (before?.id !== this.shown?.id || before?.version !== this.shown?.version)) void this.#load()
  }

  async #load(): Promise<void> {
    const { shown } = this
    if (!shown) return
    try {
      this.items = await getLineage(shown.id, shown.version)
      this.problem = ''
    } catch (error) {
      this.problem = sayError(error)
    }
  }

  override render(): TemplateResult {
    return html`<div class="stack">
      <h2 id="title">What made this version</h2>
      ${this.problem ? html`<p class="error" role="alert">${this.problem} <button @click=${() => this.#load()}>Retry</button></p>` : nothing}
      <ol aria-labelledby="title">${this.items.map((item) => html`<li class="mark calm">${this.#renderItem(item)}</li>`)}</ol>
    </div>`
  }

  #renderItem({ action, file, recipe, steps, inputs, findings }: LineageItem): TemplateResult {
    if (!recipe) return html`<p>${sayAction(action)}: <strong>${file?.file_name ?? ''}</strong></p>`
    const [base, ...joined] = inputs
    const linked = (input: LineageItem['inputs'][number]): TemplateResult => html`<a href="/datasets/${input.dataset_id}">${input.name}</a>, version ${input.version}`
    return html`<p><strong>${recipe.name}</strong>${recipe.version ? `, version ${recipe.version}` : nothing}: ${steps.map(stepLabel).join(', ')}</p>
      <p class="muted">Of ${base ? linked(base) : nothing}${joined.map((input) => html`, joined with ${linked(input)}`)}</p>
      ${findings.map(({ step, message }) => html`<p class="muted">Accepted in step ${step}: ${message}</p>`)}
      <div class="bar"><button class="link" @click=${() => this.#take(steps)}>Use these steps</button></div>`
  }

  #take(steps: Step[]): void {
    this.dispatchEvent(new CustomEvent<Step[]>('take', { detail: steps }))
  }
}

customElements.define('headway-dataset-lineage', DatasetLineage)
