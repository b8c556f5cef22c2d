/**
 * `<headway-rule-schema>`: rules out of a Frictionless Table Schema, and kept ones into one, with what has no equal on the
 * other side. Dispatches `take` with the rule set that was made.
 */

import { html, LitElement, nothing, type TemplateResult } from 'lit'

import { chooseStyles } from '../../elements/choose-styles.ts'
import { listNewest } from './dataset-api.ts'
import type { Kept } from './kept-choice.ts'
import { getTableSchema, keepTableSchema, type Note } from './rule-api.ts'
import { sayError } from './say-error.ts'
import { freeName, resourcesOf } from './schema-names.ts'
import { sidesStyles } from './sides-styles.ts'

class RuleSchema extends LitElement {
  static override styles = [sidesStyles, chooseStyles]
  static override properties = {
    kept: { attribute: false },
    sets: { attribute: false },
    said: { state: true },
    notes: { state: true },
    problem: { state: true },
  }
  /** The rule set that can be saved, if any. */
  declare kept: Kept | null
  /** Those whose names are taken. */
  declare sets: readonly Kept[]
  declare said: string
  declare notes: readonly Note[]
  declare problem: string

  constructor() {
    super()
    this.kept = null
    this.sets = []
    this.said = ''
    this.notes = []
    this.problem = ''
  }

  async #try(act: () => Promise<void>): Promise<void> {
    this.said = this.problem = ''
    this.notes = []
    try {
      await act()
    } catch (error) {
      this.problem = error instanceof SyntaxError ? 'This file is no JSON, as a Table Schema is.' : sayError(error)
    }
  }

  async #read(event: Event): Promise<void> {
    const input = event.target as HTMLInputElement
    const file = input.files?.[0]
    input.value = ''
    if (!file) return
    await this.#try(async () => {
      const schema: unknown = JSON.parse(await file.text())
      const name = freeName(file.name, this.sets.map((set) => set.name))
      const { rule_set: set, notes } = await keepTableSchema(name, schema, await this.#references(schema))
      this.#tell(`${file.name} is kept as ${set.name}.`, notes)
      this.dispatchEvent(new CustomEvent<Kept>('take', { detail: set }))
    })
  }

  /** Datasets by the names of resources: those that have the same one. */
  async #references(schema: unknown): Promise<Record<string, string>> {
    const resources = resourcesOf(schema)
    const tables = resources.length ? (await listNewest()).items : []
    const found = resources.map((resource) => [resource, tables.find(({ name }) => name === resource)?.id] as const)
    return Object.fromEntries(found.filter((each): each is readonly [string, string] => each[1] !== undefined))
  }

  async #save(kept: Kept): Promise<void> {
    await this.#try(async () => {
      const { table_schema: schema, notes } = await getTableSchema(kept)
      const link = document.createElement('a')
      link.href = `data:application/json;charset=utf-8,${encodeURIComponent(JSON.stringify(schema, null, 2))}`
      link.download = `${kept.name}.schema.json`
      link.click()
      this.#tell(`${link.download} is saved.`, notes)
    })
  }

  #tell(said: string, notes: readonly Note[]): void {
    this.said = notes.length ? `${said} What has no equal:` : said
    this.notes = notes
  }

  override render(): TemplateResult {
    const { kept } = this
    return html`<details>
      <summary>Table Schema</summary>
      <div class="stack inside">
        <div class="bar">
          <label class="button choose">Read a file <input type="file" accept=".json,application/json" aria-label="Read rules from a Table Schema" @change=${this.#read} /></label>
          ${kept ? html`<button @click=${() => this.#save(kept)}>Save ${kept.name}, version ${kept.version}</button>` : nothing}
        </div>
        ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
        <p class="muted said" role="status">${this.said}</p>
        ${this.notes.length ? html`<ul>${this.notes.map(({ pointer, message }) => html`<li><code>${pointer}</code> ${message}</li>`)}</ul>` : nothing}
      </div>
    </details>`
  }
}

customElements.define('headway-rule-schema', RuleSchema)
