/** `<headway-interrupted-upload>`: an upload whose page is gone. Its file has to be chosen again: no page may keep one. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import type { Job } from '../client/types.ts'
import { type JobSource, otherThan } from './job-source.ts'
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
    const said = { state: 'Paused', sentence: sayInterrupted(job), tone: 'warn', percent: interruptedPercent(job) } as const
    return html`${renderSaid(job.title, said)} ${this.other ? this.#renderOther(this.other) : nothing}
      <div class="bar">
        <label class="button choose">
          Choose it again
          <input type="file" aria-label="Choose ${job.title} again" @change=${this.#onChoose} />
        </label>
        ${this.isGivingUp ? nothing : html`<button aria-label="Cancel ${job.title}" @click=${this.#giveUp}>Cancel</button>`}
      </div>`
  }

  #renderOther(file: File): TemplateResult {
    return html`<div class="other" role="alert">
      <p>${file.name} is a different file: ${otherThan(this.job, file)}. Start a new upload?</p>
      <div class="bar">
        <button @click=${() => this.#takeAsNew(file)}>Upload it as a new file</button>
        <button @click=${() => (this.other = null)}>No</button>
      </div>
    </div>`
  }
}

customElements.define('headway-interrupted-upload', InterruptedUpload)
