/** Who did what, to what and from where: by pages, with filters that stay in the address. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'

import { listAudit } from '../../client/operator-api.ts'
import type { AuditEntry, Person } from '../../client/operator-types.ts'
import { controlStyles } from '../../elements/control-styles.ts'
import { formatMoment, plural } from '../../elements/sizes.ts'
import { toneStyles } from '../../elements/tone-styles.ts'
import { type AuditFilter, fromAddress, isEverything, toAddress, toQuery } from './audit-filter.ts'
import { navigate } from './jobs-seam.ts'
import { operatorStyles } from './operator-styles.ts'
import { DEEDS, deedName, detailWords, personName, targetName } from './operator-words.ts'
import { sayError } from './say-error.ts'

export class OperatorAudit extends LitElement {
  static override styles = [
    controlStyles,
    operatorStyles,
    toneStyles,
    css`
      .bar {
        margin-block-end: 0.75rem;
      }
      label {
        display: inline-flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.4rem;
      }
      select {
        max-inline-size: 100%;
      }
      td .link {
        min-block-size: 24px;
        padding: 0;
        text-align: start;
        text-decoration: none;
        overflow-wrap: anywhere;
      }
      td .link:hover {
        text-decoration: underline;
      }
      [aria-busy='true'] {
        opacity: 0.55;
        transition: opacity 0.1s 0.2s;
      }
    `,
  ]
  static override properties = {
    filter: { state: true },
    items: { state: true },
    problem: { state: true },
    busy: { state: true },
    said: { state: true },
  }
  declare filter: AuditFilter
  /** null until the first answer. */
  declare items: readonly AuditEntry[] | null
  declare problem: string
  declare busy: boolean
  declare said: string

  #cursor: string | null = null
  #pages = 0
  #asked = new AbortController()
  /** What people and targets of a filter are called; an address knows their ids only. */
  #names = new Map<string, string>()
  readonly #onPop = (): void => this.#readAddress()

  constructor() {
    super()
    this.filter = fromAddress(location.search)
    this.items = null
    this.problem = ''
    this.busy = false
    this.said = ''
  }

  override connectedCallback(): void {
    super.connectedCallback()
    window.addEventListener('popstate', this.#onPop)
    void this.load()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    window.removeEventListener('popstate', this.#onPop)
    this.#asked.abort()
  }

  #readAddress(): void {
    if (location.pathname !== '/operator') return
    const filter = fromAddress(location.search)
    if (toAddress(filter) === toAddress(this.filter)) return
    this.filter = filter
    void this.load()
  }

  /** Load the first page, or the next one after those that are there. The old entries stay until the new ones come. */
  async load(more = false): Promise<void> {
    this.#asked.abort()
    const asked = (this.#asked = new AbortController())
    this.busy = true
    this.problem = ''
    try {
      const page = await listAudit(toQuery(this.filter), more ? this.#cursor : null, asked.signal)
      if (asked.signal.aborted) return
      this.#show(page.items, more)
      this.#cursor = page.next_cursor
      this.#pages = more ? this.#pages + 1 : 1
    } catch (error) {
      if (asked.signal.aborted) return
      this.problem = sayError(error)
    }
    this.busy = false
  }

  /** Load the first page again if nobody has gone beyond it. */
  async lookAgain(): Promise<void> {
    if (this.#pages <= 1) await this.load()
  }

  #show(entries: readonly AuditEntry[], more: boolean): void {
    for (const entry of entries) {
      this.#names.set(entry.actor.id, personName(entry.actor))
      this.#names.set(entry.target.id, targetName(entry))
    }
    this.items = more ? [...(this.items ?? []), ...entries] : entries
    const first = more ? entries[0] : undefined
    this.said = `${plural(this.items.length, 'entry', 'entries')} shown`
    // The button that was pressed may be gone.
    if (first) void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(`[data-id="${first.id}"] button`)?.focus())
  }

  #filterBy(change: Partial<AuditFilter>): void {
    navigate(toAddress({ ...this.filter, ...change }))
    this.renderRoot.querySelector('select')?.focus()
  }

  override render(): TemplateResult {
    return html`${this.#renderFilter()}
      ${this.problem ? this.#renderProblem() : nothing} ${this.#renderEntries()}
      <p class="hidden" role="status">${this.said}</p>`
  }

  #renderFilter(): TemplateResult {
    const { action, actor, target } = this.filter
    // A deed that only the server knows by name can stand in an address.
    const deeds = action && !(action in DEEDS) ? [...Object.keys(DEEDS), action] : Object.keys(DEEDS)
    return html`<div class="bar">
      <label
        >Deed
        <select @change=${(event: Event) => this.#filterBy({ action: (event.target as HTMLSelectElement).value })}>
          <option value="" ?selected=${!action}>All deeds</option>
          ${deeds.map((deed) => html`<option value=${deed} ?selected=${deed === action}>${deedName(deed)}</option>`)}
        </select></label
      >
      ${actor ? this.#renderChip(`By ${this.#nameOf(actor)}`, { actor: '' }) : nothing}
      ${target ? this.#renderChip(`To ${this.#nameOf(target.id)}`, { target: null }) : nothing}
      <button ?disabled=${this.busy} @click=${() => this.load()}>Look again</button>
    </div>`
  }

  #nameOf(id: string): string {
    return this.#names.get(id) || personName({ id, email: null }, id.slice(0, 12))
  }

  #renderChip(text: string, change: Partial<AuditFilter>): TemplateResult {
    return html`<button aria-label="${text}: remove this filter" @click=${() => this.#filterBy(change)}>
      ${text} <span aria-hidden="true">✕</span>
    </button>`
  }

  #renderProblem(): TemplateResult {
    const more = Boolean(this.#cursor && this.items?.length)
    return html`<div class="error" role="alert"><p>${this.problem}</p><button @click=${() => this.load(more)}>Retry</button></div>`
  }

  #renderEntries(): TemplateResult | typeof nothing {
    if (!this.items) return this.problem ? nothing : html`<p class="none">Loading…</p>`
    if (!this.items.length) return this.#renderNone()
    return html`<table role="table" aria-label="The audit, newest first" aria-busy=${this.busy ? 'true' : nothing}>
        <thead role="rowgroup">
          <tr role="row">
            ${['When', 'Who', 'What', 'To', 'From'].map((text) => html`<th role="columnheader" scope="col">${text}</th>`)}
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${repeat(
            this.items,
            ({ id }) => id,
            (entry) => this.#renderEntry(entry),
          )}
        </tbody>
      </table>
      ${this.#cursor ? html`<p class="more"><button ?disabled=${this.busy} @click=${() => this.load(true)}>Load more</button></p>` : nothing}`
  }

  #renderNone(): TemplateResult {
    if (isEverything(this.filter)) return html`<p class="none">Nothing has been done yet.</p>`
    return html`<p class="none">
      No entry matches. <button class="link" @click=${() => this.#filterBy({ action: '', actor: '', target: null })}>Show all</button>
    </p>`
  }

  #renderEntry(entry: AuditEntry): TemplateResult {
    return html`<tr role="row" data-id=${entry.id}>
      <td role="cell" class="time"><time datetime=${entry.at}>${formatMoment(entry.at)}</time></td>
      <td role="cell" data-label="Who">${this.#renderWho(entry.actor)}</td>
      <td role="cell">
        ${deedName(entry.action)}${this.#renderResult(entry.result)}
        <small>${detailWords(entry.details)}</small>
      </td>
      <td role="cell" data-label="To">${this.#renderTarget(entry)}</td>
      <td role="cell" class="time" data-label="From">${entry.address ?? nothing}</td>
    </tr>`
  }

  #renderResult(result: string): TemplateResult | typeof nothing {
    if (result === 'done') return nothing
    if (result === 'begun') return html`: <span class="bad">not finished</span>`
    return html`: <span class="bad">refused</span> <code>${result}</code>`
  }

  #renderWho(actor: Person): TemplateResult {
    const name = personName(actor)
    return html`<button class="link" aria-label="Only by ${name}" title="Show only what they did" @click=${() => this.#filterBy({ actor: actor.id })}>
      ${name}
    </button>`
  }

  #renderTarget(entry: AuditEntry): TemplateResult | typeof nothing {
    const name = targetName(entry)
    if (!name) return nothing
    const target = { type: entry.target_type, id: entry.target.id }
    return html`<button class="link" aria-label="Only to ${name}" title=${entry.target.id} @click=${() => this.#filterBy({ target })}>
      ${name}
    </button>`
  }
}

customElements.define('headway-operator-audit', OperatorAudit)

declare global {
  interface HTMLElementTagNameMap {
    'headway-operator-audit': OperatorAudit
  }
}
