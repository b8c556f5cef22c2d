/** `<headway-interrupted-upload>`: an upload whose page is gone. Its file has to be chosen again: no page may keep one. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import type { Job } from '../client/types.ts'
import { type JobSource, otherThan } from './job-source.ts'
import { say } from './say.ts'
import type { UploadQueue } from './upload-queue.ts'
import { rowStyles } from './upload-row-styles.ts'
import { renderSaid } from './upload-said.ts'
import { interruptedPercent, sayInterrupted } from './upload-words.ts'

class InterruptedUpload extends LitElement {
  static override styles = [
    rowStyles,
    css`
      .other {
        display: grid;
        gap: 0.4rem;
      }
    `,
  ]
  static override properties = {
    job: { attribute: false },
    queue: { attribute: false },
    jobs: { attribute: false },
    other: { state: true },
    isGivingUp: { state: true },
  }
  declare job: Job
  declare queue: UploadQueue
  declare jobs: JobSource | null
  /** A file that was chosen and is not the one that was begun. */
  declare other: File | null
  declare isGivingUp: boolean

  constructor() {
    super()
    this.other = null
    this.isGivingUp = false
  }

  #onChoose(event: Event): void {
    const input = event.target as HTMLInputElement
    const file = input.files?.[0]
    input.value = ''
    if (!file) return
    if (otherThan(this.job, file)) this.other = file
    else this.queue.goOn(file, this.job.id)
  }

  #takeAsNew(file: File): void {
    this.other = null
    this.queue.add([file])
  }

  async #giveUp(): Promise<void> {
    this.isGivingUp = true
    this.isGivingUp = (await this.jobs?.cancel(this.job.id)) ?? false
  }

  override render(): TemplateResult {
    const { job } = this
    const said = { state: say('Paused'), sentence: sayInterrupted(job), tone: 'warn', percent: interruptedPercent(job) } as const
    return html`${renderSaid(job.title, said)} ${this.other ? this.#renderOther(this.other) : nothing}
      <div class="bar">
        <label class="button choose">
          ${say('Choose it again')}
          <input type="file" aria-label=${say('Choose {title} again', { title: job.title })} @change=${this.#onChoose} />
        </label>
        ${this.isGivingUp ? nothing : html`<button aria-label=${say('Cancel {title}', { title: job.title })} @click=${this.#giveUp}>${say('Cancel')}</button>`}
      </div>`
  }

  #renderOther(file: File): TemplateResult {
    return html`<div class="other" role="alert">
      <p>${say('{name} is a different file: {why}. Start a new upload?', { name: file.name, why: otherThan(this.job, file) })}</p>
      <div class="bar">
        <button @click=${() => this.#takeAsNew(file)}>${say('Upload it as a new file')}</button>
        <button @click=${() => (this.other = null)}>${say('No')}</button>
      </div>
    </div>`
  }
}

customElements.define('headway-interrupted-upload', InterruptedUpload)
