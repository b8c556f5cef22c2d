/** `<headway-job-cancel>`: the button that cancels a job. It asks only where work would be lost, and says which. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import { cancelJob } from '../client/jobs-store.ts'
import type { Job } from '../client/types.ts'
import { controlStyles } from './control-styles.ts'
import { canBeCancelled, lossOf } from './job-rules.ts'
import { titleOf } from './job-words.ts'
import { say } from './say.ts'
import { toneStyles } from './tone-styles.ts'

class JobCancel extends LitElement {
  static override styles = [
    controlStyles,
    toneStyles,
    css`
      :host {
        display: block;
      }
      .ask {
        display: grid;
        gap: 0.5rem;
        padding: 0.6rem 0.75rem;
        border-radius: 8px;
        background: var(--warn-soft);
      }
      @media (forced-colors: active) {
        .ask {
          border: 1px solid CanvasText;
        }
      }
    `,
  ]
  static override properties = { job: { attribute: false }, asking: { state: true, reflect: true, attribute: 'asking', type: Boolean }, asked: { state: true }, problem: { state: true } }
  declare job: Job
  /** Whether it asks if that is really meant. */
  declare asking: boolean
  /** The version that was cancelled here, until the server says more. */
  declare asked: number
  declare problem: string

  constructor() {
    super()
    this.asking = false
    this.asked = 0
    this.problem = ''
  }

  override render(): TemplateResult | typeof nothing {
    const { job } = this
    if (!canBeCancelled(job)) return nothing
    if (this.asking) return this.#renderQuestion(job)
    const isAsked = this.asked > 0
    const label = say(isAsked ? 'Cancelling {title}' : 'Cancel {title}', { title: titleOf(job) })
    return html`<button aria-label=${label} aria-disabled=${isAsked ? 'true' : nothing} @click=${this.#onCancel}>
        ${say(isAsked ? 'Cancelling…' : 'Cancel')}
      </button>
      ${this.problem ? html`<p class="bad" role="alert">${this.problem}</p>` : nothing}`
  }

  #renderQuestion(job: Job): TemplateResult {
    return html`<div class="ask" role="group" aria-labelledby="question" @keydown=${this.#onKey}>
      <p id="question"><strong>${say('Cancel it?')}</strong> ${lossOf(job)}</p>
      <div class="bar">
        <button class="keep" @click=${() => this.#ask(false)}>${say('Keep it running')}</button>
        <button class="yes" @click=${this.#cancel}>${say('Cancel the job')}</button>
      </div>
    </div>`
  }

  #onCancel(): void {
    if (this.asked) return
    if (lossOf(this.job)) this.#ask(true)
    else void this.#cancel()
  }

  #ask(asking: boolean): void {
    this.asking = asking
    this.#focus(asking ? '.keep' : 'button')
  }

  /** Escape takes the question back; it is not meant for what the job is shown in. */
  #onKey(event: KeyboardEvent): void {
    if (event.key !== 'Escape') return
    event.preventDefault()
    event.stopPropagation()
    this.#ask(false)
  }

  async #cancel(): Promise<void> {
    this.asking = false
    this.problem = ''
    this.asked = this.job.version
    this.#focus('button')
    try {
      await cancelJob(this.job.id)
    } catch {
      this.problem = say('It could not be cancelled. Try again in a moment.')
      this.asked = 0
    }
  }

  #focus(selector: string): void {
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(selector)?.focus())
  }
}

customElements.define('headway-job-cancel', JobCancel)
