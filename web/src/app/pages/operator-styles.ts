/** Looks of the operator page: its tables, which are lists of cards where there is no room for one. */

import { css } from 'lit'

export const operatorStyles = css`
  :host {
    display: block;
  }
  table {
    inline-size: 100%;
    border-collapse: collapse;
    font-variant-numeric: tabular-nums;
  }
  th,
  td {
    padding: 0.5rem 0.6rem;
    border-block-end: 1px solid var(--line);
    text-align: start;
    vertical-align: top;
    overflow-wrap: anywhere;
  }
  th {
    color: var(--muted);
    font-weight: 550;
  }
  thead th {
    white-space: nowrap;
  }
  tbody th {
    color: inherit;
  }
  tbody tr:hover,
  tbody tr:focus-within {
    background: var(--panel);
  }
  .number {
    text-align: end;
    white-space: nowrap;
  }
  .time {
    white-space: nowrap;
  }
  .actions {
    text-align: end;
    white-space: nowrap;
  }
  small {
    display: block;
    color: var(--muted);
    font-size: 0.93em;
    font-weight: 400;
  }
  code {
    font-size: 0.93em;
  }
  .none {
    padding-block: 0.6rem;
    color: var(--muted);
  }
  .more {
    margin-block-start: 0.75rem;
    text-align: center;
  }
  /* Not disabled: that would take the focus from who has just pressed it. */
  [aria-disabled='true'] {
    opacity: 0.6;
  }
  .danger {
    border-color: transparent;
    background: var(--bad);
    color: var(--bg);
  }
  dialog {
    inline-size: min(32rem, calc(100vw - 2rem));
  }
  dialog form {
    display: grid;
    gap: 0.75rem;
  }
  dialog label {
    display: grid;
    gap: 0.3rem;
  }
  dialog p {
    overflow-wrap: anywhere;
  }
  dialog .bar {
    justify-content: end;
  }
  @media (max-width: 46rem) {
    table,
    tbody,
    tbody tr,
    tbody th,
    tbody td {
      display: block;
    }
    thead {
      position: absolute;
      display: block;
      inline-size: 1px;
      block-size: 1px;
      overflow: hidden;
      clip-path: inset(50%);
    }
    tbody tr {
      padding-block: 0.6rem;
      border-block-end: 1px solid var(--line);
    }
    tbody th,
    tbody td,
    tbody td[class] {
      inline-size: auto;
      padding: 0.1rem 0;
      border: 0;
      text-align: start;
      white-space: normal;
    }
    td[data-label]::before {
      content: attr(data-label) ': ';
      color: var(--muted);
    }
    td:empty {
      display: none;
    }
    .actions button {
      margin-block-start: 0.3rem;
    }
  }
`
