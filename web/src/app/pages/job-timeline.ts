/** The history of a job for people: every attempt with its stages, how it ended, and what came between. */

import { css, html, LitElement, nothing, svg, type TemplateResult } from 'lit'

import type { Job, JobAttempt, JobEvent } from '../../client/types.ts'
import { controlStyles } from '../../elements/control-styles.ts'
import { duration } from '../../elements/job-figures.ts'
import { isEnded } from '../../elements/job-words.ts'
import { formatMoment } from '../../elements/sizes.ts'
import { toneStyles } from '../../elements/tone-styles.ts'
import { type Entry, type Note, sayAttempt, sayLength, stageBars, type StageBar, timeline } from './attempt-words.ts'

const TICK_MILLISECONDS = 1000

class JobTimeline extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
      }
      ol {
        margin: 0.75rem 0 0;
        padding: 0;
        list-style: none;
      }
      /* A line from one thing to the next, with a point for each. */
      li.entry {
        position: relative;
        padding: 0 0 1rem 1.4rem;
      }
      li.entry::before {
        position: absolute;
        inset-block: 0.65rem -0.65rem;
        inset-inline-start: 4px;
        border-inline-start: 2px solid var(--line);
        content: '';
      }
      li.entry:last-child {
        padding-block-end: 0;
      }
      li.entry:last-child::before {
        display: none;
      }
      li.entry::after {
        position: absolute;
        inset-block-start: 0.35rem;
        inset-inline-start: 0;
        inline-size: 10px;
        block-size: 10px;
        border: 2px solid var(--muted);
        border-radius: 50%;
        background: var(--bg);
        content: '';
      }
      li.attempt::after {
        border-color: var(--accent);
        background: var(--accent);
      }
      .line {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        justify-content: space-between;
        gap: 0 1rem;
      }
      h3 {
        font-size: 1rem;
        font-weight: 600;
      }
      h3 .took {
        font-weight: 400;
      }
      .when,
      .took {
        color: var(--muted);
        font-variant-numeric: tabular-nums;
      }
      .stages {
        display: grid;
        grid-template-columns: minmax(7rem, auto) minmax(3rem, 1fr) auto;
        align-items: center;
        gap: 0.25rem 0.75rem;
        margin-block-start: 0.5rem;
      }
      .stages li {
        display: grid;
        grid-column: 1 / -1;
        grid-template-columns: subgrid;
        align-items: center;
      }
      .stages .took {
        text-align: end;
      }
      svg {
        display: block;
        inline-size: 100%;
        block-size: 8px;
      }
      .track {
        fill: var(--line);
      }
      .fill {
        fill: var(--accent);
      }
      .during {
        margin-block-start: 0.4rem;
      }
      .trouble {
        margin-block-start: 0.5rem;
        padding-inline-start: 0.75rem;
        border-inline-start: 3px solid currentcolor;
        overflow-wrap: anywhere;
      }
      .trouble > * {
        color: var(--fg);
      }
      @media (max-width: 26rem) {
        .stages {
          grid-template-columns: 1fr auto;
        }
        .stages svg {
          grid-column: 1 / -1;
          grid-row: 2;
        }
      }
      @media (forced-colors: active) {
        .track {
          fill: Canvas;
          stroke: CanvasText;
          stroke-width: 2px;
          vector-effect: non-scaling-stroke;
        }
        .fill {
          fill: CanvasText;
        }
      }
    `,
    toneStyles,
  ]
  static override properties = {
    job: { attribute: false },
    attempts: { attribute: false },
    events: { attribute: false },
    now: { state: true },
  }
  declare job: Job | null
  declare attempts: readonly JobAttempt[]
  declare events: readonly JobEvent[]
  declare now: number

  #ticking: ReturnType<typeof setInterval> | undefined

  constructor() {
    super()
    this.job = null
    this.attempts = []
    this.events = []
    this.now = Date.now()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#tick(false)
  }

  /** What goes on is told with how long it has been. */
  override updated(): void {
    this.#tick(this.isConnected && this.attempts.some((attempt) => !attempt.ended_at))
  }

  #tick(needed: boolean): void {
    if (needed) this.#ticking ??= setInterval(() => (this.now = Date.now()), TICK_MILLISECONDS)
    else {
      clearInterval(this.#ticking)
      this.#ticking = undefined
    }
  }

  override render(): TemplateResult | typeof nothing {
    const { job } = this
    if (!job) return nothing
    return html`<ol>
      ${timeline(job, this.attempts, this.events).map((entry) =>
        entry.kind === 'note' ? this.#renderNote(entry.note, entry.later) : this.#renderAttempt(job, entry),
      )}
    </ol>`
  }

  #renderNote(note: Note, later: string): TemplateResult {
    return html`<li class="entry">
      <div class="line"><span>${note.text}</span>${this.#renderWhen(note.at, later)}</div>
    </li>`
  }

  #renderWhen(at: string, later: string): TemplateResult {
    return html`<time class="when" datetime=${at} title=${formatMoment(at)}>${later || formatMoment(at)}</time>`
  }

  #renderAttempt(job: Job, { attempt, later, notes, isLast }: Entry & { kind: 'attempt' }): TemplateResult {
    const said = sayAttempt(attempt, isLast, isEnded(job))
    return html`<li class="entry attempt">
      <div class="line">
        <h3>Attempt ${attempt.number} <span class=${said.tone}><span aria-hidden="true">${said.icon}</span> <span>${said.word}</span></span> <span class="took">${sayLength(attempt, this.now)}</span></h3>
        ${this.#renderWhen(attempt.started_at, later)}
      </div>
      ${said.sentence ? html`<p>${said.sentence}</p>` : nothing}
      ${attempt.stages.length ? this.#renderStages(attempt) : nothing}
      ${notes.map(
        ({ at, text }) => html`<div class="line during">
          <span>${text}</span><time class="when" datetime=${at} title=${formatMoment(at)}>after ${duration(attempt.started_at, at)}</time>
        </div>`,
      )}
      ${this.#renderProblem(job, attempt, isLast)}
    </li>`
  }

  #renderStages(attempt: JobAttempt): TemplateResult {
    return html`<ol class="stages" aria-label="Stages of attempt ${attempt.number}">
      ${stageBars(attempt, this.now).map((bar) => this.#renderStage(bar))}
    </ol>`
  }

  /** Drawn, not styled: the policy of the pages allows no style attributes. */
  #renderStage({ text, took, begin, length }: StageBar): TemplateResult {
    return html`<li>
      <span>${text}</span>
      <svg viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">
        ${svg`<rect class="track" width="1000" height="8" rx="4" /><rect class="fill" x=${Math.min(begin, 992)} width=${Math.max(8, length)} height="8" rx="4" />`}
      </svg>
      <span class="took">${took}</span>
    </li>`
  }

  /** The problem that ended the job itself stands at the top of the page, with what to do. */
  #renderProblem(job: Job, { problem }: JobAttempt, isLast: boolean): TemplateResult | typeof nothing {
    if (!problem) return nothing
    if (isLast && job.problem?.code === problem.code) return html`<div class="trouble bad"><p>${problem.title}</p></div>`
    return html`<div class="trouble warn">
      <p><strong>${problem.title}</strong></p>
      ${problem.detail && problem.detail !== problem.title ? html`<p>${problem.detail}</p>` : nothing}
      <p>${problem.user_action}</p>
    </div>`
  }
}

customElements.define('headway-job-timeline', JobTimeline)
