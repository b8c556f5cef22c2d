/** Room and time: what takes how much of the disks, what is deleted when, and which versions these are. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import type { Disk, Overview, OwnerUse, StorageUse } from '../../client/operator-types.ts'
import { controlStyles } from '../../elements/control-styles.ts'
import { formatAgo, formatBytes, formatCount, formatMoment, plural } from '../../elements/sizes.ts'
import { toneStyles } from '../../elements/tone-styles.ts'
import { operatorStyles } from './operator-styles.ts'
import { capped, keptFor, personName, sweptWords } from './operator-words.ts'

/** Below this a disk is named in red, as the worker warns of it. */
const LITTLE_ROOM = 0.05

export class OperatorStorage extends LitElement {
  static override styles = [
    controlStyles,
    operatorStyles,
    toneStyles,
    css`
      .two {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr));
        gap: 1.5rem 2rem;
      }
      h3 {
        margin-block-end: 0.4rem;
        font-size: 1rem;
      }
      section > * + p,
      .disk {
        margin-block-start: 0.5rem;
      }
      dl {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: 0.3rem 1rem;
        margin: 0;
      }
      dt {
        color: var(--muted);
      }
      dd {
        margin: 0;
        overflow-wrap: anywhere;
      }
      meter {
        display: block;
        inline-size: 100%;
        max-inline-size: 24rem;
      }
      .wide {
        grid-column: 1 / -1;
      }
    `,
  ]
  static override properties = { overview: { attribute: false } }
  declare overview: Overview

  override render(): TemplateResult {
    const { storage, disks } = this.overview
    return html`<div class="two">
      <section class="wide">
        <h3>Used by owner</h3>
        ${storage ? this.#renderUse(storage) : html`<p class="none">Not measured yet. A worker does so once an hour.</p>`}
      </section>
      <section>
        <h3>Free room</h3>
        ${disks.length ? disks.map((disk) => this.#renderDisk(disk)) : html`<p class="none">Nothing is kept on disks of this machine.</p>`}
      </section>
      <section>
        <h3>Kept</h3>
        ${this.#renderRetention()}
      </section>
      <section>
        <h3>Versions</h3>
        ${this.#renderVersions()}
      </section>
    </div>`
  }

  #renderUse(storage: StorageUse): TemplateResult {
    const left = storage.owners - storage.largest.length
    return html`<p>
        ${plural(storage.owners, 'owner', 'owners')}: ${plural(storage.files, 'file', 'files')} of ${formatBytes(storage.original_bytes)},
        ${plural(storage.datasets, 'dataset', 'datasets')} of ${formatBytes(storage.row_bytes)}, files of jobs of ${formatBytes(storage.artifact_bytes)}.
        <span class="muted" title=${formatMoment(storage.measured_at)}>Measured ${formatAgo(storage.measured_at)}.</span>
      </p>
      ${storage.largest.length ? this.#renderOwners(storage.largest) : nothing}
      ${left > 0 ? html`<p class="muted">And ${plural(left, 'owner', 'owners')} with less.</p>` : nothing}`
  }

  #renderOwners(owners: readonly OwnerUse[]): TemplateResult {
    return html`<table role="table" aria-label="Used by owner, the largest first">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">Owner</th>
          ${['Files', 'Size of files', 'Datasets', 'Size of datasets', 'Files of jobs'].map(
            (text) => html`<th role="columnheader" scope="col" class="number">${text}</th>`,
          )}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${owners.map(
          (use) => html`<tr role="row">
            <th role="rowheader" scope="row">${personName(use.owner)}</th>
            <td role="cell" class="number" data-label="Files">${formatCount(use.files)}</td>
            <td role="cell" class="number" data-label="Size of files">${formatBytes(use.original_bytes)}</td>
            <td role="cell" class="number" data-label="Datasets">${formatCount(use.datasets)}</td>
            <td role="cell" class="number" data-label="Size of datasets">${formatBytes(use.row_bytes)}</td>
            <td role="cell" class="number" data-label="Files of jobs">${formatBytes(use.artifact_bytes)}</td>
          </tr>`,
        )}
      </tbody>
    </table>`
  }

  #renderDisk({ folder, free_bytes: free, size_bytes: size }: Disk): TemplateResult {
    const used = size ? 1 - free / size : 0
    const little = used > 1 - LITTLE_ROOM
    return html`<div class="disk">
      <span class=${little ? 'bad' : ''}>${little ? 'Little room: ' : ''}${formatBytes(free)} free of ${formatBytes(size)}</span>
      <small>disk of the ${folder} folder</small>
      <meter aria-label="Used of the disk of the ${folder} folder" min="0" max="1" high=${1 - LITTLE_ROOM} .value=${used}></meter>
    </div>`
  }

  #renderRetention(): TemplateResult {
    const { keep_completed_days: completed, keep_failed_days: failed, keep_audit_days: audit, due, last_sweep: swept } = this.overview.retention
    const { keep_artifact_days: files, keep_log_days: lines } = this.overview.retention
    const goes = due.completed + due.failed ? `${capped(due.completed)} completed and ${capped(due.failed)} failed ones go with the next sweep.` : ''
    const { jobs } = this.overview
    return html`<p>
        There are ${formatCount(jobs.completed)} completed jobs, ${formatCount(jobs.partial)} of them with rows skipped,
        ${formatCount(jobs.failed)} failed and ${formatCount(jobs.cancelled)} cancelled ones.
      </p>
      <p>
        Completed jobs stay ${keptFor(completed)}, failed and cancelled ones ${keptFor(failed)}, the audit ${keptFor(audit)}. ${goes}
        Files that jobs left stay ${keptFor(files)}, and what jobs said ${keptFor(lines)}, but neither longer than its job.
      </p>
      ${
        swept
          ? html`<p>
              <span title=${formatMoment(swept.at)}>Last sweep ${formatAgo(swept.at)}</span> by ${personName({ id: swept.by, email: null }, swept.by)}.
              ${sweptWords(swept.removed)}
            </p>`
          : html`<p class="muted">No sweep yet. The first one comes minutes after a worker started.</p>`
      }
      ${swept?.problems.map((problem) => html`<p class="bad">${problem}</p>`)}`
  }

  #renderVersions(): TemplateResult {
    const { headway, python, database, store } = this.overview.versions
    const facts = { Headway: headway, Python: python, Database: database, Store: store }
    return html`<dl>${Object.entries(facts).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`
  }
}

customElements.define('headway-operator-storage', OperatorStorage)

declare global {
  interface HTMLElementTagNameMap {
    'headway-operator-storage': OperatorStorage
  }
}
