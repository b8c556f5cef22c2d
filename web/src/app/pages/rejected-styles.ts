/** Looks of the rejected rows of a dataset. */

import { css } from 'lit'

import { pageStyles } from './page-styles.ts'

export const rejectedStyles = [
  pageStyles,
  css`
    :host {
      display: grid;
      grid-template-columns: minmax(0, 1fr);
      gap: 0.75rem;
      max-inline-size: none;
    }
    .head {
      justify-content: space-between;
    }
    .group,
    .note {
      display: grid;
      gap: 0.4rem;
      padding: 0.5rem 0.75rem;
      border: 1px solid var(--line);
      border-inline-start: 3px solid var(--warn);
      border-radius: 6px;
      background: var(--panel);
      overflow-wrap: anywhere;
    }
    .note {
      display: block;
      border-inline-start-color: var(--accent);
    }
    .bar:empty {
      display: none;
    }
    form {
      display: grid;
      grid-template-columns: minmax(0, 1fr);
      gap: 0.6rem;
      margin-block-start: 0.5rem;
    }
    .scroll {
      overflow-x: auto;
      border: 1px solid var(--line);
      border-radius: 8px;
    }
    table {
      border-collapse: collapse;
    }
    th,
    td {
      padding: 0.25rem 0.4rem;
      text-align: start;
    }
    thead th {
      background: var(--panel);
    }
    tbody th {
      font-weight: 400;
      font-variant-numeric: tabular-nums;
    }
    td input {
      inline-size: 9.5rem;
    }
    .choose {
      position: relative;
    }
    .choose:focus-within {
      outline: 2px solid var(--accent);
      outline-offset: 2px;
    }
    .choose input {
      position: absolute;
      inset: 0;
      inline-size: 100%;
      min-block-size: 0;
      opacity: 0;
      cursor: pointer;
    }
  `,
]
