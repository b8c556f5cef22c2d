/**
 * `<headway-importer>`: takes files by drop or by choice, sends them, and follows each until it is a dataset. The
 * host gives it the `queue` that does the sending, and the `jobs` that tell how the imports go.
 */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'

import type { Job } from '../client/types.ts'
import { droppedFiles } from './dropped-files.ts'
import { importerStyles } from './importer-styles.ts'
import { formatBytes, plural } from './sizes.ts'
import type { ImportOptions, Upload, UploadQueue } from './upload-queue.ts'
import { type Said, sayUpload } from './upload-words.ts'

/** Where the importer hears how jobs go. */
export interface JobSource {
  find(id: string): Job | null
  /** The job in phase `uploading` of the file that is being sent, if there is exactly one with this name. */
  findUploading(fileName: string): Job | null
  /** Ask the server to cancel; resolves with whether it agreed. */
  cancel(id: string): Promise<boolean>
  /** Call back after every change; returns how to stop. */
  subscribe(changed: () => void): () => void
}

export class HeadwayImporter extends LitElement {
  static override styles = importerStyles
  static override properties = {
    queue: { attribute: false },
    jobs: { attribute: false },
    compact: { type: Boolean },
    dragging: { state: true },
  }
  declare queue: UploadQueue | null
  declare jobs: JobSource | null
  /** Without the list of formats, for a place that says more itself. */
  declare compact: boolean
  declare dragging: boolean

  #announced = ''
  #ended = new Set<number>()
  #subscriptions: (() => void)[] = []
  #dragDepth = 0

  constructor() {
    super()
    this.queue = null
    this.jobs = null
    this.compact = false
    this.dragging = false
  }

  override connectedCallback(): void {
    super.connectedCallback()
    for (const [name, listener] of this.#pageListeners) window.addEventListener(name, listener)
    this.#subscribe()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    for (const [name, listener] of this.#pageListeners) window.removeEventListener(name, listener)
    this.#unsubscribe()
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('queue') || changed.has('jobs')) this.#subscribe()
  }

  #subscribe(): void {
    this.#unsubscribe()
    const changed = (): void => this.#onChange()
    const { queue, jobs } = this
    if (queue) {
      queue.addEventListener('change', changed)
      this.#subscriptions.push(() => queue.removeEventListener('change', changed))
    }
    if (jobs) this.#subscriptions.push(jobs.subscribe(changed))
  }

  #unsubscribe(): void {
    for (const stop of this.#subscriptions) stop()
    this.#subscriptions = []
  }

  /** Tell of ends only: a screen reader that speaks every percent cannot be listened to. */
  #onChange(): void {
    for (const upload of this.queue?.uploads ?? []) {
      const said = this.#say(upload)
      if (said.percent !== undefined || upload.state === 'waiting' || this.#ended.has(upload.id)) continue
      this.#ended.add(upload.id)
      this.#announced = `${upload.file.name}: ${said.state}. ${said.sentence}`
      this.dispatchEvent(new CustomEvent('headway-import-end', { bubbles: true, composed: true }))
    }
    this.requestUpdate()
  }

  #jobOf(upload: Upload): Job | null {
    if (!upload.job) return null
    const live = this.jobs?.find(upload.job.id)
    // The newest state is kept with the upload: the list of active jobs forgets ended ones after a while.
    if (live && live.version >= upload.job.version) upload.job = live
    return upload.job
  }

  #say(upload: Upload): Said {
    return sayUpload(upload, this.#jobOf(upload))
  }

  // ------------------------------------------------------------------ files in

  /** The whole page takes drops, so that nobody has to aim, and a file beside the zone does not replace the page. */
  readonly #pageListeners: [string, (event: Event) => void][] = [
    ['dragenter', (event) => this.#onDrag(event as DragEvent, 1)],
    ['dragleave', (event) => this.#onDrag(event as DragEvent, -1)],
    ['dragover', (event) => this.#onDrag(event as DragEvent, 0)],
    ['drop', (event) => void this.#onDrop(event as DragEvent)],
  ]

  #onDrag(event: DragEvent, step: number): void {
    if (!event.dataTransfer?.types.includes('Files')) return
    event.preventDefault()
    event.dataTransfer.dropEffect = 'copy'
    this.#dragDepth = Math.max(0, this.#dragDepth + step)
    this.dragging = this.#dragDepth > 0
  }

  async #onDrop(event: DragEvent): Promise<void> {
    if (!event.dataTransfer?.types.includes('Files')) return
    event.preventDefault()
    this.#dragDepth = 0
    this.dragging = false
    this.add(await droppedFiles(event.dataTransfer))
  }

  #onChoose(event: Event): void {
    const input = event.target as HTMLInputElement
    this.add([...(input.files ?? [])])
    // So that choosing the same file again is a change again.
    input.value = ''
  }

  add(files: Iterable<File>): void {
    this.queue?.add(files)
  }

  // ------------------------------------------------------------------ what can be done

  #cancel(upload: Upload): void {
    const job = this.#jobOf(upload)
    if (job) void this.jobs?.cancel(job.id)
    else void this.queue?.cancel(upload, () => this.#cancelUploading(upload))
  }

  async #cancelUploading(upload: Upload): Promise<boolean> {
    const job = this.jobs?.findUploading(upload.file.name)
    return job ? ((await this.jobs?.cancel(job.id)) ?? false) : false
  }

  // ------------------------------------------------------------------ rendering

  override render(): TemplateResult {
    const uploads = [...(this.queue?.uploads ?? [])].reverse()
    return html`${this.#renderZone()} ${this.#renderSafety(uploads)}
      ${
        uploads.length
          ? html`<ul class="uploads" aria-label="Files">
              ${repeat(
                uploads,
                (upload) => upload.id,
                (upload) => this.#renderUpload(upload),
              )}
            </ul>`
          : nothing
      }
      <p class="hidden" role="status">${this.#announced}</p>
      ${this.dragging ? html`<div class="everywhere" aria-hidden="true"><span>Drop to import</span></div>` : nothing}`
  }

  #renderZone(): TemplateResult {
    const most = this.queue?.maxBytes
    return html`<div class="zone">
      <svg viewBox="0 0 24 24" width="36" height="36" aria-hidden="true">
        <path d="M12 16V5m-4.5 4L12 4.5 16.5 9M5 15.5V18a1.5 1.5 0 0 0 1.5 1.5h11A1.5 1.5 0 0 0 19 18v-2.5"></path>
      </svg>
      <p class="lead">
        Drop files here or
        <label class="choose">
          choose files
          <input type="file" multiple @change=${this.#onChoose} />
        </label>
      </p>
      ${
        this.compact
          ? nothing
          : html`<p class="muted">
              CSV, TSV, Excel, JSON or Parquet, also gzipped.${most ? ` Up to ${formatBytes(most)} each.` : ''}
            </p>`
      }
    </div>`
  }

  /** Said as soon as it is true of everything: until then, leaving would lose bytes. */
  #renderSafety(uploads: readonly Upload[]): TemplateResult | typeof nothing {
    const inBrowser = this.queue?.inBrowser ?? 0
    if (inBrowser) {
      const what = inBrowser === 1 ? '1 file has' : `${plural(inBrowser, '', 'files')} have`
      return html`<p class="safety">Keep this page open: ${what} not been sent whole yet.</p>`
    }
    if (!uploads.some((upload) => upload.state === 'accepted' && this.#say(upload).percent !== undefined))
      return nothing
    return html`<p class="safety good">You can close this page. Progress is under <a href="/jobs">Jobs</a>.</p>`
  }

  #renderUpload(upload: Upload): TemplateResult {
    const said = this.#say(upload)
    return html`<li class=${`tone-${said.tone}`}>
      <div class="line">
        <strong class="file">${upload.file.name}</strong>
        <span class="state">${said.state}</span>
      </div>
      ${this.#renderProgress(upload, said)}
      ${said.sentence ? html`<p class="sentence">${said.sentence}</p>` : nothing}
      <div class="bar">${this.#renderActions(upload, said)}</div>
    </li>`
  }

  #renderProgress(upload: Upload, said: Said): TemplateResult | typeof nothing {
    if (said.percent === undefined) return nothing
    const name = `${said.state}: ${upload.file.name}`
    // An indeterminate bar is one without the attribute, and an attribute that is bound cannot be left out twice.
    return said.percent === null
      ? html`<progress aria-label=${name} max="100"></progress>`
      : html`<progress aria-label=${name} max="100" value=${said.percent}></progress>`
  }

  #renderActions(upload: Upload, said: Said): TemplateResult {
    const job = this.#jobOf(upload)
    const name = upload.file.name
    if (said.percent !== undefined || upload.state === 'waiting') {
      if (upload.state === 'cancelling' || job?.cancel_requested) return html``
      return html`<button aria-label=${`Cancel ${name}`} @click=${() => this.#cancel(upload)}>Cancel</button>`
    }
    return html`${this.#renderResult(name, job)} ${this.#renderAgain(upload, job)}
      <button
        class="quiet"
        aria-label=${`Remove ${name} from this list`}
        @click=${() => this.queue?.remove(upload)}
      >Remove</button>`
  }

  #renderResult(name: string, job: Job | null): TemplateResult | typeof nothing {
    if (!job) return nothing
    if (!job.related_dataset_id)
      return html`<a class="button" href=${`/jobs/${job.id}`} aria-label=${`Details of ${name}`}>Details</a>`
    return html`<a
      class="button primary"
      href=${`/datasets/${job.related_dataset_id}`}
      aria-label=${`Open dataset ${name}`}
    >Open dataset</a>`
  }

  #renderAgain(upload: Upload, job: Job | null): TemplateResult | typeof nothing {
    const name = upload.file.name
    const again = (options?: ImportOptions): void => this.queue?.again(upload, options)
    if (job?.outcome === 'duplicate')
      return html`<button
        aria-label=${`Import again anyway: ${name}`}
        @click=${() => again({ duplicate: 'import' })}
      >Import again anyway</button>`
    if (job?.related_dataset_id) return nothing
    return html`<button aria-label=${`Try again: ${name}`} @click=${() => again()}>Try again</button>`
  }
}

customElements.define('headway-importer', HeadwayImporter)

declare global {
  interface HTMLElementTagNameMap {
    'headway-importer': HeadwayImporter
  }
}
