/** `<headway-job-card>`: one job in a list, with its state, its bar and what can be done with it. */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'

import { isGuest } from '../client/api.ts'
import { dismissJob, retryJob } from '../client/jobs-store.ts'
import type { Job } from '../client/types.ts'
import { copyText } from './copy-text.ts'
import { cardStyles } from './job-card-styles.ts'
import './job-cancel.ts'
import { phaseSign, sign } from './job-icons.ts'
import { fileLink, type JobLinks, jobLink, LINKS, rejectedLink, resultLabel, resultLink, resultWord } from './job-links.ts'
import { canBeRetried } from './job-rules.ts'
import { rejectedRows, sentence } from './job-sentence.ts'
import { isEndless, isWaiting } from './job-tally.ts'
import { isEnded, isPausedUpload, phaseWord, titleOf, tone } from './job-words.ts'
import { say } from './say.ts'
import { formatAgo, formatMoment } from './sizes.ts'

/** How often what depends on the time is said anew, while a job goes on and after it has ended. */
const GOING_MILLISECONDS = 1_000
const ENDED_MILLISECONDS = 30_000
/** Jobs of which it is worth to be told. */
const LONG_MILLISECONDS = 10_000

/** Says `dismiss` before the job goes, so that the focus can go elsewhere. */
export class JobCard extends LitElement {
  static override styles = cardStyles
  static override properties = {
    job: { attribute: false },
    links: { attribute: false },
    stale: { type: Boolean, reflect: true },
    offers: { type: Boolean },
    problem: { state: true },
    busy: { state: true },
    copied: { state: true },
  }
  declare job: Job
  declare links: JobLinks
  /** Whether nobody knows if this is still so. */
  declare stale: boolean
  /** Whether it offers to tell of the end while nobody looks. */
  declare offers: boolean
  declare problem: string
  declare busy: boolean
  declare copied: string

  #clock: ReturnType<typeof setInterval> | undefined
  #hadFocus = false

  constructor() {
    super()
    this.links = LINKS
    this.stale = false
    this.offers = false
    this.problem = ''
    this.busy = false
    this.copied = ''
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearInterval(this.#clock)
  }

  /** Put the focus on the row: on its title, which opens the result. */
  override focus(): void {
    this.renderRoot.querySelector<HTMLElement>('.title')?.focus()
  }

  override willUpdate(changed: PropertyValues<this>): void {
    this.#hadFocus = Boolean(this.shadowRoot?.activeElement)
    if (!changed.has('job') && !changed.has('stale')) return
    clearInterval(this.#clock)
    // What is not heard of any more is not counted down either.
    if (!this.stale) this.#clock = setInterval(() => this.requestUpdate(), isEnded(this.job) ? ENDED_MILLISECONDS : GOING_MILLISECONDS)
  }

  /** A button that had the focus may be gone with the phase; the row is still there. */
  override updated(): void {
    if (this.#hadFocus && !this.shadowRoot?.activeElement) this.focus()
  }

  async #do(action: (id: string) => Promise<void>): Promise<void> {
    if (this.busy) return
    this.problem = ''
    this.busy = true
    try {
      await action(this.job.id)
    } catch {
      this.problem = say('That did not work. Try again in a moment.')
    }
    this.busy = false
  }

  dismiss(): void {
    if (!isEnded(this.job) || isGuest()) return
    this.dispatchEvent(new Event('dismiss', { bubbles: true, composed: true }))
    void this.#do(dismissJob)
  }

  async #copy(text: string): Promise<void> {
    this.copied = (await copyText(text)) ? say('Copied') : say('Select the text and copy it')
  }

  // ------------------------------------------------------------------ rendering

  override render(): TemplateResult {
    const { job } = this
    return html`<div class="row ${isWaiting(job) || isPausedUpload(job) || job.phase === 'cancelled' ? 'idle' : tone(job)}">
      <span class="state">${phaseSign(job)}</span>
      <div class="top">
        <h3>${this.#renderTitle(job)}</h3>
        ${isEnded(job) ? this.#renderEnd(job) : html`<span class="percent" aria-hidden="true">${isEndless(job) ? '' : `${job.progress}%`}</span>`}
      </div>
      ${isEnded(job) ? nothing : this.#renderBar(job)}
      <div class="say">
        <p>${this.#renderSentence(job)}</p>
        ${isEnded(job) ? nothing : html`${this.#renderOffer(job)}<headway-job-cancel .job=${job}></headway-job-cancel>`}
      </div>
      ${job.phase === 'uploading' && !isPausedUpload(job) ? html`<p class="note">${say('Keep the page that sends it open until then.')}</p>` : nothing}
      ${job.problem ? html`<p class="do">${job.problem.user_action}</p>` : nothing}
      ${this.problem ? html`<p class="refusal" role="alert">${this.problem}</p>` : nothing}
      ${isEnded(job) ? html`${this.#renderActions(job)} ${this.#renderDetails(job)}` : nothing}
    </div>`
  }

  /** Nobody need be told of what ends while they look. */
  #renderOffer(job: Job): TemplateResult | typeof nothing {
    const age = Date.now() - Date.parse(job.created_at)
    const left = job.expected_end ? Date.parse(job.expected_end.likely_at) - Date.now() : 0
    if (!this.offers || job.cancel_requested || Math.max(age, left) < LONG_MILLISECONDS) return nothing
    const [title, label] = [say('Tell me when it ends while I am elsewhere'), say('Notify me when {title} ends', { title: titleOf(job) })]
    return html`<button title=${title} aria-label=${label} @click=${() => this.dispatchEvent(new Event('notify'))}>
      ${sign('bell')} ${say('Notify me')}
    </button>`
  }

  /** The title opens what a job is for: its result, else what is known about it. */
  #renderTitle(job: Job): TemplateResult {
    const href = resultLink(this.links, job) || jobLink(this.links, job)
    const title = titleOf(job)
    return href ? html`<a class="title" id="title" href=${href}>${title}</a>` : html`<span class="title" id="title" tabindex="-1">${title}</span>`
  }

  #renderEnd(job: Job): TemplateResult {
    const at = job.completed_at ?? job.updated_at
    const label = say('Dismiss {title}', { title: titleOf(job) })
    return html`<time datetime=${at} title=${formatMoment(at)}>${formatAgo(at)}</time>
      ${isGuest() ? nothing : html`<button class="quiet" aria-label=${label} title=${say('Dismiss')} @click=${this.dismiss}>${sign('close')}</button>`}`
  }

  #renderBar(job: Job): TemplateResult {
    const percent = isEndless(job) ? '' : say('{percent} percent', { percent: job.progress })
    const text = [percent, phaseWord(job).replace('…', ''), sentence(job)].filter(Boolean).join(', ')
    // An indeterminate bar is one without the attribute.
    const bar =
      isEndless(job) && job.phase !== 'queued'
        ? html`<progress class="endless" aria-labelledby="title" aria-valuetext=${text} max="100"></progress>`
        : html`<progress aria-labelledby="title" aria-valuetext=${text} max="100" value=${job.progress}></progress>`
    return html`<div class="bar">${bar}${this.#renderStages(job)}</div>`
  }

  /** One tick for each stage. What runs without stages has none. */
  #renderStages(job: Job): TemplateResult | typeof nothing {
    const { stage_index: index, stage_count: count } = job
    if (!count || !index || count < 2) return nothing
    return html`<span class="stages" role="img" aria-label=${say('Stage {index} of {count}', { index, count })}>
      ${Array.from({ length: count }, (_, place) => html`<i class=${place + 1 < index ? 'past' : place + 1 === index ? 'now' : ''}></i>`)}
    </span>`
  }

  #renderSentence(job: Job): unknown {
    const said = unbroken(sentence(job))
    if (job.phase === 'running') return said || phaseWord(job)
    if (job.phase === 'uploading' && !isPausedUpload(job)) return said
    return html`<strong>${phaseWord(job)}</strong>${said ? html`<span> · ${said}</span>` : nothing}`
  }

  /** At most two things to do. */
  #renderActions(job: Job): unknown {
    const title = titleOf(job)
    const file = fileLink(job)
    const result = file ? '' : resultLink(this.links, job)
    const rows = rejectedLink(job)
    const again = canBeRetried(job) && job.problem?.retryable !== false
    const other = job.status === 'failed' && job.job_type === 'import' && !again && this.links.import
    if (!file && !result && !again && !other) return nothing
    return html`<div class="actions">
      ${file ? html`<a class="button" download href=${file} aria-label=${say('Download {title}', { title })}>${say('Download')}</a>` : nothing}
      ${result ? html`<a class="button" href=${result} aria-label=${resultLabel(this.links, job, title)}>${resultWord(this.links, job)}</a>` : nothing}
      ${rows ? html`<a class="button" href=${rows} download>${say('Download {title}', { title: rejectedRows(job) })}</a>` : nothing}
      ${again ? this.#renderAgain(title) : nothing}
      ${other ? html`<a class="button" href=${other}>${say('Choose another file')}</a>` : nothing}
    </div>`
  }

  #renderAgain(title: string): TemplateResult {
    return html`<button aria-label=${say('Try {title} again', { title })} aria-disabled=${this.busy ? 'true' : nothing} @click=${() => this.#do(retryJob)}>
        ${this.busy ? say('Starting…') : say('Try again')}
      </button>
      <span class="note">${this.job.job_type === 'export' ? say('Writes the file again.') : say('Reads the stored file again.')}</span>`
  }

  #renderDetails(job: Job): unknown {
    const { problem } = job
    if (!problem) return nothing
    const support = problem['support_id'] ? `, ${say('support id {id}', { id: problem['support_id'] })}` : ''
    const facts = `${problem.code}${support}, ${say('job {id}', { id: job.id })}`
    const [href, title] = [jobLink(this.links, job), titleOf(job)]
    return html`<details>
      <summary>${say('Details')}</summary>
      ${problem.detail && problem.detail !== problem.title ? html`<p>${problem.detail}</p>` : nothing}
      <code>${facts}</code>
      <div class="actions">
        <button aria-label=${say('Copy the details of {title}', { title })} @click=${() => this.#copy(`${title}: ${problem.title} ${problem.detail} (${facts})`)}>
          ${say('Copy')}
        </button>
        ${href ? html`<a href=${href} aria-label=${say('History of {title}', { title })}>${say('History')}</a>` : nothing}
        <span role="status">${this.copied}</span>
      </div>
    </details>`
  }
}

/** No figure is parted from its unit at the end of a line. */
function unbroken(text: string): string {
  return text.replace(/(\d) (?=[a-zA-Z])/g, '$1\u00a0')
}

customElements.define('headway-job-card', JobCard)
