/**
 * `<headway-change>`: a change of a dataset from the job that prepares it to being applied or given up. Dispatches
 * `headway-changed` once the dataset shows something else.
 */

import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'

import { getJob } from '../../client/jobs-api.ts'
import type { Job } from '../../client/types.ts'
import { isEnded } from '../../elements/job-words.ts'
import { markStyles } from '../../elements/mark-styles.ts'
import { formatCount, formatMoment } from '../../elements/sizes.ts'
import { sayJob } from '../../elements/upload-words.ts'
import { applyChange, type Change, discardChange, getChange, type Summary } from './change-api.ts'
import { sayProposal, saySummary } from './change-words.ts'
import { followJobs } from './following-jobs.ts'
import { jobsStore } from './jobs-seam.ts'
import { pageStyles } from './page-styles.ts'
import { sayError } from './say-error.ts'

const ENDS: Partial<Record<Change['state'], string>> = {
  applied: 'Applied.',
  unchanged: 'Nothing would be different, so the dataset stays as it is.',
  discarded: 'Given up. The dataset stays as it is.',
  expired: 'Nobody applied it in time. The dataset stays as it is.',
}

class ChangeView extends LitElement {
  static override styles = [
    pageStyles,
    markStyles,
    css`
      :host {
        contain: none;
        max-inline-size: none;
        margin-inline: 0;
      }
      .change {
        gap: 0.6rem;
        padding: 0.75rem 1rem;
      }
      h3 {
        font-size: 1rem;
      }
      h3:focus {
        outline: none;
      }
      ul {
        margin: 0;
        padding-inline-start: 1.2rem;
      }
      progress {
        inline-size: 100%;
        accent-color: var(--accent);
      }
      .scroll {
        overflow-x: auto;
      }
      table {
        border-collapse: collapse;
      }
      th,
      td {
        padding: 0.2rem 0.75rem 0.2rem 0;
        text-align: start;
        overflow-wrap: anywhere;
      }
      del {
        color: var(--bad);
      }
      ins {
        color: var(--ok);
      }
    `,
  ]
  static override properties = {
    table: {},
    job: {},
    change: { state: true },
    running: { state: true },
    problem: { state: true },
    isBusy: { state: true },
  }
  /** Ids of the dataset, and of the job that prepares the change. */
  declare table: string
  declare job: string
  declare change: Change | null
  declare running: Job | null
  declare problem: string
  declare isBusy: boolean

  constructor() {
    super()
    followJobs(this, () => void this.#follow())
    this.table = ''
    this.job = ''
    this.change = null
    this.running = null
    this.problem = ''
    this.isBusy = false
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('job')) return
    this.change = this.running = null
    this.problem = ''
    void this.#load()
  }

  /** What is heard live is enough until the job has ended. */
  async #follow(): Promise<void> {
    const job = jobsStore.jobs.find(({ id }) => id === this.job)
    if (!job || job.version === this.running?.version) return
    const hadEnded = this.running !== null && isEnded(this.running)
    this.running = job
    if (isEnded(job) && !hadEnded) await this.#load()
  }

  async #load(): Promise<void> {
    await this.#try(async () => {
      this.running = await getJob(this.job)
      if (!isEnded(this.running)) return
      if (this.running.status === 'completed') this.change = await getChange(this.table, this.job)
      if (this.change?.state === 'applied') this.#tell()
      await this.updateComplete
      this.renderRoot.querySelector<HTMLElement>('h3')?.focus()
    })
  }

  async #try(act: () => Promise<void>): Promise<void> {
    try {
      await act()
      this.problem = ''
    } catch (error) {
      this.problem = sayError(error)
    }
  }

  #tell(): void {
    this.dispatchEvent(new CustomEvent('headway-changed', { bubbles: true, composed: true }))
  }

  async #decide(act: (dataset: string, job: string) => Promise<unknown>): Promise<void> {
    if (this.isBusy) return
    this.isBusy = true
    await this.#try(async () => {
      await act(this.table, this.job)
      this.change = await getChange(this.table, this.job)
      this.#tell()
    })
    this.isBusy = false
  }

  // ------------------------------------------------------------------ rendering

  override render(): TemplateResult {
    return html`<div class="mark calm change" role="group" aria-label="Change">
      ${this.change ? this.#renderChange(this.change) : this.#renderJob()}
      ${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : nothing}
    </div>`
  }

  #renderJob(): TemplateResult {
    const said = this.running ? sayJob(this.running) : null
    return html`<p role="status"><strong>${said?.state ?? 'Waiting'}</strong> ${said?.sentence ?? ''}</p>
      ${said && said.percent !== undefined ? html`<progress aria-label="Preparing the change" max="100" value=${said.percent ?? 0}></progress>` : nothing}`
  }

  #renderChange(change: Change): TemplateResult {
    const isOpen = change.state === 'proposed'
    return html`<h3 tabindex="-1">${sayProposal(change)}</h3>
      ${change.summary ? this.#renderSummary(change.summary) : nothing}
      ${isOpen ? this.#renderDecision(change) : html`<p role="status">${ENDS[change.state] ?? ''}</p>`}`
  }

  #renderSummary(summary: Summary): TemplateResult {
    const columns = summary.cells?.columns.filter(({ samples }) => samples.length) ?? []
    return html`<ul>${saySummary(summary).map((sentence) => html`<li>${sentence}</li>`)}</ul>
      ${
        columns.length
          ? html`<div class="scroll" role="region" aria-label="Examples" tabindex="0">
              <table>
                <thead><tr><th scope="col">Column</th><th scope="col">Row</th><th scope="col">Now</th><th scope="col">Then</th></tr></thead>
                <tbody>${columns.slice(0, 8).map(({ column, samples }) => samples.slice(0, 3).map(({ row, before, after }) => html`<tr>
                  <td>${column}</td><td>${formatCount(row)}</td><td><del>${before ?? 'empty'}</del></td><td><ins>${after ?? 'empty'}</ins></td>
                </tr>`))}</tbody>
              </table>
            </div>`
          : nothing
      }`
  }

  #renderDecision(change: Change): TemplateResult {
    return html`<div class="bar">
        <button class="primary" aria-disabled=${this.isBusy ? 'true' : nothing} @click=${() => this.#decide(applyChange)}>Apply</button>
        <button aria-disabled=${this.isBusy ? 'true' : nothing} @click=${() => this.#decide(discardChange)}>Give it up</button>
      </div>
      <p class="muted">
        Nothing has changed yet. Applying makes a new version; the present one stays and can be gone back to.
        ${change.expires_at ? html`Goes by itself on ${formatMoment(change.expires_at)}.` : nothing}
      </p>`
  }
}

customElements.define('headway-change', ChangeView)
