/** The filters of the jobs page. Says `filter` with what is chosen; whoever listens puts it into the address. */

import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'

import type { HistoryCounts } from '../../client/types.ts'
import { controlStyles } from '../../elements/control-styles.ts'
import { kindWord } from '../../elements/job-words.ts'
import { formatCount } from '../../elements/sizes.ts'
import { countOf, countOfKind, isCounted } from './job-counts.ts'
import { EVERYTHING, type JobFilter, TABS, toAddress } from './job-filter.ts'

const TYPING_MILLISECONDS = 250

export interface FilterChange {
  filter: JobFilter
  /** Whether it only goes on with the change before: letters of one word are one step back, not ten. */
  goesOn: boolean
}

export class JobFilterBar extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: grid;
        gap: 0.75rem;
        margin-block-end: 0.75rem;
      }
      nav {
        display: flex;
        flex-wrap: wrap;
        gap: 0.3rem;
      }
      nav a {
        display: inline-flex;
        align-items: baseline;
        gap: 0.4rem;
        min-block-size: 32px;
        padding: 0.2rem 0.75rem;
        line-height: 1.7;
        border: 1px solid var(--line);
        border-radius: 99px;
        color: inherit;
        text-decoration: none;
      }
      nav a:hover {
        background: var(--panel);
      }
      nav a[aria-current] {
        border-color: var(--accent);
        background: var(--accent-soft);
        color: var(--accent);
        font-weight: 550;
      }
      .count {
        color: var(--muted);
        font-size: 0.9em;
        font-variant-numeric: tabular-nums;
        font-weight: 400;
      }
      nav a[aria-current] .count {
        color: inherit;
      }
      .fields {
        display: flex;
        flex-wrap: wrap;
        align-items: end;
        gap: 0.5rem 0.75rem;
      }
      label {
        display: grid;
        gap: 0.15rem;
        color: var(--muted);
        font-size: 0.93em;
      }
      input,
      select {
        inline-size: 100%;
        color: var(--fg);
        font-size: 14px;
      }
      .text {
        flex: 1 1 16rem;
        max-inline-size: 24rem;
      }
      .day {
        flex: 0 1 9.5rem;
        min-inline-size: 7.8rem;
      }
      .clear {
        color: var(--accent);
      }
      @media (max-width: 30rem) {
        .text {
          flex-basis: 100%;
        }
        .fields {
          column-gap: 0.5rem;
        }
        /* Two beside each other, also at 320 pixels. */
        .day {
          flex: 1 1 7.8rem;
          min-inline-size: 0;
        }
        .day input {
          min-inline-size: 0;
          padding-inline: 0.3rem;
          font-size: 13px;
        }
      }
      @media (forced-colors: active) {
        nav a[aria-current] {
          forced-color-adjust: none;
          background: Highlight;
          color: HighlightText;
        }
      }
    `,
  ]
  static override properties = { filter: { attribute: false }, kinds: { attribute: false }, counts: { attribute: false } }
  declare filter: JobFilter
  /** The kinds of jobs that there are, as far as is known. */
  declare kinds: readonly string[]
  /** null until they are known. */
  declare counts: HistoryCounts | null

  #typing: ReturnType<typeof setTimeout> | undefined
  #goesOn = false

  constructor() {
    super()
    this.filter = EVERYTHING
    this.kinds = []
    this.counts = null
  }

  /** The numbers, where they are true of what the list shows. */
  get #counts(): HistoryCounts | null {
    return isCounted(this.filter) ? this.counts : null
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#typing)
  }

  /** An address that changed shows in the field, but never takes away what is just being typed. */
  override updated(changed: PropertyValues<this>): void {
    if (!changed.has('filter')) return
    const field = this.#field
    if (field && field.value.trim() !== this.filter.q) field.value = this.filter.q
  }

  get #field(): HTMLInputElement | null {
    return this.renderRoot.querySelector('input[type=search]')
  }

  #choose(part: Partial<JobFilter>, goesOn = false): void {
    clearTimeout(this.#typing)
    const q = this.#field?.value.trim() ?? ''
    const filter = { ...this.filter, q, ...part }
    if (toAddress(filter) === toAddress(this.filter)) return
    this.filter = filter
    this.dispatchEvent(new CustomEvent<FilterChange>('filter', { detail: { filter, goesOn } }))
  }

  #clear(): void {
    this.#choose({ ...EVERYTHING })
    this.focusFirst()
  }

  /** For when the control that had the focus goes with the filter that it took away. */
  focusFirst(): void {
    this.renderRoot.querySelector<HTMLElement>('nav a')?.focus()
  }

  #onType(): void {
    clearTimeout(this.#typing)
    this.#typing = setTimeout(() => {
      this.#choose({}, this.#goesOn)
      this.#goesOn = true
    }, TYPING_MILLISECONDS)
  }

  #onEnter(event: KeyboardEvent): void {
    if (event.key === 'Enter') this.#choose({}, this.#goesOn)
  }

  #onDay(name: 'from' | 'to', { target }: Event): void {
    const field = target as HTMLInputElement
    // A day that is half typed is empty and no wish.
    if (!field.validity.badInput) this.#choose({ [name]: field.value })
  }

  override render(): TemplateResult {
    const { filter } = this
    const isPlain = toAddress(filter) === '/jobs'
    return html`<nav aria-label="Filter by state">
        ${TABS.map(
          ([status, text]) =>
            html`<a href=${toAddress({ ...filter, status })} aria-current=${filter.status === status ? 'true' : nothing}
              >${text}${this.#renderCount(status)}</a
            >`,
        )}
      </nav>
      <div class="fields" role="search" aria-label="Filter jobs">
        <label class="text"
          >Name <input type="search" maxlength="200" autocomplete="off" placeholder="Part of a job's name"
            @input=${this.#onType} @keydown=${this.#onEnter} @focus=${() => (this.#goesOn = false)}
        /></label>
        ${this.#renderDay('from', 'From', { max: filter.to })} ${this.#renderDay('to', 'Until', { min: filter.from })}
        ${this.#renderKinds()}
        ${isPlain ? nothing : html`<button class="clear" @click=${this.#clear}>Clear filters</button>`}
      </div>`
  }

  #renderCount(status: string): TemplateResult | typeof nothing {
    const counts = this.#counts
    return counts ? html` <span class="count">${formatCount(countOf(counts, status))}</span>` : nothing
  }

  #sayKind(kind: string): string {
    const count = this.#counts && countOfKind(this.#counts, kind)
    return count === null ? kindWord(kind) : `${kindWord(kind)} (${formatCount(count)})`
  }

  #renderDay(name: 'from' | 'to', text: string, { min = '', max = '' }): TemplateResult {
    return html`<label class="day"
      >${text} <input type="date" .value=${this.filter[name]} min=${min || nothing} max=${max || nothing}
        @change=${(event: Event) => this.#onDay(name, event)}
    /></label>`
  }

  #renderKinds(): TemplateResult | typeof nothing {
    const { kind } = this.filter
    if (this.kinds.length < 2 && !kind) return nothing
    const kinds = [...new Set(kind ? [...this.kinds, kind] : this.kinds)].sort()
    return html`<label
      >Type <select @change=${({ target }: Event) => this.#choose({ kind: (target as HTMLSelectElement).value })}>
        <option value="" ?selected=${!kind}>Any</option>
        ${kinds.map((each) => html`<option value=${each} .selected=${each === kind}>${this.#sayKind(each)}</option>`)}
      </select></label>`
  }
}

customElements.define('headway-job-filter-bar', JobFilterBar)

declare global {
  interface HTMLElementTagNameMap {
    'headway-job-filter-bar': JobFilterBar
  }
}
