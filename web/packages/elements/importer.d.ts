/** `<headway-importer>`: takes files, shows how they are understood, sends them, and follows each until it is a dataset. */

import type { Embedded } from './shared.js'

export type { Embedded, JobLinks, Replacement, Strings } from './shared.js'

/** Dispatches `headway-import-end` whenever a file is done with: imported, refused or cancelled. */
export interface HeadwayImporterElement extends HTMLElement, Embedded {
  /** Without the list of formats, for a place that says more itself. */
  compact: boolean
  /** Take files in, as if they had been dropped. */
  add(files: Iterable<File>): void
}

declare global {
  interface HTMLElementTagNameMap {
    'headway-importer': HeadwayImporterElement
  }
}
