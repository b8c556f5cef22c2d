/** Asks before jobs are deleted, and says what stays. */

import { css, html, LitElement, type TemplateResult } from 'lit'

import type { Job } from '../../client/types.ts'
import { controlStyles } from '../../elements/control-styles.ts'
import { DialogAnswer } from '../../elements/dialog-answer.ts'
import { plural } from '../../elements/sizes.ts'

const MOST_NAMED = 5

export class JobDeleteDialog extends LitElement {
  static override styles = [
    controlStyles,
    css`
      dialog {
        inline-size: min(30rem, calc(100vw - 2rem));
      }
      form {
        display: grid;
        gap: 0.75rem;
      }
      .bar {
        justify-content: end;
      }
      .danger {
        border-color: transparent;
        background: var(--bad);
        color: var(--bg);
      }
      ul {
        margin: 0;
        padding-inline-start: 1.2rem;
        overflow-wrap: anywhere;
      }
    `,
  ]
  static override properties = { jobs: { state: true } }
  declare jobs: readonly Job[]

  #answer = new DialogAnswer()

  constructor() {
    super()
    this.jobs = []
  }

  /** Return whether the jobs shall be deleted. */
  async ask(jobs: readonly Job[]): Promise<boolean> {
    this.jobs = jobs
    await this.updateComplete
    const dialog = this.renderRoot.querySelector('dialog')
    return dialog !== null && (await this.#answer.ask(dialog)) === 'delete'
  }

  override render(): TemplateResult {
    const [first] = this.jobs
    const what = this.jobs.length === 1 && first ? first.title || first.job_type : plural(this.jobs.length, 'job', 'jobs')
    return html`<dialog aria-labelledby="heading" @close=${this.#answer.onClose}>
      <form method="dialog">
        <h2 id="heading">Delete ${what}?</h2>
        ${this.jobs.length > 1 ? this.#renderNames() : ''}
        <p>
          What is known about ${this.jobs.length === 1 ? 'this job' : 'these jobs'} is deleted for good: history, attempts
          and errors. <strong>Datasets stay as they are.</strong>
        </p>
        <div class="bar">
          <button value="keep" autofocus>Keep</button>
          <button value="delete" class="danger">Delete ${plural(this.jobs.length, 'job', 'jobs')}</button>
        </div>
      </form>
    </dialog>`
  }

  #renderNames(): TemplateResult {
    const left = this.jobs.length - MOST_NAMED
    return html`<ul>
      ${this.jobs.slice(0, MOST_NAMED).map((job) => html`<li>${job.title || job.job_type}</li>`)}
      ${left > 0 ? html`<li>and ${plural(left, 'other', 'others')}</li>` : ''}
    </ul>`
  }
}

customElements.define('headway-job-delete-dialog', JobDeleteDialog)

declare global {
  interface HTMLElementTagNameMap {
    'headway-job-delete-dialog': JobDeleteDialog
  }
}
