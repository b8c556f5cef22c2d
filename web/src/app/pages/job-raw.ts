/** A job as it is, for operators: ids, versions, every event, and all of it to be copied into a report. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import type { Job, JobAttempt, JobEvent } from '../../client/types.ts'
import { controlStyles } from '../../elements/control-styles.ts'
import { copyText } from '../../elements/copy-text.ts'

/** Says `said` with what a status region should tell. */
class JobRaw extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
        margin-block-start: 1.25rem;
      }
      summary {
        min-block-size: 32px;
        align-content: center;
        font-weight: 550;
        cursor: pointer;
      }
      details > * + * {
        margin-block-start: 0.75rem;
      }
      dl {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: 0.25rem 1rem;
        margin-block-end: 0;
      }
      dt,
      th {
        color: var(--muted);
      }
      dd {
        margin: 0;
        overflow-wrap: anywhere;
      }
      .scroll {
        overflow: auto;
      }
      table {
        border-collapse: collapse;
      }
      th,
      td {
        padding: 0.2rem 1.25rem 0.2rem 0;
        border-block-end: 1px solid var(--line);
        font-weight: 400;
        text-align: start;
        vertical-align: top;
        white-space: nowrap;
      }
      td:last-child {
        min-inline-size: 14rem;
        white-space: normal;
        overflow-wrap: anywhere;
      }
      dd,
      td,
      pre {
        font-family: ui-monospace, monospace;
        font-size: 0.93em;
      }
      pre {
        max-block-size: 30rem;
        margin-block-end: 0;
        overflow: auto;
        padding: 0.75rem;
        border-radius: 8px;
        background: var(--panel);
      }
    `,
  ]
  static override properties = { job: { attribute: false }, attempts: { attribute: false }, events: { attribute: false }, copied: { state: true } }
  declare job: Job | null
  declare attempts: readonly JobAttempt[]
  declare events: readonly JobEvent[]
  declare copied: string

  constructor() {
    super()
    this.job = null
    this.attempts = []
    this.events = []
    this.copied = ''
  }

  get #text(): string {
    return JSON.stringify({ job: this.job, attempts: this.attempts, events: this.events }, null, 2)
  }

  async #copy(): Promise<void> {
    this.copied = (await copyText(this.#text)) ? 'Copied' : 'Select the text below and copy it'
    this.dispatchEvent(new CustomEvent<string>('said', { detail: this.copied }))
  }

  override render(): TemplateResult | typeof nothing {
    const { job } = this
    if (!job) return nothing
    return html`<details>
      <summary>Raw details</summary>
      ${this.#renderFacts(job)} ${this.#renderEvents()}
      <div class="bar"><button @click=${this.#copy}>Copy everything as JSON</button><span class="muted">${this.copied}</span></div>
      <pre tabindex="0" role="region" aria-label="The job as JSON">${JSON.stringify(job, null, 2)}</pre>
    </details>`
  }

  #renderFacts(job: Job): TemplateResult {
    const workers = [...new Set(this.attempts.map((attempt) => attempt.worker).filter(Boolean))].join(', ')
    const facts: [string, unknown][] = [
      ['Job', job.id],
      ['Dataset', job.related_dataset_id],
      ['Support id', job.problem?.['support_id']],
      ['Version', job.version],
      ['Status', `${job.status}, ${job.phase}`],
      ['Stage', job.stage],
      ['Attempt', job.attempt],
      ['Workers', workers],
    ]
    return html`<dl>
      ${facts.filter(([, value]) => value !== null && value !== undefined && value !== '').map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}
    </dl>`
  }

  #renderEvents(): TemplateResult {
    return html`<div class="scroll" tabindex="0" role="region" aria-label="Events">
      <table>
        <thead>
          <tr>${['No.', 'At', 'Event', 'Attempt', 'Data'].map((text) => html`<th scope="col">${text}</th>`)}</tr>
        </thead>
        <tbody>
          ${this.events.map(
            ({ seq, at, kind, attempt, data }) => html`<tr>
              <td>${seq}</td>
              <td>${at}</td>
              <td>${kind}</td>
              <td>${attempt}</td>
              <td>${Object.keys(data).length ? JSON.stringify(data) : ''}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>`
  }
}

customElements.define('headway-job-raw', JobRaw)
