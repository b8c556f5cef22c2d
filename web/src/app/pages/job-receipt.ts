/** The receipt of an ended job: what it was given, what came of it, and who did that; to be read and to be kept. */

import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'

import { API } from '../../client/api.ts'
import { getReceipt } from '../../client/jobs-api.ts'
import type { Job, Receipt } from '../../client/types.ts'
import { controlStyles } from '../../elements/control-styles.ts'
import { duration } from '../../elements/job-figures.ts'
import { isEnded, titleOf } from '../../elements/job-words.ts'
import { formatBytes, formatCount } from '../../elements/sizes.ts'
import { sayError } from './say-error.ts'

class JobReceipt extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
        margin-block-start: 1rem;
        padding-block-start: 0.9rem;
        border-block-start: 1px solid var(--line);
      }
      :host([hidden]) {
        display: none;
      }
      h2 {
        font-size: 1.05rem;
      }
      dl {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: 0.35rem 1rem;
        margin: 0.6rem 0 0.75rem;
      }
      dt {
        color: var(--muted);
      }
      dd {
        margin: 0;
        overflow-wrap: anywhere;
      }
      code {
        font: 0.86em/1.5 ui-monospace, monospace;
      }
      .problem {
        margin-block: 0.5rem;
        color: var(--bad);
      }
    `,
  ]
  static override properties = { job: { attribute: false }, receipt: { state: true }, problem: { state: true } }
  declare job: Job | null
  declare receipt: Receipt | null
  declare problem: string

  #asked = new AbortController()

  constructor() {
    super()
    this.job = null
    this.receipt = null
    this.problem = ''
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#asked.abort()
  }

  /** A job that is tried again has no receipt until it has ended again. */
  override willUpdate(changed: PropertyValues<this>): void {
    const { job } = this
    this.hidden = !job || !isEnded(job)
    if (!changed.has('job') || !job) return
    const before = changed.get('job')
    if (isEnded(job) && before?.version === job.version && before.id === job.id) return
    this.receipt = null
    if (isEnded(job)) void this.#load(job.id)
  }

  async #load(id: string): Promise<void> {
    this.#asked.abort()
    const { signal } = (this.#asked = new AbortController())
    this.problem = ''
    try {
      const receipt = await getReceipt(id, signal)
      if (!signal.aborted) this.receipt = receipt
    } catch (error) {
      if (!signal.aborted) this.problem = sayError(error)
    }
  }

  override render(): TemplateResult | typeof nothing {
    const { job, receipt } = this
    if (!job || !isEnded(job)) return nothing
    return html`<h2>Receipt</h2>
      ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p><button @click=${() => this.#load(job.id)}>Retry</button>` : nothing}
      ${receipt ? this.#renderReceipt(job, receipt) : nothing}`
  }

  #renderReceipt(job: Job, { input, rows, attempts, headway, started_at, completed_at }: Receipt): TemplateResult {
    // These only read rows.
    const stores = job.job_type !== 'validation' && job.job_type !== 'export'
    const facts: [string, unknown][] = [
      ['File', input ? `${input.file_name}, ${formatBytes(input.bytes)}` : ''],
      ['SHA-256', input ? html`<code>${input.sha256}</code>` : ''],
      ['Rows', rows && stores ? `${formatCount(rows.read)} read, ${formatCount(rows.stored)} stored, ${formatCount(rows.rejected)} rejected` : ''],
      ['Attempts', formatCount(attempts)],
      ['Worked', duration(started_at, completed_at)],
      ['Headway', headway ?? ''],
    ]
    return html`<dl>
        ${facts.filter(([, value]) => value !== '').map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}
      </dl>
      <a class="button" href="${API}/jobs/${job.id}/receipt" download="receipt of ${titleOf(job)}.json">Download receipt</a>`
  }
}

customElements.define('headway-job-receipt', JobReceipt)
