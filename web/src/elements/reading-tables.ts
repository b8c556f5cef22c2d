/**
 * `<headway-reading-tables>`: which sheets of a workbook, or which files of an archive, become datasets. Dispatches
 * `headway-ask` with the options that say so, and `headway-show` with the name of the one whose rows are to be seen.
 */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import type { PreviewTable, ReadingOptions } from '../client/reading-api.ts'
import { fieldStyles } from './field-styles.ts'
import { type Choice, choiceOf, withTables } from './reading.ts'
import { say, texts } from './say.ts'

const WORDS = texts({
  sheet: { legend: 'Sheets', one: 'One sheet', all: 'Every visible sheet that holds something', some: 'Several sheets' },
  member: { legend: 'Files in the archive', one: 'One file', all: 'Every file that is a table', some: 'Several files' },
} as const)
const LISTED = 20

class ReadingTables extends LitElement {
  static override styles = [
    fieldStyles,
    css`
      .list {
        display: grid;
        max-block-size: 15rem;
        padding: 0.25rem 0.5rem;
        overflow-y: auto;
        border: 1px solid var(--line);
        border-radius: 6px;
      }
    `,
  ]
  static override properties = {
    tables: { attribute: false },
    options: { attribute: false },
    problem: { attribute: false },
    single: { type: Boolean },
    isSome: { state: true },
  }
  declare tables: readonly PreviewTable[]
  declare options: ReadingOptions
  /** What is wrong with what was chosen here. */
  declare problem: string
  /** Whether the rows go into one dataset, whatever else there is. */
  declare single: boolean
  /** Whether somebody is about to choose several, and has not chosen any. */
  declare isSome: boolean

  constructor() {
    super()
    this.tables = []
    this.options = {}
    this.problem = ''
    this.single = false
    this.isSome = false
  }

  get #choice(): Choice {
    const asked = choiceOf(this.options)
    return asked.how === 'one' && this.isSome ? { ...asked, how: 'some', names: [] } : asked
  }

  #ask(choice: Choice): void {
    this.isSome = choice.how === 'some'
    const detail = withTables(this.options, this.tables[0]?.kind ?? 'sheet', choice)
    this.dispatchEvent(new CustomEvent('headway-ask', { detail }))
  }

  /** Of one table it is the one that is imported, of several only the one that is seen. */
  #show(event: Event): void {
    const { value } = event.target as HTMLSelectElement
    const choice = this.#choice
    if (choice.how === 'one') this.#ask({ ...choice, names: [value] })
    else this.dispatchEvent(new CustomEvent('headway-show', { detail: value }))
  }

  override render(): TemplateResult | typeof nothing {
    const [first] = this.tables
    if (!first || this.tables.length < 2) return nothing
    const words = WORDS[first.kind]
    const choice = this.#choice
    return html`<fieldset aria-describedby=${this.problem ? 'problem' : nothing}>
      <legend>${say(words.legend)}</legend>
      ${this.single ? nothing : (['one', 'all', 'some'] as const).map((how) => this.#renderHow(how, say(words[how]), choice))}
      ${choice.how === 'some' ? this.#renderList(choice, say(words.legend)) : nothing}
      ${first.kind === 'member' && choice.how !== 'one' ? this.#renderUnite(choice) : nothing}
      ${this.#renderShown(choice)} ${this.#renderOthers()}
      ${this.problem ? html`<p class="problem" id="problem" role="alert">${this.problem}</p>` : nothing}
    </fieldset>`
  }

  #renderHow(how: Choice['how'], words: string, choice: Choice): TemplateResult {
    const names = how === 'one' ? choice.names.slice(0, 1) : how === 'some' ? this.#shownNames : []
    return html`<label>
      <input type="radio" name="how" .checked=${how === choice.how} @change=${() => this.#ask({ ...choice, how, names })} />
      <span>${words} ${how === 'one' ? nothing : html`<span class="muted">${choice.unite ? say('in one dataset') : say('a dataset each')}</span>`}</span>
    </label>`
  }

  /** Whoever goes on to several begins with the one that they see. */
  get #shownNames(): string[] {
    return this.tables.filter(({ is_shown }) => is_shown).map(({ name }) => name)
  }

  #renderList(choice: Choice, legend: string): TemplateResult {
    const toggle = (name: string, isChosen: boolean): void => {
      const names = this.tables.map((table) => table.name).filter((each) => (each === name ? isChosen : choice.names.includes(each)))
      this.#ask({ ...choice, names })
    }
    return html`<div class="list" role="group" aria-label=${legend}>
        ${this.#readable.map(
          ({ name, note }) => html`<label>
            <input
              type="checkbox"
              .checked=${choice.names.includes(name)}
              @change=${(event: Event) => toggle(name, (event.target as HTMLInputElement).checked)}
            />
            <span>${name} ${note ? html`<span class="muted">${note}</span>` : nothing}</span>
          </label>`,
        )}
      </div>
      ${choice.names.length ? nothing : html`<p class="problem">${say('Choose at least one. Without a choice, only the first is imported.')}</p>`}`
  }

  #renderUnite(choice: Choice): TemplateResult {
    return html`<label>
      <input
        type="checkbox"
        .checked=${choice.unite}
        @change=${(event: Event) => this.#ask({ ...choice, unite: (event.target as HTMLInputElement).checked })}
      />
      <span>${say('Unite them into one dataset')} <span class="muted">${say('the column _source_file says which file a row is from')}</span></span>
    </label>`
  }

  #renderShown(choice: Choice): TemplateResult {
    const shown = this.#shownNames[0]
    const isOffered = ({ name }: PreviewTable): boolean => choice.how !== 'some' || !choice.names.length || choice.names.includes(name)
    return html`<label>
      ${choice.how === 'one' ? say('Import') : say('Show below')}
      <select @change=${this.#show}>
        ${this.#readable
          .filter((table) => isOffered(table) || table.name === shown)
          .map(({ name, note }) => html`<option value=${name} .selected=${name === shown}>${name}${note ? ` (${note})` : ''}</option>`)}
      </select>
    </label>`
  }

  get #readable(): PreviewTable[] {
    return this.tables.filter(({ is_table }) => is_table)
  }

  #renderOthers(): TemplateResult | typeof nothing {
    const others = this.tables.filter(({ is_table }) => !is_table).map(({ name, note }) => (note ? `${name} (${note})` : name))
    if (!others.length) return nothing
    const more = others.length - LISTED
    return html`<p class="muted">
      ${say('No tables: {names}', { names: others.slice(0, LISTED).join(', ') })}${more > 0 ? ` ${say('and {count} more', { count: more })}` : ''}
    </p>`
  }
}

customElements.define('headway-reading-tables', ReadingTables)
