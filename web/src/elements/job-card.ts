/** `<headway-job-card>`: one job in a list, with its state, its bar and what can be done with it. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import { cancelJob, dismissJob } from '../client/jobs-store.ts'
import type { Job } from '../client/types.ts'
import { controlStyles } from './control-styles.ts'
import { icon, isEnded, phaseWord, sentence, tone } from './job-words.ts'
import { progressStyles } from './progress-styles.ts'
import { toneStyles } from './tone-styles.ts'

class JobCard extends LitElement {
  static override styles = [
    controlStyles,
    progressStyles,
    css`
      :host {
        display: block;
        padding: 0.8rem 1rem;
      }
      .top {
        display: flex;
        align-items: baseline;
        justify-content: space-between;
        gap: 1rem;
      }
      .title {
        color: inherit;
        font-weight: 600;
        overflow-wrap: anywhere;
        text-decoration: none;
      }
      .title:hover {
        text-decoration: underline;
      }
      .state {
        flex: none;
        color: var(--muted);
        font-size: 0.93em;
      }
      p {
        color: var(--muted);
        font-variant-numeric: tabular-nums;
        overflow-wrap: anywhere;
      }
      p.do {
        color: var(--fg);
      }
      progress {
        margin-block: 0.45rem 0.35rem;
      }
      :host([stale]) progress {
        opacity: 0.5;
      }
      .bar {
        margin-block-start: 0.5rem;
      }
    `,
    toneStyles,
  ]
  static override properties = { job: { attribute: false }, stale: { type: Boolean, reflect: true }, problem: { state: true } }
  declare job: Job
  declare stale: boolean
  declare problem: string

  constructor() {
    super()
    this.stale = false
    this.problem = ''
  }

  override render(): TemplateResult {
    const job = this.job
    return html`<div class="top">
        <a class="title" id="title" href="/jobs/${job.id}">${job.title || job.job_type}</a>
        <span class="state ${tone(job)}"><span aria-hidden="true">${icon(job)}</span> ${phaseWord(job)}</span>
      </div>
      ${isEnded(job)
        ? nothing
        : html`<progress aria-labelledby="title" aria-valuetext="${job.progress} percent, ${phaseWord(job)}" max="100" .value=${job.progress}></progress>`}
      <p>${sentence(job)}</p>
      ${job.problem ? html`<p class="do">${job.problem.user_action}</p>` : nothing}
      ${this.problem ? html`<p class="bad" role="alert">${this.problem}</p>` : nothing}
      <div class="bar">${this.#actions(job)}</div>`
  }

  #actions(job: Job): unknown {
    const open = job.related_dataset_id
      ? html`<a class="button" href="/datasets/${job.related_dataset_id}">Open dataset</a>`
      : nothing
    if (isEnded(job)) {
      return html`${open}<button aria-label="Dismiss ${job.title}" @click=${() => this.#do(dismissJob)}>Dismiss</button>`
    }
    if (job.cancel_requested) return nothing
    return html`<button aria-label="Cancel ${job.title}" @click=${() => this.#do(cancelJob)}>Cancel</button>`
  }

  async #do(action: (id: string) => Promise<void>): Promise<void> {
    this.problem = ''
    try {
      await action(this.job.id)
    } catch {
      this.problem = 'That did not work. Try again in a moment.'
    }
  }
}

customElements.define('headway-job-card', JobCard)
