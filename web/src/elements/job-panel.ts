/** `<headway-job-panel>`: the list behind the jobs button. What needs a person comes first; nothing moves under the pointer. */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'

import { isGuest } from '../client/api.ts'
import { bulk } from '../client/jobs-api.ts'
import { jobsStore } from '../client/jobs-store.ts'
import type { Job } from '../client/types.ts'
import './job-card.ts'
import type { JobCard } from './job-card.ts'
import { sign } from './job-icons.ts'
import { type JobLinks, LINKS } from './job-links.ts'
import { arranged } from './job-order.ts'
import { panelStyles } from './job-panel-styles.ts'
import { needsPerson, type Tally, tally } from './job-tally.ts'
import { isEnded } from './job-words.ts'
import type { Connection } from './jobs-view.ts'
import type { Notices, NoticeState } from './notices.ts'
import { say, sayCount } from './say.ts'
import { formatTime } from './sizes.ts'

export { placeBelow } from './place.ts'

const FIRST_SHOWN = 5

/** Says `hide` when it should go. */
class JobPanel extends LitElement {
  static override styles = panelStyles
  static override properties = {
    jobs: { attribute: false },
    isLoaded: { attribute: false },
    connection: { attribute: false },
    heardAt: { attribute: false },
    links: { attribute: false },
    notices: { attribute: false },
    told: { attribute: false },
    shown: { attribute: false },
    all: { state: true },
    problem: { state: true },
  }
  declare jobs: readonly Job[]
  declare isLoaded: boolean
  declare connection: Connection
  declare heardAt: number
  declare links: JobLinks | undefined
  declare notices: Notices | undefined
  /** Whether ends are told of while nobody looks. */
  declare told: NoticeState
  /** Whether the panel is open. */
  declare shown: boolean
  /** Whether all rows are shown, and not only the first few. */
  declare all: boolean
  declare problem: string

  /** The ids in the order in which they are shown. */
  #order: readonly string[] = []
  #rows: readonly Job[] = []
  /** Where the focus is before an update, which may take that row away. */
  #focused = -1

  constructor() {
    super()
    this.jobs = []
    this.isLoaded = false
    this.connection = 'live'
    this.heardAt = 0
    this.links = undefined
    this.notices = undefined
    this.told = 'none'
    this.shown = false
    this.all = false
    this.problem = ''
  }

  get #list(): HTMLElement | null {
    return this.renderRoot.querySelector('ul')
  }

  get #cards(): JobCard[] {
    return [...this.renderRoot.querySelectorAll<JobCard>('headway-job-card')]
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('shown') && !this.shown) this.all = false
    const isInUse = this.shown && Boolean(this.#list?.matches(':hover, :focus-within'))
    const rows = arranged(this.jobs, isInUse ? this.#order : null)
    this.#order = rows.map((job) => job.id)
    this.#rows = this.all ? rows : rows.slice(0, FIRST_SHOWN)
    this.#focused = this.#cards.findIndex((card) => card.matches(':focus-within'))
  }

  /** The focus of a row that is gone goes to the next one. Of all others it stays where it is. */
  override updated(): void {
    if (this.#focused < 0 || this.shadowRoot?.activeElement) return
    const cards = this.#cards
    const next = cards[Math.min(this.#focused, cards.length - 1)]
    if (next) void next.updateComplete.then(() => next.focus())
    else this.renderRoot.querySelector('h2')?.focus()
  }

  /** Asked for once whatever ended the use of the list has had its effect. */
  readonly #onRest = (): void => void requestAnimationFrame(() => this.requestUpdate())

  // ------------------------------------------------------------------ what can be done

  #onKey(event: KeyboardEvent): void {
    const cards = this.#cards
    const here = cards.findIndex((card) => card.matches(':focus-within'))
    if (here < 0 || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    const steps: Record<string, number> = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: cards.length - 1 }
    const step = steps[event.key]
    if (event.key === 'Delete') cards[here]?.dismiss()
    else if (step !== undefined) cards[Math.min(cards.length - 1, Math.max(0, step))]?.focus()
    else return
    event.preventDefault()
  }

  /** A link out of the panel closes it; its buttons do not. */
  #onClick(event: Event): void {
    const link = event.composedPath().find((node): node is HTMLAnchorElement => node instanceof HTMLAnchorElement)
    if (link && !link.hasAttribute('download')) this.#hide()
  }

  #onNotify(): void {
    void this.notices?.turnOn()
  }

  #hide(): void {
    this.dispatchEvent(new Event('hide'))
  }

  /** What still needs somebody is not cleared with the rest. */
  async #clear(): Promise<void> {
    this.problem = ''
    try {
      await bulk('dismiss', this.jobs.filter((job) => isEnded(job) && !needsPerson(job)).map((job) => job.id))
      await jobsStore.refresh()
    } catch {
      this.problem = say('They could not be cleared. Try again in a moment.')
    }
    this.renderRoot.querySelector('h2')?.focus()
  }

  // ------------------------------------------------------------------ rendering

  override render(): TemplateResult {
    const count = tally(this.jobs)
    return html`<header>
        <div class="what">
          <h2 tabindex="-1">${say('Jobs')}</h2>
          <p>${summary(count)}</p>
        </div>
        ${count.finished && !isGuest() ? html`<button class="quiet" @click=${this.#clear}>${say('Clear finished')}</button>` : nothing}
        <button class="quiet square" aria-label=${say('Collapse')} title=${say('Collapse')} @click=${this.#hide}>${sign('fold')}</button>
      </header>
      ${this.#renderConnection()} ${this.problem ? html`<p class="refusal" role="alert">${this.problem}</p>` : nothing}
      <div class="body" @click=${this.#onClick} @keydown=${this.#onKey} @pointerleave=${this.#onRest} @focusout=${this.#onRest}>${this.isLoaded ? this.#renderRows() : this.#renderWaiting()}</div>
      ${this.#renderFoot(count)}`
  }

  #renderConnection(): TemplateResult | typeof nothing {
    if (this.connection === 'live') return nothing
    const last = this.heardAt ? `${say('Last update {time}.', { time: formatTime(this.heardAt) })} ` : ''
    const goes = this.jobs.some((job) => !isEnded(job)) ? say('The jobs themselves go on.') : ''
    const what = this.connection === 'offline' ? say('You are offline.') : say('Live updates are interrupted. Reconnecting…')
    return html`<p class="lost">${sign('warn')}<span><strong>${what}</strong> ${last}${goes}</span></p>`
  }

  #renderRows(): TemplateResult {
    const links = this.links ?? LINKS
    if (!this.jobs.length) {
      return html`<p class="none">
        ${say('Nothing is running. Jobs appear here as soon as they start, in every tab and on every device.')}
        ${links.import ? html`<a href=${links.import}>${say('Import a file')}</a>` : nothing}
      </p>`
    }
    return html`<ul>
        ${repeat(
          this.#rows,
          (job) => job.id,
          (job) => html`<li><headway-job-card .job=${job} .links=${links} ?stale=${this.connection !== 'live'} ?offers=${this.told === 'off'} @notify=${this.#onNotify}></headway-job-card></li>`,
        )}
      </ul>
      ${
        this.jobs.length > FIRST_SHOWN
          ? html`<button class="more" aria-expanded=${this.all ? 'true' : 'false'} @click=${() => (this.all = !this.all)}>
              ${this.all ? say('Show fewer') : say('Show all {count}', { count: this.jobs.length })}
            </button>`
          : nothing
      }`
  }

  #renderWaiting(): TemplateResult | typeof nothing {
    // What is lost says so above.
    return this.connection === 'live' ? html`<p class="none waiting">${say('Loading…')}</p>` : nothing
  }

  #renderFoot({ running }: Tally): TemplateResult | typeof nothing {
    const { all } = this.links ?? LINKS
    const isTold = this.told === 'on' && running > 0
    const isSafe = running > 0 && !this.jobs.some((job) => job.phase === 'uploading')
    if (!all && !isSafe && !isTold) return nothing
    return html`<footer @click=${this.#onClick}>
      <div>
        ${isSafe ? html`<p>${say('You can close this page; the jobs go on.')}</p>` : nothing}
        ${isTold ? html`<p>${say('You are told of ends while you are elsewhere.')} <button class="link" @click=${() => this.notices?.turnOff()}>${say('Turn off')}</button></p>` : nothing}
      </div>
      ${all ? html`<a class="button" href=${all}>${say('All jobs')}</a>` : nothing}
    </footer>`
  }
}

/** "2 running, 1 waiting · 1 needs attention · 3 finished" */
function summary({ attention, running, waiting, finished }: Tally): string {
  const parts = [
    attention ? sayCount(attention, '{count} needs attention', '{count} need attention') : '',
    running - waiting ? say('{count} running', { count: running - waiting }) : '',
    waiting ? say('{count} waiting', { count: waiting }) : '',
    finished ? say('{count} finished', { count: finished }) : '',
  ]
  return parts.filter(Boolean).join(' · ')
}

customElements.define('headway-job-panel', JobPanel)
