/** `<headway-import-target>`: where a file goes. Dispatches `headway-target` with the import options that say so. */

import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'

import { request } from '../client/api.ts'
import type { ReadingOptions } from '../client/reading-api.ts'
import type { Dataset, Page } from '../client/types.ts'
import { fieldStyles } from './field-styles.ts'
import { say, texts } from './say.ts'
import { plural } from './sizes.ts'

const MODES = texts({
  append: ['Add its rows', 'at the end of those that are there'],
  upsert: ['Update by key', 'rows whose key is known are updated, the others added'],
  replace: ['Replace all rows', 'by those of the file'],
} as const)

type Mode = keyof typeof MODES
type RuleSet = Readonly<{ id: string; name: string }>

class ImportTarget extends LitElement {
  static override styles = [
    fieldStyles,
    css`
      fieldset fieldset {
        padding-block-end: 0.5rem;
      }
    `,
  ]
  static override properties = {
    fileName: { attribute: false },
    several: { attribute: false },
    datasets: { state: true },
    ruleSets: { state: true },
    ruleSet: { state: true },
    problem: { state: true },
    into: { state: true },
    mode: { state: true },
    key: { state: true },
  }
  declare fileName: string
  /** Whether the file becomes several datasets, which cannot go into one that is there. */
  declare several: boolean
  /** Asked for once somebody wants one of them. */
  declare datasets: readonly Dataset[] | null
  /** Those that are kept; without any, nothing is asked. */
  declare ruleSets: readonly RuleSet[]
  /** The id of the one that checks the new dataset, or empty. */
  declare ruleSet: string
  declare problem: string
  declare into: Dataset | null
  declare mode: Mode
  declare key: readonly string[]

  constructor() {
    super()
    this.fileName = ''
    this.several = false
    this.datasets = null
    this.ruleSets = []
    this.ruleSet = ''
    this.problem = ''
    this.into = null
    this.mode = 'append'
    this.key = []
  }

  override connectedCallback(): void {
    super.connectedCallback()
    // A look ahead that fails is no trouble of the import's: it only leaves a choice out.
    void request<Page<RuleSet>>('GET', '/rule-sets?limit=100').then(
      ({ items }) => (this.ruleSets = items),
      () => undefined,
    )
  }

  override updated(changed: PropertyValues<this>): void {
    if (changed.has('several') && this.several && this.into) this.#chooseNew()
  }

  async #chooseExisting(): Promise<void> {
    try {
      this.datasets ??= (await request<Page<Dataset>>('GET', '/datasets?limit=100')).items
      this.into = this.datasets[0] ?? null
      this.problem = this.into ? '' : say('You have no dataset yet.')
    } catch {
      this.problem = say('The datasets could not be listed. Choose this again.')
    }
    this.#tell()
  }

  #chooseNew(): void {
    this.into = null
    this.#tell()
  }

  #chooseDataset(event: Event): void {
    const { value } = event.target as HTMLSelectElement
    this.into = this.datasets?.find(({ id }) => id === value) ?? null
    this.key = []
    this.#tell()
  }

  #chooseKey(name: string, isChosen: boolean): void {
    this.key = isChosen ? [...this.key, name] : this.key.filter((each) => each !== name)
    this.#tell()
  }

  /** What would change is looked at before it does: `apply` is false. */
  #tell(): void {
    const { into, mode, key, ruleSet } = this
    const how = mode === 'upsert' ? { mode, key } : { mode }
    const checked = ruleSet ? { rule_set: ruleSet } : {}
    const detail: ReadingOptions = into ? { into: into.id, apply: false, ...how } : checked
    this.dispatchEvent(new CustomEvent('headway-target', { detail }))
  }

  override render(): TemplateResult {
    const { several } = this
    const named = several ? say('named after the tables') : say('named after the file')
    const changes = several ? say('takes one table; you have chosen several') : say('what would change is shown before it does')
    return html`<fieldset>
      <legend>${say('Where it goes')}</legend>
      <label>
        <input type="radio" name="where" .checked=${!this.into} @change=${this.#chooseNew} />
        <span>${several ? say('New datasets') : say('A new dataset')} <span class="muted">${named}</span></span>
      </label>
      <label>
        <input type="radio" name="where" .checked=${this.into !== null} ?disabled=${several} @change=${this.#chooseExisting} />
        <span>${say('A dataset that is there')} <span class="muted">${changes}</span></span>
      </label>
      ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
      ${this.into ? this.#renderInto(this.into) : this.ruleSets.length ? this.#renderCheck() : nothing}
    </fieldset>`
  }

  #renderCheck(): TemplateResult {
    const choose = (event: Event): void => {
      this.ruleSet = (event.target as HTMLSelectElement).value
      this.#tell()
    }
    return html`<label>
      ${say('Check it by')}
      <select @change=${choose}>
        <option value="" .selected=${!this.ruleSet}>${say('no rules')}</option>
        ${this.ruleSets.map(({ id, name }) => html`<option value=${id} .selected=${id === this.ruleSet}>${name}</option>`)}
      </select>
    </label>`
  }

  #renderInto(into: Dataset): TemplateResult {
    return html`<label>
        ${say('Dataset')}
        <select @change=${this.#chooseDataset}>
          ${this.datasets?.map(
            (each) => html`<option value=${each.id} .selected=${each.id === into.id}>${each.name} (${plural(each.rows, 'row', 'rows')})</option>`,
          )}
        </select>
      </label>
      ${(Object.keys(MODES) as Mode[]).map((mode) => this.#renderMode(mode))}
      ${this.mode === 'upsert' ? this.#renderKey(into) : nothing}`
  }

  #renderMode(mode: Mode): TemplateResult {
    const [word, effect] = MODES[mode]
    const choose = (): void => {
      this.mode = mode
      this.#tell()
    }
    return html`<label>
      <input type="radio" name="mode" .checked=${mode === this.mode} @change=${choose} />
      <span>${say(word)} <span class="muted">${say(effect)}</span></span>
    </label>`
  }

  #renderKey(into: Dataset): TemplateResult {
    return html`<fieldset>
      <legend>${say('Key columns')}</legend>
      ${into.columns.slice(0, 100).map(
        ({ name }) => html`<label>
          <input
            type="checkbox"
            .checked=${this.key.includes(name)}
            @change=${(event: Event) => this.#chooseKey(name, (event.target as HTMLInputElement).checked)}
          />
          ${name}
        </label>`,
      )}
      ${
        this.key.length
          ? nothing
          : html`<p class="problem" role="alert">
              ${say('Choose the columns by which a row is known. Without one, nothing can be updated.')}
            </p>`
      }
    </fieldset>`
  }
}

customElements.define('headway-import-target', ImportTarget)
