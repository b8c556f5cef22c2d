/** `<headway-jobs>`: a button whose text is the state of the owner's jobs, and a panel with each of them, live.
 *
 * A host's page loads this file alone, so it must be small: it is no LitElement, and the panel's code comes when
 * somebody is about to open it.
 */

import { html, nothing, render, type TemplateResult } from 'lit/html.js'

import type { HeadwayJobsElement, Strings } from '../../packages/elements/jobs.d.ts'
import { isGuest } from '../client/api.ts'
import { jobsStore } from '../client/jobs-store.ts'
import type { Job } from '../client/types.ts'
import styles from './headway-jobs.css?inline'
import type { JobLinks } from './job-links.ts'
import { buttonText, tally, wholePercent } from './job-tally.ts'
import { JobVoice } from './job-voice.ts'
import { isEnded } from './job-words.ts'
import { JobsView } from './jobs-view.ts'
import type { Notices } from './notices.ts'
import type { placeBelow } from './place.ts'
import { type GetToken, reach, takeOver } from './reach.ts'
import { replaceStrings, say } from './say.ts'
import tokens from './tokens.css?inline'

/** A job that ends sooner shows its result only: a button that flashes says nothing. */
const WORTH_MILLISECONDS = 700
/** How long the button says that something has ended. */
const TICK_MILLISECONDS = 5_000

const sheet = new CSSStyleSheet()
sheet.replaceSync(tokens + styles)

class HeadwayJobs extends HTMLElement implements HeadwayJobsElement {
  readonly #root = this.attachShadow({ mode: 'open' })
  readonly #view = new JobsView(() => this.#take())
  readonly #voice = new JobVoice()
  #links: JobLinks | undefined
  #getToken: GetToken | undefined
  #notices: Notices | undefined
  /** Those that had not ended when they were last looked at; null before the first answer. */
  #going: ReadonlySet<string> | null = null
  /** Too young to be worth a word. */
  readonly #young = new Set<string>()
  #panel: Promise<void> | null = null
  /** Comes with the panel's code. */
  #place: typeof placeBelow | undefined
  #isOpen = false
  /** Whether the panel's code could not be had. */
  #isBroken = false
  #isTicked = false
  #isPlanned = false
  /** What the one status region says, and what interrupts: failures only. */
  #said = ''
  #alarm = ''
  #tick: ReturnType<typeof setTimeout> | undefined
  #speech: ReturnType<typeof setTimeout> | undefined

  /** Show everything that has changed by the end of this turn. */
  readonly #update = (): void => {
    if (this.#isPlanned) return
    this.#isPlanned = true
    queueMicrotask(() => {
      this.#isPlanned = false
      render(this.#render(), this.#root)
    })
  }

  constructor() {
    super()
    this.#root.adoptedStyleSheets = [sheet]
    takeOver(this as HeadwayJobsElement, 'getToken', 'links', 'strings')
  }

  /** Gives a token instead of the session, if `token-url` does not do. */
  get getToken(): GetToken | undefined {
    return this.#getToken
  }

  set getToken(getToken: GetToken | undefined) {
    const isLate = this.isConnected && !this.#getToken
    this.#getToken = getToken
    if (!isLate) return
    // What was asked for without it was refused.
    jobsStore.stop()
    reach(this)
    jobsStore.start()
  }

  /** Sentences in other words. They are kept for all of the page, so there is nothing to be read here. */
  set strings(strings: Strings) {
    replaceStrings(strings)
    this.#update()
  }

  /** Where links lead, if not to Headway's own pages beside this one. */
  get links(): JobLinks | undefined {
    return this.#links
  }

  set links(links: JobLinks | undefined) {
    this.#links = links
    this.#update()
  }

  /** How ends are told of while nobody looks; without it, that is not offered. */
  set notices(notices: Notices | undefined) {
    this.#notices?.removeEventListener('change', this.#update)
    this.#notices = notices
    notices?.addEventListener('change', this.#update)
    this.#update()
  }

  connectedCallback(): void {
    reach(this)
    // In a host's page nobody else does; in the app it has been done.
    jobsStore.start()
    this.#view.connect()
  }

  disconnectedCallback(): void {
    this.#view.disconnect()
    clearTimeout(this.#tick)
    clearTimeout(this.#speech)
  }

  // ------------------------------------------------------------------ what happens

  /** The jobs that are worth a word by now. */
  get #jobs(): readonly Job[] {
    return this.#view.jobs.filter((job) => isEnded(job) || !this.#young.has(job.id))
  }

  #take(): void {
    const before = this.#going
    const going = this.#view.jobs.filter((job) => !isEnded(job)).map((job) => job.id)
    if (before) for (const id of going) if (!before.has(id)) this.#wait(id)
    if (this.#view.jobs.some((job) => job.status === 'completed' && before?.has(job.id))) this.#tickFor()
    this.#going = this.#view.isLoaded ? new Set(going) : null
    if (this.#going) this.#speak()
    this.#update()
  }

  #wait(id: string): void {
    this.#young.add(id)
    setTimeout(() => {
      this.#young.delete(id)
      this.#speak()
      this.#update()
    }, WORTH_MILLISECONDS)
  }

  #tickFor(): void {
    this.#isTicked = true
    clearTimeout(this.#tick)
    this.#tick = setTimeout(() => {
      this.#isTicked = false
      this.#update()
    }, TICK_MILLISECONDS)
  }

  #speak(): void {
    this.#voice.hear(this.#jobs)
    const now = performance.now()
    this.#alarm = this.#voice.alarm() || this.#alarm
    this.#said = this.#voice.speak(now) || this.#said
    const wait = this.#voice.waits(now)
    clearTimeout(this.#speech)
    if (wait !== null) this.#speech = setTimeout(() => this.#speak(), wait)
    this.#update()
  }

  readonly #load = (): void => {
    this.#panel ??= import('./job-panel.ts').then(
      (module) => {
        this.#place = module.placeBelow
        if (this.#isOpen) this.#putBelow()
        this.#found(true)
      },
      () => this.#found(false),
    )
  }

  #putBelow(): void {
    const [button, panel] = this.#root.querySelectorAll<HTMLElement>('button, #panel')
    if (button && panel) this.#place?.(button, panel)
  }

  #found(isThere: boolean): void {
    // What could not be had is asked for again with the next opening.
    if (!isThere) this.#panel = null
    this.#isBroken = !isThere
    this.#update()
  }

  readonly #onToggle = (event: ToggleEvent): void => {
    this.#isOpen = event.newState === 'open'
    const button = this.#root.querySelector('button')
    if (this.#isOpen && button) {
      this.#load()
      this.#putBelow()
    } else if (this.#root.activeElement?.localName === 'headway-job-panel') {
      // The browser gives the focus back only if it was moved by opening.
      button?.focus()
    }
    this.#update()
  }

  readonly #hide = (): void => this.#root.querySelector<HTMLElement>('#panel')?.hidePopover()

  // ------------------------------------------------------------------ rendering

  #render(): TemplateResult {
    const jobs = this.#jobs
    const { connection, heardAt, isLoaded } = this.#view
    const count = tally(jobs)
    const look = count.attention ? 'attention' : count.running ? 'busy' : ''
    return html`<button
        class="open ${look} ${connection === 'live' ? '' : 'stale'}"
        part="button"
        popovertarget="panel"
        aria-controls="panel"
        aria-expanded=${this.#isOpen ? 'true' : 'false'}
        @pointerenter=${this.#load}
        @focus=${this.#load}
      >
        ${this.#renderSign(jobs, count.attention > 0, count.running > 0)}<span>${this.#renderText(buttonText(count))}</span>
      </button>
      <span class="hidden" role="status">${this.#said}</span>
      <span class="hidden" role="alert">${this.#alarm}</span>
      <div id="panel" part="panel" popover role="group" aria-label=${say('Jobs')} @beforetoggle=${this.#onToggle}>
        ${this.#isBroken ? html`<p class="broken">${say('The list could not be loaded. Check the connection and open it again.')}</p>` : nothing}
        <headway-job-panel
          .jobs=${jobs}
          .isLoaded=${isLoaded}
          .connection=${connection}
          .heardAt=${heardAt}
          .links=${this.#links ?? (isGuest() ? {} : undefined)}
          .notices=${this.#notices}
          .told=${this.#notices?.state ?? 'none'}
          .shown=${this.#isOpen}
          @hide=${this.#hide}
        ></headway-job-panel>
      </div>`
  }

  #renderText({ attention, running }: { attention: string; running: string }): unknown {
    if (attention && running) return html`${attention}<span class="also"> · ${running}</span>`
    return attention || running || say('Jobs')
  }

  #renderSign(jobs: readonly Job[], needsAttention: boolean, isRunning: boolean): unknown {
    if (needsAttention) return html`<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="M8 2.2 14.3 13.3H1.7ZM8 6.4v3M8 11.4v.1"></path></svg>`
    if (isRunning) return this.#renderCircle(wholePercent(jobs))
    if (!this.#isTicked) return nothing
    return html`<svg class="tick" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="m3.3 8.4 3.1 3.1 6.3-7"></path></svg>`
  }

  /** The number is no text: what the button is called should not change twice a second. */
  #renderCircle(percent: number | null): TemplateResult {
    return html`<svg class="ring ${percent === null ? 'endless' : ''}" viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
        <circle class="track" cx="10" cy="10" r="8"></circle>
        <circle class="fill" cx="10" cy="10" r="8" pathLength="100" stroke-dasharray="${percent ?? 25} 100"></circle>
      </svg>
      ${percent === null ? nothing : html`<span class="percent" aria-hidden="true" data-percent=${percent}></span>`}`
  }
}

customElements.define('headway-jobs', HeadwayJobs)
