/** Jobs of all owners in a table, with what an operator may do to each. */

import { html, LitElement, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'

import type { OperatorJob } from '../../client/operator-types.ts'
import { controlStyles } from '../../elements/control-styles.ts'
import { kindWord, sayPhase } from '../../elements/job-words.ts'
import { formatAgo, formatMoment } from '../../elements/sizes.ts'
import { operatorStyles } from './operator-styles.ts'
import { personName } from './operator-words.ts'

export interface Steer {
  job: OperatorJob
  deed: 'cancel' | 'retry'
}

/** Says `steer` with the job and what shall be done to it. */
export class OperatorJobs extends LitElement {
  static override styles = [controlStyles, operatorStyles]
  static override properties = {
    jobs: { attribute: false },
    label: { attribute: false },
    since: { attribute: false },
    busy: { attribute: false },
  }
  declare jobs: readonly OperatorJob[]
  /** What the table is called. */
  declare label: string
  /** What it was that began `since`. */
  declare since: string
  /** The ids of jobs to which something is being done. */
  declare busy: ReadonlySet<string>

  constructor() {
    super()
    this.jobs = []
    this.label = 'Jobs'
    this.since = 'Since'
    this.busy = new Set()
  }

  override render(): TemplateResult {
    return html`<table role="table" aria-label=${this.label}>
      <thead role="rowgroup">
        <tr role="row">
          ${['Job', 'Owner', 'State', this.since].map((text) => html`<th role="columnheader" scope="col">${text}</th>`)}
          <th role="columnheader" scope="col"><span class="hidden">Actions</span></th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${repeat(
          this.jobs,
          ({ id }) => id,
          (job) => this.#renderJob(job),
        )}
      </tbody>
    </table>`
  }

  #renderJob(job: OperatorJob): TemplateResult {
    const attempt = job.attempt > 1 ? `, attempt ${job.attempt}` : ''
    return html`<tr role="row">
      <th role="rowheader" scope="row">${jobName(job)}<small>${kindWord(job.job_type)}${attempt} · <code>${job.id}</code></small></th>
      <td role="cell" data-label="Owner">${personName(job.owner)}</td>
      <td role="cell">
        ${sayPhase(job.phase)}${job.phase === 'failed' ? nothing : `, ${job.progress}%`}
        <small>${job.error ?? job.message ?? ''} ${job.code ? html`<code>${job.code}</code>` : nothing}</small>
      </td>
      <td role="cell" class="time" data-label=${this.since}>
        <time datetime=${job.since} title=${formatMoment(job.since)}>${formatAgo(job.since)}</time>
      </td>
      <td role="cell" class="actions">${this.#renderAction(job)}</td>
    </tr>`
  }

  #renderAction(job: OperatorJob): TemplateResult | typeof nothing {
    const ended = job.phase === 'failed' || job.phase === 'cancelled' || job.phase === 'completed' || job.phase === 'partial'
    if (ended) return job.retryable ? this.#renderButton(job, 'retry', 'Try again') : nothing
    return job.phase === 'cancelling' ? nothing : this.#renderButton(job, 'cancel', 'Cancel…')
  }

  #renderButton(job: OperatorJob, deed: Steer['deed'], text: string): TemplateResult {
    const say = (): boolean => this.dispatchEvent(new CustomEvent<Steer>('steer', { detail: { job, deed } }))
    return html`<button aria-disabled=${this.busy.has(job.id)} aria-label="${text} ${jobName(job)}" @click=${say}>${text}</button>`
  }
}

export function jobName(job: OperatorJob): string {
  return job.title || kindWord(job.job_type)
}

customElements.define('headway-operator-jobs', OperatorJobs)

declare global {
  interface HTMLElementTagNameMap {
    'headway-operator-jobs': OperatorJobs
  }
}
