/** `<headway-jobs>`: a button whose text is the state of the owner's jobs, and a panel with each of them, live. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'

import { buttonText, tally } from '../client/jobs-state.ts'
import { jobsStore } from '../client/jobs-store.ts'
import type { Job } from '../client/types.ts'
import { controlStyles } from './control-styles.ts'
import './job-card.ts'
import { isEnded, phaseWord } from './job-words.ts'

const MOST_SHOWN = 20

class HeadwayJobs extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: inline-block;
      }
      .open {
        gap: 0.5rem;
        font-variant-numeric: tabular-nums;
      }
      .open.busy {
        border-color: var(--accent);
        background: var(--accent-soft);
        color: var(--accent);
        font-weight: 550;
      }
      .open.failed {
        border-color: var(--bad);
        color: var(--bad);
      }
      .spin {
        inline-size: 12px;
        block-size: 12px;
        border: 2px solid color-mix(in srgb, currentcolor 30%, transparent);
        border-block-start-color: currentcolor;
        border-radius: 50%;
        animation: spin 1s linear infinite;
      }
      @keyframes spin {
        to {
          rotate: 1turn;
        }
      }
      [popover] {
        inset: auto;
        inset-block-start: 3.4rem;
        inset-inline-end: 1.25rem;
        position: fixed;
        inline-size: min(27rem, calc(100vw - 1.6rem));
        max-block-size: calc(100dvh - 5rem);
        margin: 0;
        padding: 0;
        border: 1px solid var(--line);
        border-radius: 12px;
        background: var(--bg);
        color: var(--fg);
        box-shadow: var(--shadow);
        overflow: auto;
      }
      .head {
        position: sticky;
        inset-block-start: 0;
        z-index: 1;
        display: flex;
        align-items: center;
        gap: 0.5rem;
        padding: 0.65rem 1rem;
        border-block-end: 1px solid var(--line);
        background: var(--bg);
      }
      h2 {
        flex: 1;
        font-size: 1rem;
      }
      .close {
        inline-size: 32px;
        padding: 0;
      }
      ul {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li + li {
        border-block-start: 1px solid var(--line);
      }
      .lost {
        padding: 0.55rem 1rem;
        border-block-end: 1px solid var(--line);
        color: var(--warn);
      }
      .none {
        padding: 1.4rem 1rem;
        color: var(--muted);
      }
      @media (prefers-reduced-motion: reduce) {
        .spin {
          animation: none;
        }
      }
      @media (max-width: 34rem) {
        [popover] {
          inset-inline-end: 0.8rem;
        }
      }
    `,
  ]
  static override properties = { jobs: { state: true }, live: { state: true }, said: { state: true }, shown: { state: true } }
  declare jobs: readonly Job[]
  declare live: boolean
  /** What the one status region says; only endings are worth interrupting for. */
  declare said: string
  declare shown: boolean

  #began = Date.now()
  #running = new Set<string>()
  readonly #onChange = (): void => this.#take()

  constructor() {
    super()
    this.jobs = []
    this.live = true
    this.said = ''
    this.shown = false
  }

  override connectedCallback(): void {
    super.connectedCallback()
    jobsStore.addEventListener('change', this.#onChange)
    this.#take()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    jobsStore.removeEventListener('change', this.#onChange)
  }

  #take(): void {
    const ended = jobsStore.jobs.filter((job) => isEnded(job) && this.#running.has(job.id))
    if (ended.length) this.said = ended.map((job) => `${job.title || job.job_type}: ${phaseWord(job)}`).join('. ')
    this.#running = new Set(jobsStore.jobs.filter((job) => !isEnded(job)).map((job) => job.id))
    this.jobs = jobsStore.jobs
    // Nothing is lost yet while the first connection is being made.
    this.live = jobsStore.live || Date.now() - this.#began < 5_000
    if (!jobsStore.live && this.live) setTimeout(() => this.#take(), 5_100)
  }

  override render(): TemplateResult {
    const { running, failed } = tally(this.jobs)
    const look = running ? 'busy' : failed ? 'failed' : ''
    return html`<button class="open ${look}" popovertarget="panel" aria-expanded=${this.shown ? 'true' : 'false'}>
        ${running ? html`<span class="spin" aria-hidden="true"></span>` : nothing}${buttonText(this.jobs)}
      </button>
      <span class="hidden" role="status">${this.said}</span>
      <div id="panel" popover role="group" aria-labelledby="heading" @toggle=${this.#toggled}>
        <div class="head">
          <h2 id="heading">Jobs</h2>
          <a class="button" href="/jobs" @click=${this.#hide}>All jobs</a>
          <button class="close" popovertarget="panel" popovertargetaction="hide" aria-label="Close">✕</button>
        </div>
        ${this.live ? nothing : html`<div class="lost">Live updates lost. Reconnecting… What is shown is the last known state.</div>`}
        ${this.jobs.length ? this.#list() : html`<p class="none">Nothing is running. Jobs you start appear here, in every tab.</p>`}
      </div>`
  }

  #list(): TemplateResult {
    const ordered = [...this.jobs].sort((a, b) => rank(a) - rank(b)).slice(0, MOST_SHOWN)
    return html`<ul>
      ${repeat(
        ordered,
        (job) => job.id,
        (job) => html`<li><headway-job-card .job=${job} ?stale=${!this.live} @click=${this.#clicked}></headway-job-card></li>`,
      )}
    </ul>`
  }

  #toggled(event: ToggleEvent): void {
    this.shown = event.newState === 'open'
  }

  /** A link out of the panel closes it; its buttons do not. */
  #clicked(event: Event): void {
    if (event.composedPath().some((node) => node instanceof HTMLAnchorElement)) this.#hide()
  }

  #hide(): void {
    this.renderRoot.querySelector<HTMLElement>('#panel')?.hidePopover()
  }
}

/** What needs a person comes first, then what runs, then what is done. */
function rank(job: Job): number {
  if (job.phase === 'failed' || job.phase === 'stalled') return 0
  return isEnded(job) ? 2 : 1
}

customElements.define('headway-jobs', HeadwayJobs)
