/** `<headway-dataset-check>`: rules for the rows of a dataset, kept under a name, beside what checks have found. */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'

import { ApiError } from '../../client/api.ts'
import type { Dataset, Job } from '../../client/types.ts'
import { formatCount } from '../../elements/sizes.ts'
import type { Reword } from './check-report.ts'
import './check-results.ts'
import { listNewest, type Newest } from './dataset-api.ts'
import { EditedList } from './edited-list.ts'
import { selectField } from './form-fields.ts'
import './kept-choice.ts'
import type { Kept } from './kept-choice.ts'
import { checkDataset, deleteRuleSet, getRuleSet, keepRules, listRuleSets, type Rule, type RuleSet } from './rule-api.ts'
import './rule-form.ts'
import { beginRule, columnsOf, patched, RULE_LABELS, ruleLabel, ruleNeeds } from './rule-kinds.ts'
import './rule-schema.ts'
import { sayError } from './say-error.ts'
import { sidesStyles } from './sides-styles.ts'
import { keepDraft, readDraft } from './tab-draft.ts'

interface Draft {
  rules: readonly Rule[]
  kept: RuleSet | null
  name: string
}

const draftOf = ({ id }: Dataset): string => `check:${id}`

class DatasetCheck extends LitElement {
  static override styles = sidesStyles
  static override properties = {
    shown: { attribute: false },
    kept: { state: true },
    name: { state: true },
    sets: { state: true },
    tables: { state: true },
    adds: { state: true },
    begun: { state: true },
    wrong: { state: true },
    problem: { state: true },
    isBusy: { state: true },
  }
  declare shown: Dataset | null
  /** The rule set that the rules come from, if any. */
  declare kept: RuleSet | null
  declare name: string
  declare sets: readonly Kept[]
  /** Datasets that a rule could refer to, once there is one that asks. */
  declare tables: Newest | null
  /** The kind of rule that is chosen to be added. */
  declare adds: string
  /** The check that was begun last. */
  declare begun: Job | null
  /** The rule that the server refused, and why. */
  declare wrong: { place: number; why: string } | null
  declare problem: string
  declare isBusy: boolean

  readonly #list = new EditedList<Rule>(this, 'Rule', () => this.#onList())

  constructor() {
    super()
    this.shown = null
    this.kept = null
    this.name = ''
    this.sets = []
    this.tables = null
    this.adds = RULE_LABELS[0]?.[0] ?? ''
    this.begun = null
    this.wrong = null
    this.problem = ''
    this.isBusy = false
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const { shown } = this
    if (!changed.has('shown') || !shown || changed.get('shown')?.id === shown.id) return
    const draft = readDraft<Draft>(draftOf(shown))
    this.#list.items = draft?.rules ?? []
    this.kept = draft?.kept ?? null
    this.name = draft?.name ?? shown.name
    void this.#try(async () => (this.sets = await listRuleSets()))
    void this.#loadTables()
  }

  #onList(): void {
    this.wrong = null
    this.#keepDraft()
    void this.#loadTables()
  }

  async #loadTables(): Promise<void> {
    if (this.tables || !this.#list.items.some(({ rule }) => rule === 'reference')) return
    await this.#try(async () => (this.tables = await listNewest()))
  }

  async #try(act: () => Promise<unknown>): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.problem = sayError(error)
      this.wrong = refused(error)
    }
  }

  // ------------------------------------------------------------------ checking

  async #check(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const { shown } = this
    if (!shown || this.isBusy || this.#blocked) return
    this.isBusy = true
    this.problem = ''
    this.wrong = null
    await this.#try(async () => {
      const kept = this.#isKept ? this.kept : await keepRules(this.name.trim(), this.#list.items, this.kept)
      if (!kept) return
      const isNew = kept !== this.kept
      this.kept = kept
      // As the server has them, so that they are known again.
      if (isNew) this.#list.set(kept.rules, `${kept.name} is kept as version ${kept.version}.`)
      if (isNew) this.sets = await listRuleSets()
      this.begun = await checkDataset(shown.id, shown.version, kept)
    })
    this.isBusy = false
  }

  get #isKept(): boolean {
    return this.kept !== null && this.kept.name === this.name.trim() && JSON.stringify(this.#list.items) === JSON.stringify(this.kept.rules)
  }

  /** Why nothing can be checked yet. */
  get #blocked(): string {
    const place = this.#list.items.findIndex((rule) => ruleNeeds(rule))
    return place < 0 ? '' : `Rule ${place + 1} still needs ${ruleNeeds(this.#list.items[place] as Rule)}.`
  }

  // ------------------------------------------------------------------ rules

  #keepDraft(): void {
    const { kept, name } = this
    const rules = this.#list.items
    if (this.shown) keepDraft<Draft>(draftOf(this.shown), rules.length ? { rules, kept, name } : null)
  }

  #add(event: SubmitEvent): void {
    event.preventDefault()
    const rule = beginRule(this.adds, this.shown?.columns ?? [])
    if (rule) this.#list.add(rule)
  }

  async #use({ detail }: CustomEvent<Kept>): Promise<void> {
    this.problem = ''
    await this.#try(async () => {
      this.kept = await getRuleSet(detail.id)
      this.name = this.kept.name
      if (!this.sets.some(({ id }) => id === detail.id)) this.sets = await listRuleSets()
      this.#list.takeAway(this.kept.rules, `The rules of ${this.kept.name} are here.`)
    })
  }

  async #onDeleted({ detail }: CustomEvent<Kept>): Promise<void> {
    if (this.kept?.id === detail.id) this.kept = null
    this.#list.say(`${detail.name} is deleted.`)
    this.#keepDraft()
    this.#list.focus('rules')
    await this.#try(async () => (this.sets = await listRuleSets()))
  }

  /** Word a rule of the report otherwise. Where other rules are at hand, those of the report come back. */
  #reword({ detail: { rules, place, suggestion } }: CustomEvent<Reword>): void {
    const here = JSON.stringify(this.#list.items[place]) === JSON.stringify(rules[place]) ? this.#list.items : rules
    const said = `Rule ${place + 1}: ${suggestion.label}. Check again to see what it does.`
    this.#list.takeAway(here.map((rule, at) => (at === place ? patched(rule, suggestion.patch) : rule)), said)
    this.#list.focus(place + 1)
  }

  // ------------------------------------------------------------------ rendering

  override render(): TemplateResult {
    return html`<div class="stack">
      ${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : nothing}
      <div class="sides">
        <div class="stack">${this.#renderRules()} ${this.#list.items.length ? this.#renderForm() : nothing}</div>
        <headway-check-results .shown=${this.shown} .begun=${this.begun} @reword=${this.#reword}></headway-check-results>
      </div>
    </div>`
  }

  #renderRules(): TemplateResult {
    return html`<h2 id="rules" tabindex="-1">Rules</h2>
      ${this.#list.items.length ? nothing : html`<p class="muted">Rules say what every row has to be like. A check tells which rows are not, and changes nothing.</p>`}
      ${this.sets.length ? this.#renderKept() : nothing}
      <headway-rule-schema .kept=${this.kept} .sets=${this.sets} @take=${this.#use}></headway-rule-schema>
      ${this.#list.renderSaid()}
      <ol aria-label="Rules">${this.#list.items.map((rule, place) => this.#renderRule(rule, place))}</ol>
      <form class="bar add" @submit=${this.#add}>
        ${selectField('Add a rule', RULE_LABELS, this.adds, (kind) => (this.adds = kind))} <button>Add</button>
      </form>`
  }

  #renderKept(): TemplateResult {
    return html`<headway-kept-choice
      what="rule set" .items=${this.sets} .forget=${deleteRuleSet} @take=${this.#use} @deleted=${this.#onDeleted}
    ></headway-kept-choice>`
  }

  #renderRule(rule: Rule, place: number): TemplateResult {
    const number = place + 1
    const needs = ruleNeeds(rule)
    return html`<li><fieldset>
      <legend id=${`item-${number}`} tabindex="-1">${number}. ${ruleLabel(rule)}</legend>
      ${needs ? html`<p class="muted">It still needs ${needs}.</p>` : nothing}
      ${this.wrong?.place === place ? html`<p class="problem">${this.wrong.why}</p>` : nothing}
      <headway-rule
        .rule=${rule} .columns=${{ items: this.shown?.columns ?? [], leftOut: 0 }} .tables=${this.tables?.items ?? []}
        @rule-change=${({ detail }: CustomEvent<Rule>) => this.#list.replace(place, detail)}
      ></headway-rule>
      ${rule.rule === 'reference' && this.tables?.more ? html`<p class="muted">The newest ${formatCount(this.tables.items.length)} datasets are listed.</p>` : nothing}
      <div class="bar"><button aria-label="Remove rule ${number}, ${columnsOf(rule)}" @click=${() => this.#list.remove(place)}>Remove</button></div>
    </fieldset></li>`
  }

  #renderForm(): TemplateResult {
    const { kept, name } = this
    const version = this.#isKept ? kept?.version : kept?.name === name.trim() ? kept.version + 1 : 1
    const blocked = this.#blocked
    return html`<form @submit=${this.#check}><fieldset>
      <legend>Check all rows</legend>
      <label>Keep as <input class="wide" required maxlength="200" autocomplete="off" .value=${name} @input=${this.#onName} /></label>
      <p class="muted">${this.#isKept ? 'Kept as' : 'Will be kept as'} version ${version}.</p>
      ${blocked ? html`<p class="muted" id="why">${blocked}</p>` : nothing}
      <div class="bar">
        <button class="primary" aria-disabled=${blocked || this.isBusy ? 'true' : nothing} aria-describedby=${blocked ? 'why' : nothing}>
          ${this.#isKept ? 'Check' : 'Keep and check'}
        </button>
      </div>
    </fieldset></form>`
  }

  #onName(event: Event): void {
    this.name = (event.target as HTMLInputElement).value
    this.#keepDraft()
  }
}

/** The rule that a problem points to. */
function refused(error: unknown): { place: number; why: string } | null {
  const pointer = error instanceof ApiError ? error.problem['pointer'] : null
  const place = typeof pointer === 'string' ? pointer.match(/^\/rules\/(\d+)/)?.[1] : undefined
  return place === undefined || !(error instanceof ApiError) ? null : { place: Number(place), why: error.problem.detail }
}

customElements.define('headway-dataset-check', DatasetCheck)
