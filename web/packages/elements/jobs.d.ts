/** `<headway-jobs>`: a button whose text is the state of somebody's jobs, and a panel with each of them, live. */

import type { Embedded } from './shared.js'

export type { Embedded, JobLinks, Replacement, Strings } from './shared.js'

export interface HeadwayJobsElement extends HTMLElement, Embedded {}

declare global {
  interface HTMLElementTagNameMap {
    'headway-jobs': HeadwayJobsElement
  }
}
