/** `<headway-recipe-keep>`: keeps steps under a name, or as the next version of a kept recipe. Dispatches `kept` with it. */

import { html, LitElement, nothing, type TemplateResult } from 'lit'

import { changeRecipe, isKept, type Recipe, saveRecipe, type Step } from './recipe-api.ts'
import { sidesStyles } from './sides-styles.ts'
import { sayError } from './say-error.ts'

class RecipeKeep extends LitElement {
  static override styles = sidesStyles
  static override properties = {
    steps: { attribute: false },
    kept: { attribute: false },
    blocked: { type: Boolean },
    name: { state: true },
    problem: { state: true },
    isBusy: { state: true },
  }
  declare steps: readonly Step[]
  /** The recipe that the steps come from, if any. */
  declare kept: Recipe | null
  declare blocked: boolean
  declare name: string
  declare problem: string
  declare isBusy: boolean

  constructor() {
    super()
    this.steps = []
    this.kept = null
    this.blocked = false
    this.name = ''
    this.problem = ''
    this.isBusy = false
  }

  override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('kept') && this.kept) this.name = this.kept.name
  }

  async #keep(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const name = this.name.trim()
    if (!name || this.isBusy || this.blocked) return
    this.isBusy = true
    try {
      const kept = this.kept?.name === name ? await changeRecipe(this.kept.id, name, this.steps) : await saveRecipe(name, this.steps)
      this.dispatchEvent(new CustomEvent<Recipe>('kept', { detail: kept }))
      this.problem = ''
    } catch (error) {
      this.problem = sayError(error)
    }
    this.isBusy = false
  }

  override render(): TemplateResult {
    const { kept } = this
    const isSame = kept?.name === this.name.trim()
    const isDone = kept !== null && isSame && isKept(this.steps, kept)
    return html`<form @submit=${this.#keep}><fieldset>
      <legend>Keep for the next file</legend>
      <label>Name <input class="wide" required maxlength="200" autocomplete="off" .value=${this.name} @input=${(event: Event) => (this.name = (event.target as HTMLInputElement).value)} /></label>
      ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
      ${isDone ? html`<p class="muted">Kept as version ${kept.version} of ${kept.name}.</p>` : nothing}
      <div class="bar">
        <button aria-disabled=${isDone || this.blocked ? 'true' : nothing}>${kept && isSame && !isDone ? `Keep as version ${kept.version + 1}` : 'Keep the recipe'}</button>
      </div>
    </fieldset></form>`
  }
}

customElements.define('headway-recipe-keep', RecipeKeep)
