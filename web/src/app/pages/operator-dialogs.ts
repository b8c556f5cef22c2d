/** Asks once before an operator stops somebody's work: a queue, with a reason for those who wait, or a job. */

import { html, LitElement, nothing, type TemplateResult } from 'lit'

import type { OperatorJob, Queue } from '../../client/operator-types.ts'
import { controlStyles } from '../../elements/control-styles.ts'
import { DialogAnswer } from '../../elements/dialog-answer.ts'
import { plural } from '../../elements/sizes.ts'
import { jobName } from './operator-jobs.ts'
import { operatorStyles } from './operator-styles.ts'
import { personName, queueName } from './operator-words.ts'

/** As the API takes it. */
const LONGEST_REASON = 200

type Question = { queue: Queue } | { job: OperatorJob }

export class OperatorDialogs extends LitElement {
  static override styles = [controlStyles, operatorStyles]
  static override properties = { question: { state: true } }
  declare question: Question | null

  #answer = new DialogAnswer()

  constructor() {
    super()
    this.question = null
  }

  /** Return the reason for a pause, which may be empty, or null if the queue shall go on. */
  askPause(queue: Queue): Promise<string | null> {
    return this.#ask({ queue })
  }

  /** Return whether the job shall be cancelled. */
  async askCancel(job: OperatorJob): Promise<boolean> {
    return (await this.#ask({ job })) !== null
  }

  async #ask(question: Question): Promise<string | null> {
    this.question = question
    await this.updateComplete
    const dialog = this.renderRoot.querySelector('dialog')
    if (!dialog) return null
    dialog.querySelector('form')?.reset()
    const said = await this.#answer.ask(dialog)
    return said === 'do' ? (dialog.querySelector('input')?.value.trim() ?? '') : null
  }

  override render(): TemplateResult {
    const { question } = this
    return html`<dialog aria-labelledby="heading" @close=${this.#answer.onClose}>
      <form method="dialog">
        ${question === null ? nothing : 'queue' in question ? this.#renderPause(question.queue) : this.#renderCancel(question.job)}
      </form>
    </dialog>`
  }

  #renderPause(queue: Queue): TemplateResult {
    return html`<h2 id="heading">Pause ${queueName(queue.name)}?</h2>
      <p>
        No job of this queue starts until you resume it, on any worker. ${plural(queue.running, 'job that runs goes', 'jobs that run go')} on, uploads
        are accepted, and whoever waits is told.
      </p>
      <label
        >Reason, for those who wait
        <input name="reason" maxlength=${LONGEST_REASON} autocomplete="off" autofocus />
      </label>
      <div class="bar">
        <button value="no" type="button" @click=${this.#onNo}>Keep it open</button>
        <button value="do" class="danger">Pause</button>
      </div>`
  }

  #renderCancel(job: OperatorJob): TemplateResult {
    const waits = job.phase === 'queued' || job.phase === 'retrying'
    return html`<h2 id="heading">Cancel ${jobName(job)}?</h2>
      <p>
        It belongs to ${personName(job.owner)}, who will read that the operator cancelled it.
        ${waits ? 'It has not begun.' : 'It is asked to stop; what it has done so far is lost.'}
      </p>
      <div class="bar">
        <button value="no" autofocus>Let it go on</button>
        <button value="do" class="danger">Cancel the job</button>
      </div>`
  }

  #onNo({ target }: Event): void {
    ;(target as Element).closest('dialog')?.close()
  }
}

customElements.define('headway-operator-dialogs', OperatorDialogs)

declare global {
  interface HTMLElementTagNameMap {
    'headway-operator-dialogs': OperatorDialogs
  }
}
