/** `<headway-dataset-recipe>`: steps for a dataset, what they make of it at once, to be run and kept, and what made it. */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'

import type { Dataset } from '../../client/types.ts'
import { formatCount } from '../../elements/sizes.ts'
import { listNewest, type Newest } from './dataset-api.ts'
import './dataset-lineage.ts'
import { EditedList } from './edited-list.ts'
import { type Columns, selectField } from './form-fields.ts'
import { withMember } from './form-kinds.ts'
import './kept-choice.ts'
import { deleteRecipe, type Finding, listRecipes, lookAtSteps, type Recipe, type RecipeLook, type RunWish, type Step } from './recipe-api.ts'
import './recipe-keep.ts'
import { kindOf, missing, STEP_LABELS, stepLabel } from './recipe-kinds.ts'
import './recipe-look.ts'
import './recipe-run.ts'
import './recipe-step.ts'
import { sayError } from './say-error.ts'
import { sidesStyles } from './sides-styles.ts'
import { keepDraft, readDraft } from './tab-draft.ts'

const SETTLE_MILLISECONDS = 250

/** `ranOn` is the version that the steps were run on, to make the next one of it: of that, they are not meant. */
interface Draft {
  steps: readonly Step[]
  ranOn: number | null
}

const draftOf = ({ id }: Dataset): string => `recipe:${id}`

class DatasetRecipe extends LitElement {
  static override styles = sidesStyles
  static override properties = {
    shown: { attribute: false },
    look: { state: true },
    isLooking: { state: true },
    recipes: { state: true },
    kept: { state: true },
    tables: { state: true },
    adds: { state: true },
    refused: { state: true },
    problem: { state: true },
  }
  declare shown: Dataset | null
  declare look: RecipeLook | null
  declare isLooking: boolean
  declare recipes: readonly Recipe[]
  /** The recipe that the steps came from, or were kept as. */
  declare kept: Recipe | null
  /** Datasets that could be joined, once there is a step that asks. */
  declare tables: Newest | null
  /** The kind of step that is chosen to be added. */
  declare adds: string
  /** Why nothing could be looked at. */
  declare refused: string
  declare problem: string

  readonly #list = new EditedList<Step>(this, 'Step', () => this.#onList())
  #asked = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined
  /** The version that the steps as they are were run on, to make the next one of it. */
  #ranOn: number | null = null

  constructor() {
    super()
    this.shown = null
    this.look = null
    this.isLooking = false
    this.recipes = []
    this.kept = null
    this.tables = null
    this.adds = STEP_LABELS[0]?.[0] ?? ''
    this.refused = ''
    this.problem = ''
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#timer)
    this.#asked.abort()
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const { shown } = this
    const before = changed.get('shown')
    if (!changed.has('shown') || !shown || (before?.id === shown.id && before.version === shown.version)) return
    if (before?.id !== shown.id) {
      const draft = readDraft<Draft>(draftOf(shown))
      const isMeant = draft && (draft.ranOn === null || draft.ranOn === shown.version)
      this.#list.items = isMeant ? draft.steps : []
      this.#ranOn = isMeant ? draft.ranOn : null
      void this.#try(async () => (this.recipes = await listRecipes()))
    } else if (this.#ranOn === before.version) this.#list.set([], 'The steps have made the version that is shown now.')
    this.#lookSoon(0)
    void this.#loadTables()
  }

  #onList(): void {
    this.#keepDraft(null)
    this.#lookSoon(SETTLE_MILLISECONDS)
    void this.#loadTables()
  }

  async #loadTables(): Promise<void> {
    if (this.tables || !this.#list.items.some(({ step }) => step === 'join')) return
    await this.#try(async () => (this.tables = await listNewest()))
  }

  async #try(act: () => Promise<unknown>): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.problem = sayError(error)
    }
  }

  // ------------------------------------------------------------------ looking

  #lookSoon(milliseconds: number): void {
    clearTimeout(this.#timer)
    this.#asked.abort()
    this.isLooking = true
    this.#timer = setTimeout(() => void this.#look(), milliseconds)
  }

  /** Look at the steps before the first one that is not whole. */
  async #look(): Promise<void> {
    const { shown } = this
    if (!shown) return
    const { signal } = (this.#asked = new AbortController())
    const place = this.#list.items.findIndex((step) => missing(step))
    try {
      const look = await lookAtSteps(shown.id, shown.version, place < 0 ? this.#list.items : this.#list.items.slice(0, place), signal)
      if (signal.aborted) return
      this.look = look
      this.refused = ''
    } catch (error) {
      if (signal.aborted) return
      this.refused = sayError(error)
    }
    this.isLooking = false
  }

  /** What there is before a step: what the last one of those before it leaves that could be made. */
  #columnsBefore(place: number): Columns {
    const known = this.look?.steps.slice(0, place).at(-1)
    return known ? { items: known.columns, leftOut: known.columns_left_out } : { items: this.shown?.columns ?? [], leftOut: 0 }
  }

  /** Why the steps cannot be run as they are. */
  get #blocked(): string {
    const place = this.#list.items.findIndex((step) => missing(step))
    if (place >= 0) return `Step ${place + 1} still needs ${missing(this.#list.items[place] as Step)}.`
    const { look } = this
    if (this.refused || look?.problem) return 'What is wrong with the steps has to be mended first.'
    return look?.findings.some(({ blocks }) => blocks) ? 'What is marked has to be decided first.' : ''
  }

  // ------------------------------------------------------------------ steps

  #keepDraft(ranOn: number | null): void {
    this.#ranOn = ranOn
    if (this.shown) keepDraft<Draft>(draftOf(this.shown), this.#list.items.length ? { steps: this.#list.items, ranOn } : null)
  }

  #add(event: SubmitEvent): void {
    event.preventDefault()
    const step = kindOf({ step: this.adds })?.begin(this.#columnsBefore(this.#list.items.length).items)
    if (step) this.#list.add(step)
  }

  #accept({ detail }: CustomEvent<Finding>): void {
    const place = detail.step - 1
    const step = this.#list.items[place]
    if (!step) return
    this.#list.replace(place, detail.code === 'recipe.ambiguous_join' ? withMember(step, 'several', 'repeat') : withMember(step, 'accept_loss', true))
    this.#list.focus(detail.step)
  }

  // ------------------------------------------------------------------ recipes

  #use({ detail }: CustomEvent<Recipe>): void {
    this.kept = detail
    this.#list.takeAway(detail.steps, `The steps of ${detail.name} are here.`)
  }

  async #onKept({ detail }: CustomEvent<Recipe>): Promise<void> {
    this.kept = detail
    // As the server has them, so that they are known again.
    this.#list.set(detail.steps, `${detail.name} is kept as version ${detail.version}.`)
    await this.#try(async () => (this.recipes = await listRecipes()))
  }

  async #onDeleted({ detail }: CustomEvent<Recipe>): Promise<void> {
    if (this.kept?.id === detail.id) this.kept = null
    this.#list.say(`${detail.name} is deleted.`)
    this.#list.focus('steps')
    await this.#try(async () => (this.recipes = await listRecipes()))
  }

  #onLineage({ detail }: CustomEvent<Step[]>): void {
    this.kept = null
    this.#list.takeAway(detail, 'The steps are here.')
    this.#list.focus('steps')
  }

  // ------------------------------------------------------------------ rendering

  override render(): TemplateResult {
    const { shown, kept } = this
    const steps = this.#list.items
    return html`<div class="stack">
      ${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : nothing}
      ${this.refused ? html`<p class="error" role="alert">${this.refused} <button @click=${() => this.#lookSoon(0)}>Retry</button></p>` : nothing}
      <div class="sides">
        <div class="stack">
          ${this.#renderSteps()}
          <headway-recipe-run
            .shown=${shown} .steps=${steps} .kept=${kept} .blocked=${this.#blocked}
            @begun=${({ detail }: CustomEvent<RunWish>) => this.#keepDraft(detail.into === 'version' ? (shown?.version ?? null) : null)}
          ></headway-recipe-run>
          ${steps.length ? html`<headway-recipe-keep .steps=${steps} .kept=${kept} ?blocked=${steps.some((step) => missing(step))} @kept=${this.#onKept}></headway-recipe-keep>` : nothing}
        </div>
        <div class="stack watch">
          <h2>What comes of it ${this.isLooking && this.look ? html`<span class="muted late">Looking…</span>` : nothing}</h2>
          <headway-recipe-look .look=${this.look} .isBusy=${this.isLooking} @accept=${this.#accept}></headway-recipe-look>
        </div>
      </div>
      <headway-dataset-lineage .shown=${shown} @take=${this.#onLineage}></headway-dataset-lineage>
    </div>`
  }

  #renderSteps(): TemplateResult {
    return html`<h2 id="steps" tabindex="-1">Steps</h2>
      ${this.#list.items.length ? nothing : html`<p class="muted">Steps make another table of this one. Nothing changes before you run them.</p>`}
      ${this.recipes.length ? this.#renderKept() : nothing}
      ${this.#list.renderSaid()}
      <ol aria-label="Steps">${this.#list.items.map((step, place) => this.#renderStep(step, place))}</ol>
      <form class="bar add" @submit=${this.#add}>
        ${selectField('Add a step', STEP_LABELS, this.adds, (kind) => (this.adds = kind))} <button>Add</button>
      </form>`
  }

  #renderKept(): TemplateResult {
    return html`<headway-kept-choice
      what="recipe" .items=${this.recipes} .forget=${deleteRecipe} @take=${this.#use} @deleted=${this.#onDeleted}
    ></headway-kept-choice>`
  }

  #renderStep(step: Step, place: number): TemplateResult {
    const number = place + 1
    const needs = missing(step)
    const problem = needs ? `It still needs ${needs}.` : this.look?.problem?.step === number ? this.look.problem.detail : ''
    return html`<li><fieldset>
      <legend id=${`item-${number}`} tabindex="-1">${number}. ${stepLabel(step)}</legend>
      ${this.#renderDone(place)}
      ${problem ? html`<p class=${needs ? 'muted' : 'problem'}>${problem}</p>` : nothing}
      <headway-recipe-step
        .step=${step} .columns=${this.#columnsBefore(place)} .tables=${this.tables?.items ?? []}
        @step-change=${({ detail }: CustomEvent<Step>) => this.#list.replace(place, detail)}
      ></headway-recipe-step>
      ${step.step === 'join' && this.tables?.more ? html`<p class="muted">The newest ${formatCount(this.tables.items.length)} datasets are listed. Others can be named by their id in the JSON.</p>` : nothing}
      <div class="bar">
        <button ?disabled=${place === 0} aria-label="Move step ${number} up" @click=${() => this.#list.move(place, place - 1)}>Up</button>
        <button ?disabled=${number === this.#list.items.length} aria-label="Move step ${number} down" @click=${() => this.#list.move(place, number)}>Down</button>
        <button aria-label="Remove step ${number}" @click=${() => this.#list.remove(place)}>Remove</button>
      </div>
    </fieldset></li>`
  }

  /** What a step does to the rows that were looked at, where it leaves more or fewer. */
  #renderDone(place: number): TemplateResult | typeof nothing {
    const done = this.look?.steps[place]
    if (!done || done.rows_before === done.rows_after || done.step !== this.#list.items[place]?.step) return nothing
    const of = this.look?.is_sample ? 'rows of the sample' : 'rows'
    return html`<p class="muted">${formatCount(done.rows_before)} ${of} become ${formatCount(done.rows_after)}.</p>`
  }
}

customElements.define('headway-dataset-recipe', DatasetRecipe)
