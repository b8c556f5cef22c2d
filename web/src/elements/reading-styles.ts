/** Looks of how a file is read. */

import { css } from 'lit'

import { controlStyles } from './control-styles.ts'
import { markStyles } from './mark-styles.ts'

export const readingStyles = [
  controlStyles,
  markStyles,
  css`
    :host {
      display: grid;
      /* A wide table scrolls inside and widens nothing. */
      grid-template-columns: minmax(0, 1fr);
      gap: 0.75rem;
    }
    .problem {
      max-inline-size: 60rem;
      padding: 0.5rem 0.75rem;
      border: 1px solid var(--bad);
      border-radius: 8px;
      color: var(--bad);
      overflow-wrap: anywhere;
    }
    .issues {
      display: grid;
      gap: 0.5rem;
    }
    dl {
      display: grid;
      grid-template-columns: minmax(5.5rem, max-content) minmax(0, 1fr);
      gap: 0.35rem 1rem;
      margin: 0;
    }
    dt {
      color: var(--muted);
    }
    dd {
      display: grid;
      gap: 0.25rem;
      justify-items: start;
      margin: 0;
      overflow-wrap: anywhere;
    }
    .bar:empty {
      display: none;
    }
    .small {
      min-block-size: 26px;
      padding: 0.1rem 0.55rem;
      font-size: 13px;
    }
    code {
      padding: 0 0.3em;
      border: 1px solid var(--line);
      border-radius: 4px;
      background: var(--panel);
      font: 12px/1.5 ui-monospace, monospace;
      white-space: pre-wrap;
    }
    .scroll {
      overflow-x: auto;
      border: 1px solid var(--line);
      border-radius: 8px;
    }
    table {
      min-inline-size: 100%;
      border-collapse: collapse;
      font-variant-numeric: tabular-nums;
    }
    th,
    td {
      max-inline-size: 18rem;
      padding: 0.3rem 0.6rem;
      overflow: hidden;
      text-align: start;
      text-overflow: ellipsis;
      white-space: nowrap;
    }
    th {
      border-block-end: 1px solid var(--line);
      background: var(--panel);
      vertical-align: top;
    }
    tr + tr td {
      border-block-start: 1px solid var(--line);
    }
    th .name {
      display: block;
      overflow: hidden;
      text-overflow: ellipsis;
    }
    th select {
      inline-size: 8.5rem;
      min-block-size: 26px;
      margin-block-start: 0.2rem;
      padding-block: 0;
      font-weight: 400;
    }
    .number {
      text-align: end;
    }
  `,
]
