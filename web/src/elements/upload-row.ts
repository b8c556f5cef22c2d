/** `<headway-upload-row>`: one file on its way, what is said of it, and what can be done. */

import { html, LitElement, nothing, type TemplateResult } from 'lit'

import type { Job } from '../client/types.ts'
import { type JobLinks, jobLink, resultLink } from './job-links.ts'
import type { JobSource } from './job-source.ts'
import { say } from './say.ts'
import type { ImportOptions, Upload } from './upload.ts'
import type { UploadQueue } from './upload-queue.ts'
import { rowStyles } from './upload-row-styles.ts'
import { renderSaid } from './upload-said.ts'
import { isProposal, type Said, sayUpload } from './upload-words.ts'

/** The newest state of an upload's job. It is kept with the upload: the list of active jobs forgets ended ones. */
export function jobOf(upload: Upload, jobs: JobSource | null): Job | null {
  if (!upload.job) return null
  const live = jobs?.find(upload.job.id)
  if (live && live.version >= upload.job.version) upload.job = live
  return upload.job
}

class UploadRow extends LitElement {
  static override styles = rowStyles
  static override properties = {
    upload: { attribute: false },
    queue: { attribute: false },
    jobs: { attribute: false },
    links: { attribute: false },
    tick: { attribute: false },
    open: { type: Boolean },
  }
  declare upload: Upload
  declare queue: UploadQueue
  declare jobs: JobSource | null
  declare links: JobLinks
  /** Another number with every change: uploads change in place. */
  declare tick: number
  /** Whether a file that is to be looked at is looked at now. */
  declare open: boolean

  #cancel(): void {
    const { upload, queue, jobs } = this
    const job = jobOf(upload, jobs)
    if (job) void jobs?.cancel(job.id)
    else void queue.cancel(upload, () => this.#cancelUploading())
  }

  async #cancelUploading(): Promise<boolean> {
    const id = this.upload.jobId ?? this.jobs?.findUploading(this.upload.file.name)?.id
    return id ? ((await this.jobs?.cancel(id)) ?? false) : false
  }

  /** What had the focus is gone with the look; the row is still there. */
  async #confirm(options: ImportOptions): Promise<void> {
    this.queue.confirm(this.upload, options)
    await this.updateComplete
    this.renderRoot.querySelector<HTMLElement>('button, a')?.focus()
  }

  override willUpdate(): void {
    // Its code comes with the first file that somebody wants to look at.
    if (this.upload.state === 'checking') void import('./import-check.ts')
  }

  override render(): TemplateResult {
    const { upload } = this
    const said = sayUpload(upload, jobOf(upload, this.jobs))
    return html`${renderSaid(upload.file.name, said)}
      ${upload.state === 'checking' ? this.#renderCheck() : html`<div class="bar">${this.#renderActions(said)}</div>`}`
  }

  #renderCheck(): TemplateResult {
    const { upload } = this
    const { name } = upload.file
    const look = (): boolean => this.dispatchEvent(new Event('headway-look'))
    if (!this.open)
      return html`<div class="bar">
        <button aria-label=${say('Look at {name}', { name })} @click=${look}>${say('Look at it')}</button>
        <button aria-label=${say('Import {name} as it is', { name })} @click=${() => this.#confirm(upload.options)}>
          ${say('Import as it is')}
        </button>
      </div>`
    return html`<headway-import-check
      .file=${upload.file}
      @headway-import=${({ detail }: CustomEvent<ImportOptions>) => this.#confirm(detail)}
      @headway-remove=${() => this.queue.remove(upload)}
    ></headway-import-check>`
  }

  #renderActions(said: Said): TemplateResult {
    const { upload } = this
    const { name } = upload.file
    const isOver = said.percent === undefined && upload.state !== 'waiting'
    if (!isOver) return html`${this.#renderPause(name)} ${this.#renderCancel(name)}`
    const job = jobOf(upload, this.jobs)
    return html`${this.#renderResult(name, job)} ${this.#renderAgain(name, job)}
      <button class="quiet" aria-label=${say('Remove {name} from this list', { name })} @click=${() => this.queue.remove(upload)}>${say('Remove')}</button>`
  }

  /** One button that changes its word keeps the focus where it is. */
  #renderPause(name: string): TemplateResult | typeof nothing {
    const { upload, queue } = this
    const isPaused = upload.state === 'paused'
    if (!isPaused && !upload.canPause) return nothing
    const act = (): void => (isPaused ? queue.resume(upload) : queue.pause(upload))
    const label = isPaused ? say('Resume {name}', { name }) : say('Pause {name}', { name })
    return html`<button aria-label=${label} @click=${act}>${isPaused ? say('Resume') : say('Pause')}</button>
      ${upload.held ? this.#renderNow(name) : nothing}`
  }

  #renderNow(name: string): TemplateResult {
    const act = (): void => this.queue.wake('offline', 'unreachable')
    return html`<button aria-label=${say('Try {name} now', { name })} @click=${act}>${say('Try now')}</button>`
  }

  #renderCancel(name: string): TemplateResult | typeof nothing {
    const isAsked = this.upload.state === 'cancelling' || jobOf(this.upload, this.jobs)?.cancel_requested
    return isAsked ? nothing : html`<button aria-label=${say('Cancel {title}', { title: name })} @click=${this.#cancel}>${say('Cancel')}</button>`
  }

  #renderResult(name: string, job: Job | null): TemplateResult | typeof nothing {
    if (!job) return nothing
    const [result, story] = [resultLink(this.links, job), jobLink(this.links, job)]
    if (!result && !story) return nothing
    if (!result) return html`<a class="button" href=${story} aria-label=${say('Details of {name}', { name })}>${say('Details')}</a>`
    const isChange = isProposal(job)
    const label = isChange ? say('Look at the change by {name}', { name }) : say('Open dataset {title}', { title: name })
    return html`<a class="button primary" href="${result}${isChange ? '?tab=history' : ''}" aria-label=${label}>
      ${isChange ? say('Look at the change') : say('Open dataset')}
    </a>`
  }

  #renderAgain(name: string, job: Job | null): TemplateResult | typeof nothing {
    const again = (options?: ImportOptions): void => this.queue.again(this.upload, options)
    if (job?.outcome === 'duplicate') {
      const anyway = (): void => again({ ...this.upload.options, duplicate: 'import' })
      return html`<button aria-label=${say('Import again anyway: {name}', { name })} @click=${anyway}>${say('Import again anyway')}</button>`
    }
    if (job?.related_dataset_id) return nothing
    return html`<button aria-label=${say('Try again: {name}', { name })} @click=${() => again()}>${say('Try again')}</button>`
  }
}

customElements.define('headway-upload-row', UploadRow)
