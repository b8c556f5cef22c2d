/**
 * `<headway-importer>`: takes files by drop, choice or paste, sends them, and follows each until it is a dataset. The
 * app gives it the `queue` that does the sending, and the `jobs` that tell how the imports go.
 */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'

import type { Job } from '../client/types.ts'
import { chosenFiles, droppedFiles, pastedFiles, type Taken } from './dropped-files.ts'
import { importerStyles } from './importer-styles.ts'
import './interrupted-upload.ts'
import { type JobLinks, LINKS } from './job-links.ts'
import { isBegunWith, type JobSource } from './job-source.ts'
import { say, sayCount } from './say.ts'
import { formatBytes } from './sizes.ts'
import type { Upload } from './upload.ts'
import type { UploadQueue } from './upload-queue.ts'
import { jobOf } from './upload-row.ts'
import { type Said, sayUpload } from './upload-words.ts'

const CHECKS = 'headway-import-checks'

/** Whether nothing has been sent of it yet, and that is as it should be. */
function isAhead({ state }: Upload): boolean {
  return state === 'waiting' || state === 'checking'
}

/** What a person chose before; where a browser keeps nothing, they choose again. */
function remembered(name: string): boolean {
  try {
    return localStorage.getItem(name) === 'yes'
  } catch {
    return false
  }
}

function remember(name: string, value: boolean): void {
  try {
    localStorage.setItem(name, value ? 'yes' : 'no')
  } catch {
    // It holds for this page.
  }
}

export class HeadwayImporter extends LitElement {
  static override styles = importerStyles
  static override properties = {
    queue: { attribute: false },
    jobs: { attribute: false },
    links: { attribute: false },
    compact: { type: Boolean },
    dragging: { state: true },
    note: { state: true },
    checks: { state: true },
    lookedAt: { state: true },
  }
  declare queue: UploadQueue | null
  declare jobs: JobSource | null
  /** Where links lead, if not to Headway's own pages. */
  declare links: JobLinks | undefined
  /** Without the list of formats, for a place that says more itself. */
  declare compact: boolean
  declare dragging: boolean
  /** What was left out of the files that were brought. */
  declare note: string
  /** Whether files are looked at before they are imported. */
  declare checks: boolean
  /** The file that is looked at; null for the first that is to be. */
  declare lookedAt: Upload | null

  #tick = 0
  #announced = ''
  #ended = new Set<number>()
  #subscriptions: (() => void)[] = []
  #dragDepth = 0

  constructor() {
    super()
    this.queue = null
    this.jobs = null
    this.links = LINKS
    this.compact = false
    this.dragging = false
    this.note = ''
    this.checks = remembered(CHECKS)
    this.lookedAt = null
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
      if (said.percent !== undefined || isAhead(upload) || this.#ended.has(upload.id)) continue
      this.#ended.add(upload.id)
      this.#announced = `${upload.file.name}: ${said.state}. ${said.sentence}`
      this.dispatchEvent(new CustomEvent('headway-import-end', { bubbles: true, composed: true }))
    }
    this.#tick += 1
    this.requestUpdate()
  }

  #say(upload: Upload): Said {
    return sayUpload(upload, jobOf(upload, this.jobs))
  }

  /** Uploads that nobody sends and that no file here belongs to. */
  get #interrupted(): readonly Job[] {
    const known = new Set(this.queue?.uploads.map((upload) => upload.jobId))
    return (this.jobs?.interrupted() ?? []).filter((job) => !known.has(job.id))
  }

  // ------------------------------------------------------------------ files in

  /** The whole page takes drops, so that nobody has to aim, and a file beside the zone does not replace the page. */
  readonly #pageListeners: [string, (event: Event) => void][] = [
    ['dragenter', (event) => this.#onDrag(event as DragEvent, 1)],
    ['dragleave', (event) => this.#onDrag(event as DragEvent, -1)],
    ['dragover', (event) => this.#onDrag(event as DragEvent, 0)],
    ['drop', (event) => void this.#onDrop(event as DragEvent)],
    ['paste', (event) => this.#onPaste(event as ClipboardEvent)],
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
    this.#take(await droppedFiles(event.dataTransfer))
  }

  /** What is pasted into a field belongs to it. */
  #onPaste(event: ClipboardEvent): void {
    const target = event.composedPath()[0]
    if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) return
    this.#take(pastedFiles(event.clipboardData))
  }

  #onChoose(event: Event): void {
    const input = event.target as HTMLInputElement
    this.#take(chosenFiles(input.files ?? []))
    // So that choosing the same file again is a change again.
    input.value = ''
  }

  #take({ files, left }: Taken): void {
    this.note = left
    this.add(files)
  }

  /** Take files in. One with which an interrupted upload was begun goes on where that stands. */
  add(files: Iterable<File>): void {
    const { queue } = this
    const begun = this.#interrupted
    for (const file of files) {
      const job = begun.find((each) => isBegunWith(each, file))
      if (job) queue?.goOn(file, job.id)
      else queue?.add([file], {}, this.checks && !this.compact)
    }
  }

  // ------------------------------------------------------------------ rendering

  override render(): TemplateResult {
    const uploads = [...(this.queue?.uploads ?? [])].reverse()
    const interrupted = this.#interrupted
    return html`${this.#renderZone()} ${this.note ? html`<p class="safety" role="alert">${this.note}</p>` : nothing}
      ${this.#renderSafety(uploads)}
      ${uploads.length || interrupted.length ? this.#renderList(uploads, interrupted) : nothing}
      <p class="hidden" role="status">${this.#announced}</p>
      ${this.dragging ? html`<div class="everywhere" aria-hidden="true"><span>${say('Drop to import')}</span></div>` : nothing}`
  }

  #renderZone(): TemplateResult {
    const most = this.queue?.maxBytes
    return html`<div class="zone">
      <svg viewBox="0 0 24 24" width="36" height="36" aria-hidden="true">
        <path d="M12 16V5m-4.5 4L12 4.5 16.5 9M5 15.5V18a1.5 1.5 0 0 0 1.5 1.5h11A1.5 1.5 0 0 0 19 18v-2.5"></path>
      </svg>
      <p class="lead">
        ${say('Drop files here or')}
        <label class="choose">
          ${say('choose files')}
          <input type="file" multiple @change=${this.#onChoose} />
        </label>
        ${this.compact ? nothing : this.#renderFolder()}
      </p>
      ${
        this.compact
          ? nothing
          : html`<p class="muted">
              ${say('CSV, TSV, Excel, OpenDocument, JSON, Parquet or Arrow, also in ZIP or gzip.')}
              ${most ? say('Up to {size} each.', { size: formatBytes(most) }) : nothing} ${say('Large uploads go on after an interruption.')}
            </p>`
      }
      ${this.compact ? nothing : this.#renderChecks()}
    </div>`
  }

  #renderChecks(): TemplateResult {
    return html`<label class="checks">
      <input type="checkbox" .checked=${this.checks} @change=${this.#onChecks} />
      ${say('Look at each file before it is imported')}
    </label>`
  }

  #onChecks(event: Event): void {
    this.checks = (event.target as HTMLInputElement).checked
    remember(CHECKS, this.checks)
  }

  /** Said as soon as it is true of everything: until then, leaving would lose bytes. */
  #renderSafety(uploads: readonly Upload[]): TemplateResult | typeof nothing {
    const inBrowser = this.queue?.inBrowser ?? 0
    if (inBrowser) {
      const what = sayCount(
        inBrowser,
        'Keep this page open: {count} file has not been sent whole yet.',
        'Keep this page open: {count} files have not been sent whole yet.',
      )
      return html`<p class="safety">${what}</p>`
    }
    if (!uploads.some((upload) => upload.state === 'accepted' && this.#say(upload).percent !== undefined))
      return nothing
    const all = this.links?.all
    return html`<p class="safety good">
      ${say('You can close this page.')} ${all ? html`${say('Progress is under')} <a href=${all}>${say('Jobs')}</a>.` : nothing}
    </p>`
  }

  #renderFolder(): TemplateResult {
    return html`${say('or')}
      <label class="choose">
        ${say('a folder')}
        <input type="file" multiple webkitdirectory aria-label=${say('choose a folder')} @change=${this.#onChoose} />
      </label>`
  }

  #renderList(uploads: readonly Upload[], interrupted: readonly Job[]): TemplateResult {
    const { queue, jobs } = this
    const open = this.lookedAt?.state === 'checking' ? this.lookedAt : queue?.uploads.find(({ state }) => state === 'checking')
    return html`<ul class="uploads" aria-label=${say('Files')}>
      ${repeat(
        uploads,
        (upload) => upload.id,
        (upload) => html`<li>
          <headway-upload-row
            .upload=${upload}
            .queue=${queue}
            .jobs=${jobs}
            .links=${this.links}
            .tick=${this.#tick}
            ?open=${upload === open}
            @headway-look=${() => (this.lookedAt = upload)}
          ></headway-upload-row>
        </li>`,
      )}
      ${repeat(
        interrupted,
        (job) => job.id,
        (job) => html`<li>
          <headway-interrupted-upload .job=${job} .queue=${queue} .jobs=${jobs}></headway-interrupted-upload>
        </li>`,
      )}
    </ul>`
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'headway-importer': HeadwayImporter
  }
}
