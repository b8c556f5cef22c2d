/** Looks of panels with a form on one side, and what comes of it on the other. */

import { css } from 'lit'

import { fieldStyles } from '../../elements/field-styles.ts'
import { markStyles } from '../../elements/mark-styles.ts'

export const sidesStyles = [
  fieldStyles,
  markStyles,
  css`
    :host {
      display: block;
      min-inline-size: 0;
    }
    .sides {
      display: grid;
      grid-template-columns: minmax(0, 1fr);
      gap: 1rem;
      align-items: start;
    }
    @media (width >= 64rem) {
      .sides {
        grid-template-columns: minmax(20rem, 26rem) minmax(0, 1fr);
      }
      /* It stays in view of who is at a step further down. */
      .watch {
        position: sticky;
        inset-block-start: 4rem;
        max-block-size: calc(100dvh - 5rem);
        overflow-y: auto;
      }
    }
    .stack {
      display: grid;
      grid-template-columns: minmax(0, 1fr);
      gap: 0.75rem;
    }
    .stack:empty,
    ol:empty {
      display: none;
    }
    .bar > .link:first-child {
      margin-inline-start: -0.25rem;
    }
    /* It is there before it says something, so that it is heard, and takes no room. */
    .said:empty {
      margin-block-end: -0.75rem;
    }
    headway-dataset-lineage {
      margin-block-start: 0.75rem;
    }
    .inside {
      margin-block-start: 0.5rem;
    }
    .add {
      align-items: end;
    }
    .add .field {
      display: grid;
      flex: 1 1 10rem;
      gap: 0.2rem;
    }
    h2 {
      font-size: 1.05rem;
    }
    h2:focus,
    #ended:focus {
      outline: none;
    }
    a:not(.button) {
      color: var(--accent);
    }
    ul {
      margin: 0.4rem 0 0;
      padding-inline-start: 1.2rem;
    }
    ol {
      display: grid;
      grid-template-columns: minmax(0, 1fr);
      gap: 0.6rem;
      margin: 0;
      padding: 0;
      list-style: none;
    }
    .wide {
      flex: 1 1 8rem;
      min-inline-size: 0;
    }
    .over {
      overflow-x: auto;
      border: 1px solid var(--line);
      border-radius: 8px;
    }
    table {
      border-collapse: collapse;
      font-variant-numeric: tabular-nums;
    }
    th,
    td {
      max-inline-size: 18rem;
      padding: 0.3rem 0.6rem;
      overflow: hidden;
      border-block-end: 1px solid var(--line);
      text-align: start;
      text-overflow: ellipsis;
      white-space: nowrap;
    }
    th small {
      display: block;
      color: var(--muted);
      font-weight: 400;
    }
    td.number {
      text-align: end;
    }
    td.empty {
      color: var(--muted);
    }
    /* Nothing flashes for an answer that comes at once. */
    .late {
      font-weight: 400;
      animation: appear 0s 0.4s both;
    }
    @keyframes appear {
      from {
        visibility: hidden;
      }
    }
    tr:last-child td {
      border-block-end: 0;
    }
    .blocks {
      border-inline-start-color: var(--bad);
    }
    [aria-disabled='true'] {
      opacity: 0.6;
      cursor: not-allowed;
    }
    code {
      padding: 0 0.2rem;
      border-radius: 3px;
      background: var(--bg);
      overflow-wrap: anywhere;
    }
  `,
]
