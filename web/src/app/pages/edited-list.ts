/** A list of steps or rules that a person edits: what was taken away last can be had back, and what was done is said. */

import { html, type LitElement, nothing, type TemplateResult } from 'lit'

import { moved } from './form-kinds.ts'

export class EditedList<Item> {
  items: readonly Item[] = []
  said = ''
  /** The items before the last ones were taken away. */
  undo: readonly Item[] | null = null
  readonly #host: LitElement
  /** "Step" */
  readonly #one: string
  readonly #changed: () => void

  /** `changed` is told of every change that a person makes. */
  constructor(host: LitElement, one: string, changed: () => void) {
    this.#host = host
    this.#one = one
    this.#changed = changed
  }

  set(items: readonly Item[], said = ''): void {
    this.items = items
    this.undo = null
    this.say(said)
    this.#changed()
  }

  say(said: string): void {
    this.said = said
    this.#host.requestUpdate()
  }

  /** Put other items in the place of these, which can be had back. */
  takeAway(items: readonly Item[], said: string): void {
    const before = this.items
    this.set(items, said)
    this.undo = before.length ? before : null
  }

  add(item: Item): void {
    this.set([...this.items, item])
    this.focus(this.items.length)
  }

  replace(place: number, item: Item): void {
    this.set(this.items.map((each, at) => (at === place ? item : each)))
  }

  move(place: number, to: number): void {
    this.set(moved(this.items, place, to), `${this.#one} ${place + 1} is ${this.#one.toLowerCase()} ${to + 1} now.`)
    this.focus(to + 1)
  }

  remove(place: number): void {
    this.takeAway(this.items.filter((_, at) => at !== place), `${this.#one} ${place + 1} was removed.`)
    this.focus('undo')
  }

  /** Give the focus to the heading of an item, by its number, or to what has an id. */
  focus(what: number | string): void {
    const id = typeof what === 'number' ? `item-${what}` : what
    void this.#host.updateComplete.then(() => this.#host.renderRoot.querySelector<HTMLElement>(`#${id}`)?.focus())
  }

  /** What was done last, and the way back. */
  renderSaid(): TemplateResult {
    const { undo } = this
    const isBack = `The ${this.#one.toLowerCase()}s are as they were.`
    const said = this.said ? html`<span class="muted">${this.said}</span>` : nothing
    const back = undo ? html`<button id="undo" class="link" @click=${() => this.set(undo, isBack)}>Undo</button>` : nothing
    return html`<div class="bar said" role="status">${said}${back}</div>`
  }
}
