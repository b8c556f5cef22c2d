/** The files that a job left for its owner: to be saved, while they are kept. */

import { css, html, LitElement, type PropertyValues, type TemplateResult } from 'lit'

import { API } from '../../client/api.ts'
import { listArtifacts } from '../../client/jobs-api.ts'
import type { Artifact, Job } from '../../client/types.ts'
import { isEnded } from '../../elements/job-words.ts'
import { formatBytes, formatMoment, plural } from '../../elements/sizes.ts'
import { sayError } from './say-error.ts'
import { sectionStyles } from './section-styles.ts'

/** A job that works changes many times a second, and seldom its files. */
const ASK_MILLISECONDS = 3000

/** Says `left` when the job has left another one. */
class JobFiles extends LitElement {
  static override styles = [
    sectionStyles,
    css`
      :host {
        margin-block-end: 1.25rem;
      }
      ul {
        margin: 0.5rem 0 0;
        padding: 0;
        list-style: none;
      }
      li {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.25rem 1rem;
        padding-block: 0.5rem;
      }
      li + li {
        border-block-start: 1px solid var(--line);
      }
      .what {
        flex: 1 1 14rem;
        min-inline-size: 0;
        overflow-wrap: anywhere;
      }
      .name {
        font-weight: 550;
      }
      .gone .name {
        color: var(--muted);
      }
      small {
        display: block;
        color: var(--muted);
        font-size: 0.93em;
      }
      .problem {
        color: var(--bad);
      }
    `,
  ]
  static override properties = { job: { attribute: false }, files: { state: true }, problem: { state: true } }
  declare job: Job | null
  declare files: readonly Artifact[]
  declare problem: string

  #asked = new AbortController()
  #askedAt = -Infinity
  #timer = 0
  #isKnown = false

  constructor() {
    super()
    this.job = null
    this.files = []
    this.problem = ''
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#timer)
    this.#asked.abort()
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const { job } = this
    this.hidden = !this.files.length && !this.problem
    if (!changed.has('job') || !job) return
    const before = changed.get('job')
    if (before && before.id !== job.id) {
      this.files = []
      this.#isKnown = false
    }
    if (before?.id === job.id && before.version === job.version) return
    clearTimeout(this.#timer)
    const wait = before?.id === job.id && !isEnded(job) ? this.#askedAt + ASK_MILLISECONDS - performance.now() : 0
    if (wait <= 0) void this.#ask(job.id)
    else this.#timer = window.setTimeout(() => void this.#ask(job.id), wait)
  }

  async #ask(id: string): Promise<void> {
    this.#asked.abort()
    const { signal } = (this.#asked = new AbortController())
    this.#askedAt = performance.now()
    try {
      const files = await listArtifacts(id, signal)
      if (signal.aborted) return
      const isNews = this.#isKnown && files.length !== this.files.length
      this.#isKnown = true
      this.files = files
      if (isNews) this.dispatchEvent(new CustomEvent('left'))
      this.problem = ''
    } catch (error) {
      if (!signal.aborted) this.problem = sayError(error)
    }
  }

  override render(): TemplateResult {
    return html`<h2 id="title">Files</h2>
      ${
        this.problem
          ? html`<p class="problem" role="alert">${this.problem} <button @click=${() => this.job && this.#ask(this.job.id)}>Retry</button></p>`
          : ''
      }
      <ul aria-labelledby="title">
        ${this.files.map((file) => this.#renderFile(file))}
      </ul>`
  }

  #renderFile(file: Artifact): TemplateResult {
    const { name, bytes, rows, attempt, expires_at, expired } = file
    const facts = [
      formatBytes(bytes),
      rows === null ? '' : plural(rows, 'row', 'rows'),
      (this.job?.attempt ?? 1) > 1 ? `attempt ${attempt}` : '',
      sayKept(expires_at, expired),
    ]
    return html`<li class=${expired ? 'gone' : ''}>
      <span class="what"><span class="name">${name}</span><small>${facts.filter(Boolean).join(' · ')}</small></span>
      ${
        expired
          ? ''
          : html`<a class="button" download=${name} href="${API}/jobs/${this.job?.id}/artifacts/${encodeURIComponent(name)}" aria-label="Download ${name}">Download</a>`
      }
    </li>`
  }
}

function sayKept(expires_at: string | null, expired: boolean): string {
  if (expired) return expires_at ? `deleted ${formatMoment(expires_at)}` : 'deleted'
  return expires_at ? `kept until ${formatMoment(expires_at)}` : ''
}

customElements.define('headway-job-files', JobFiles)
