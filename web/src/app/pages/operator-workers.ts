/** Workers: those that are alive with what each of them does, and those that stopped without a word. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'

import type { OperatorJob, Worker } from '../../client/operator-types.ts'
import { controlStyles } from '../../elements/control-styles.ts'
import { sayPhase } from '../../elements/job-words.ts'
import { progressStyles } from '../../elements/progress-styles.ts'
import { formatAgo, formatBytes, formatMoment, plural } from '../../elements/sizes.ts'
import { toneStyles } from '../../elements/tone-styles.ts'
import { jobName } from './operator-jobs.ts'
import { operatorStyles } from './operator-styles.ts'
import { personName } from './operator-words.ts'

export class OperatorWorkers extends LitElement {
  static override styles = [
    controlStyles,
    progressStyles,
    operatorStyles,
    toneStyles,
    css`
      ul {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li + li {
        margin-block-start: 0.5rem;
      }
      progress {
        max-inline-size: 16rem;
        margin-block-start: 0.2rem;
      }
    `,
  ]
  static override properties = { workers: { attribute: false }, lost: { attribute: false } }
  declare workers: readonly Worker[]
  declare lost: readonly Worker[]

  constructor() {
    super()
    this.workers = []
    this.lost = []
  }

  override render(): TemplateResult {
    if (!this.workers.length && !this.lost.length) {
      return html`<p class="none">None has been heard of in the last day. Start one where Headway is installed: <code>headway worker</code></p>`
    }
    return html`<table role="table" aria-label="Workers">
      <thead role="rowgroup">
        <tr role="row">
          ${['Worker', 'Works on', 'Memory', 'Started', 'Heard of'].map((text) => html`<th role="columnheader" scope="col">${text}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${repeat(
          this.workers,
          ({ id }) => id,
          (worker) => this.#renderAlive(worker),
        )}
        ${repeat(
          this.lost,
          ({ id }) => id,
          (worker) => this.#renderLost(worker),
        )}
      </tbody>
    </table>`
  }

  #renderName(worker: Worker): TemplateResult {
    const version = worker.version ? ` · Headway ${worker.version}` : ''
    return html`<th role="rowheader" scope="row">${worker.host}<small>process ${worker.pid}${version} · <code>${worker.id}</code></small></th>`
  }

  #renderAlive(worker: Worker): TemplateResult {
    const { imports, bulk } = worker.places
    const free = imports === null ? 'Waits for jobs' : `Waits for jobs: ${plural(imports, 'place', 'places')} for imports, ${bulk} for long jobs`
    return html`<tr role="row">
      ${this.#renderName(worker)}
      <td role="cell">${worker.jobs.length ? this.#renderJobs(worker.jobs) : html`<span class="muted">${free}</span>`}</td>
      <td role="cell" class="time" data-label="Memory">${worker.memory_bytes === null ? nothing : formatBytes(worker.memory_bytes)}</td>
      <td role="cell" class="time" data-label="Started">${renderAgo(worker.started_at)}</td>
      <td role="cell" class="time" data-label="Heard of">${renderAgo(worker.beat_at)}</td>
    </tr>`
  }

  #renderJobs(jobs: readonly OperatorJob[]): TemplateResult {
    return html`<ul>
      ${repeat(
        jobs,
        ({ id }) => id,
        (job) => html`<li>
          ${jobName(job)}
          <small>${personName(job.owner)} · ${job.message || sayPhase(job.phase)} · ${job.progress}%</small>
          <progress aria-label=${jobName(job)} max="100" .value=${job.progress}></progress>
        </li>`,
      )}
    </ul>`
  }

  #renderLost(worker: Worker): TemplateResult {
    return html`<tr role="row">
      ${this.#renderName(worker)}
      <td role="cell" class="warn">Stopped without a word. What it worked on was given to others.</td>
      <td role="cell"></td>
      <td role="cell" class="time" data-label="Started">${renderAgo(worker.started_at)}</td>
      <td role="cell" class="time" data-label="Heard of">${renderAgo(worker.beat_at)}</td>
    </tr>`
  }
}

function renderAgo(at: string): TemplateResult {
  return html`<time datetime=${at} title=${formatMoment(at)}>${formatAgo(at)}</time>`
}

customElements.define('headway-operator-workers', OperatorWorkers)

declare global {
  interface HTMLElementTagNameMap {
    'headway-operator-workers': OperatorWorkers
  }
}
