/** What a job did, in lines: followed live until somebody scrolls up to read. */

import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'

import { API } from '../../client/api.ts'
import { listLines } from '../../client/jobs-api.ts'
import type { Job, LogLine } from '../../client/types.ts'
import { copyText } from '../../elements/copy-text.ts'
import { isEnded, titleOf } from '../../elements/job-words.ts'
import { plural } from '../../elements/sizes.ts'
import { toneStyles } from '../../elements/tone-styles.ts'
import { asText, clockTime, entries, joined, type LogEntry } from './log-lines.ts'
import { sayError } from './say-error.ts'
import { sectionStyles } from './section-styles.ts'

const ASK_MILLISECONDS = 1000
/** After its end a job may have a last line to write. */
const LAST_MILLISECONDS = 2500
/** Nearer to the end than this is at the end: a line's height and a little. */
const NEAR_PIXELS = 24
const SIGNS: Record<string, string> = { warning: '!', error: '✕' }

/** Says `said` with what a status region should tell. */
class JobLog extends LitElement {
  static override styles = [
    sectionStyles,
    toneStyles,
    css`
      :host {
        margin-block-start: 1.25rem;
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 0.5rem 1rem;
      }
      .frame {
        position: relative;
      }
      .lines {
        max-block-size: 22rem;
        margin: 0.75rem 0 0;
        padding: 0.6rem 0.75rem;
        overflow: auto;
        border: 1px solid var(--line);
        border-radius: 8px;
        background: var(--panel);
        font: 0.9em/1.55 ui-monospace, monospace;
        overflow-anchor: none;
      }
      ol {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        display: grid;
        grid-template-columns: auto 1ch minmax(0, 1fr);
        gap: 0 0.75rem;
      }
      li.apart {
        display: block;
        padding-block: 0.3rem;
        color: var(--muted);
        font-family: system-ui, sans-serif;
      }
      time,
      .raw {
        color: var(--muted);
        white-space: nowrap;
      }
      .raw {
        grid-column: 1 / -1;
        white-space: normal;
        overflow-wrap: anywhere;
      }
      .text {
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .new {
        position: absolute;
        inset-block-end: 0.75rem;
        inset-inline: 0;
        inline-size: fit-content;
        margin-inline: auto;
        box-shadow: var(--shadow);
      }
      label {
        display: inline-flex;
        align-items: center;
        gap: 0.4rem;
        min-block-size: 32px;
      }
      label input {
        min-block-size: 0;
        margin: 0;
      }
      @media (max-width: 30rem) {
        li {
          grid-template-columns: 1ch minmax(0, 1fr);
        }
        li time {
          grid-column: 1 / -1;
        }
      }
      @media (forced-colors: active) {
        .lines {
          border-color: CanvasText;
        }
      }
    `,
  ]
  static override properties = {
    job: { attribute: false },
    lines: { state: true },
    problem: { state: true },
    follows: { state: true },
    unseen: { state: true },
    raw: { state: true },
    copied: { state: true },
    heard: { state: true },
  }
  declare job: Job | null
  declare lines: readonly LogLine[]
  declare problem: string
  /** Whether the newest line is kept in view. */
  declare follows: boolean
  declare unseen: number
  declare raw: boolean
  declare copied: string
  /** Whether a screen reader is to read new lines out: only to somebody who has gone to them. */
  declare heard: boolean

  #asked = new AbortController()
  #timer = 0
  #askedAt = -Infinity
  #isAsking = false

  constructor() {
    super()
    this.job = null
    this.lines = []
    this.problem = ''
    this.follows = true
    this.unseen = 0
    this.raw = false
    this.copied = ''
    this.heard = false
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#timer)
    this.#asked.abort()
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const { job } = this
    this.hidden = !job || (isEnded(job) && !this.lines.length && !this.problem)
    if (!changed.has('job') || !job) return
    const before = changed.get('job')
    if (before && before.id !== job.id) this.#forget()
    if (before?.version !== job.version || before.id !== job.id) this.#askSoon()
    if (isEnded(job) && !(before && isEnded(before))) this.#timerFor(LAST_MILLISECONDS)
  }

  override updated(changed: PropertyValues<this>): void {
    if (this.follows && (changed.has('lines') || changed.has('follows') || changed.has('raw'))) this.#toEnd()
  }

  #forget(): void {
    this.#asked.abort()
    this.#asked = new AbortController()
    this.#askedAt = -Infinity
    this.lines = []
    this.follows = true
    this.unseen = 0
  }

  /** Ask for what is new, not oftener than once a second however often the job changes. */
  #askSoon(): void {
    const wait = this.#askedAt + ASK_MILLISECONDS - performance.now()
    if (wait <= 0) void this.#ask()
    else this.#timerFor(wait)
  }

  #timerFor(milliseconds: number): void {
    clearTimeout(this.#timer)
    this.#timer = window.setTimeout(() => void this.#ask(), milliseconds)
  }

  async #ask(): Promise<void> {
    const { job } = this
    if (!job || this.#isAsking) return
    this.#isAsking = true
    this.#askedAt = performance.now()
    const { signal } = this.#asked
    try {
      for (let more = true; more && !signal.aborted; ) {
        const page = await listLines(job.id, this.lines.at(-1)?.number ?? null, signal)
        if (signal.aborted) break
        this.#take(joined(this.lines, page))
        more = page.more
      }
      this.problem = ''
    } catch (error) {
      if (!signal.aborted) this.problem = sayError(error)
    }
    this.#isAsking = false
    if (signal.aborted && this.isConnected) void this.#ask()
  }

  #take(lines: readonly LogLine[]): void {
    const last = this.lines.at(-1)?.number ?? 0
    if (!this.follows) this.unseen += lines.filter(({ number }) => number > last).length
    this.lines = lines
  }

  get #frame(): HTMLElement | null {
    return this.renderRoot.querySelector('.lines')
  }

  #toEnd(): void {
    const frame = this.#frame
    if (frame) frame.scrollTop = frame.scrollHeight
  }

  /** Who scrolls up wants to read; who comes back to the end wants to follow. */
  readonly #onScroll = (): void => {
    const frame = this.#frame
    if (!frame) return
    const atEnd = frame.scrollHeight - frame.scrollTop - frame.clientHeight <= NEAR_PIXELS
    if (atEnd) this.unseen = 0
    this.follows = atEnd
  }

  readonly #listen = ({ type }: Event): void => void (this.heard = type === 'focus')

  readonly #follow = (): void => {
    this.unseen = 0
    this.follows = true
    this.#frame?.focus({ preventScroll: true })
  }

  readonly #copy = async (): Promise<void> => {
    this.copied = (await copyText(asText(this.lines))) ? `${plural(this.lines.length, 'line', 'lines')} copied` : 'Select the lines and copy them'
    this.dispatchEvent(new CustomEvent<string>('said', { detail: this.copied }))
  }

  override render(): TemplateResult | typeof nothing {
    const { job, lines } = this
    if (!job) return nothing
    const href = `${API}/jobs/${job.id}/logs?format=text&limit=1000`
    return html`<div class="head">
        <h2 id="title">Log</h2>
        ${
          lines.length
            ? html`<div class="bar">
              ${this.copied ? html`<span class="muted">${this.copied}</span>` : nothing}
              <label><input type="checkbox" .checked=${this.raw} @change=${() => (this.raw = !this.raw)} />Raw details</label>
              <button @click=${this.#copy}>Copy</button>
              <a class="button" href=${href} download="log of ${titleOf(job)}.txt">Save</a>
            </div>`
            : nothing
        }
      </div>
      ${this.problem ? html`<p class="bad" role="alert">${this.problem} <button @click=${() => this.#ask()}>Retry</button></p>` : nothing}
      ${lines.length ? this.#renderLines(job) : html`<p class="muted">${this.problem ? nothing : 'It has not said anything yet.'}</p>`}`
  }

  #renderLines(job: Job): TemplateResult {
    return html`<div class="frame">
      <div class="lines" tabindex="0" role="log" aria-live=${this.heard && this.follows ? 'polite' : 'off'} aria-labelledby="title" @scroll=${this.#onScroll} @focus=${this.#listen} @blur=${this.#listen}>
        <ol>
          ${repeat(
            entries(this.lines, job.attempt),
            (entry) => entry.key,
            (entry) => this.#renderEntry(entry),
          )}
        </ol>
      </div>
      ${
        this.follows || (isEnded(job) && !this.unseen)
          ? nothing
          : html`<button class="new" @click=${this.#follow}>${this.unseen ? plural(this.unseen, 'new line', 'new lines') : 'Paused'} · follow</button>`
      }
    </div>`
  }

  #renderEntry(entry: LogEntry): TemplateResult {
    if (entry.kind !== 'line') return html`<li class="apart">${entry.text}</li>`
    const { at, level, text, number, attempt, source } = entry.line
    const tone = level === 'error' ? 'bad' : level === 'warning' ? 'warn' : ''
    return html`<li>
      <time datetime=${at}>${clockTime(at)}</time>
      <span class=${tone} aria-hidden="true">${SIGNS[level] ?? ''}</span>
      <span class="text ${tone}">${tone ? html`<span class="hidden">${level}: </span>` : nothing}${text}</span>
      ${this.raw ? html`<span class="raw">#${number} · ${at} · ${level} · ${source} · attempt ${attempt}</span>` : nothing}
    </li>`
  }
}

customElements.define('headway-job-log', JobLog)
