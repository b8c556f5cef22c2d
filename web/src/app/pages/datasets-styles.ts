/** Looks of the list of datasets: a table, and a list of cards where there is no room for one. */

import { css } from 'lit'

export const datasetsStyles = css`
  input[type='search'] {
    flex: 0 1 20rem;
    min-inline-size: 10rem;
  }
  .first {
    margin-block: 1rem;
    font-size: 1.05rem;
  }
  headway-sample-file {
    margin-block-start: 1.25rem;
  }
  headway-importer + .bar {
    margin-block-start: 1.25rem;
  }
  .waiting {
    display: grid;
    gap: 1.25rem;
    padding-block: 1.5rem;
  }
  .more {
    margin-block-start: 1rem;
    text-align: center;
  }
  table {
    inline-size: 100%;
    margin-block-start: 0.75rem;
    border-collapse: collapse;
  }
  th,
  td {
    padding: 0.5rem 0.6rem;
    border-block-end: 1px solid var(--line);
    text-align: start;
    vertical-align: middle;
  }
  thead th {
    color: var(--muted);
    font-weight: 500;
    white-space: nowrap;
  }
  tbody th {
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  tbody th a {
    display: inline-flex;
    align-items: center;
    min-block-size: 28px;
    color: inherit;
  }
  tbody tr:hover {
    background: var(--panel);
  }
  .number {
    font-variant-numeric: tabular-nums;
    text-align: end;
    white-space: nowrap;
  }
  td {
    white-space: nowrap;
  }
  .actions {
    text-align: end;
  }
  @media (width < 48rem) {
    table,
    tbody,
    tr,
    tbody th,
    td {
      display: block;
    }
    thead {
      position: absolute;
      clip-path: inset(50%);
    }
    tr {
      display: grid;
      grid-template-columns: repeat(2, minmax(0, 1fr));
      gap: 0.15rem 1rem;
      padding-block: 0.6rem;
      border-block-end: 1px solid var(--line);
    }
    tbody th,
    .actions {
      grid-column: 1 / -1;
    }
    th,
    td,
    .number {
      padding: 0;
      border: 0;
      text-align: start;
      white-space: normal;
    }
    td[data-label]::before {
      content: attr(data-label) ': ';
      color: var(--muted);
    }
    .actions {
      padding-block: 0.25rem;
      text-align: start;
    }
  }
`
