/** Looks of the rejected rows of a dataset. */

import { css } from 'lit'

import { chooseStyles } from '../../elements/choose-styles.ts'
import { markStyles } from '../../elements/mark-styles.ts'
import { pageStyles } from './page-styles.ts'

export const rejectedStyles = [
  pageStyles,
  chooseStyles,
  markStyles,
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
    .note {
      display: block;
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
  `,
]
