/** Looks of the list of jobs: a table, and a list of cards where there is no room for one. */

import { css } from 'lit'

export const jobTableStyles = css`
  :host {
    display: block;
  }
  a {
    color: var(--accent);
  }
  /* Always there, so that nothing moves when its button comes. */
  .top {
    position: sticky;
    z-index: 2;
    inset-block-start: 3.4rem;
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 0.5rem;
    min-block-size: 40px;
    background: var(--bg);
    color: var(--muted);
  }
  .all,
  .tick {
    display: inline-flex;
    align-items: center;
    gap: 0.4rem;
    min-block-size: 32px;
    padding-inline: 0.5rem;
    cursor: pointer;
    user-select: none;
  }
  input[type='checkbox'] {
    inline-size: 18px;
    block-size: 18px;
    min-block-size: 0;
    margin: 0;
    accent-color: var(--accent);
    cursor: pointer;
  }
  .fresh {
    white-space: nowrap;
    border-color: var(--accent);
    background: var(--accent-soft);
    color: var(--accent);
    font-weight: 550;
  }
  table {
    inline-size: 100%;
    border-collapse: collapse;
    /* No word that changes makes a column wider. */
    table-layout: fixed;
  }
  table[aria-busy='true'] {
    opacity: 0.55;
    transition: opacity 0.1s 0.2s;
  }
  col.choice {
    inline-size: 2.6rem;
  }
  col.state {
    inline-size: 13.75rem;
  }
  col.time {
    inline-size: 8.5rem;
  }
  col.took {
    inline-size: 6.5rem;
  }
  col.result {
    inline-size: 7.5rem;
  }
  th {
    padding: 0.4rem 0.6rem;
    border-block-end: 1px solid var(--line);
    color: var(--muted);
    font-weight: 550;
    text-align: start;
  }
  td {
    padding: 0.6rem;
    border-block-end: 1px solid var(--line);
    vertical-align: top;
  }
  tbody td {
    /* Two lines and their padding: no state makes a row higher than another. */
    block-size: 3.75rem;
  }
  td.select {
    padding: 0.35rem 0;
  }
  tbody tr:hover,
  tbody tr:focus-within {
    background: var(--panel);
  }
  tbody tr.selected {
    background: var(--accent-soft);
  }
  .name a {
    color: inherit;
    font-weight: 550;
    text-decoration: none;
  }
  .name a:hover {
    text-decoration: underline;
  }
  .name a,
  .name small {
    display: block;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  /* Cut off by the cell, the ring would be seen in part. */
  .name a:focus-visible {
    outline-offset: -1px;
    border-radius: 4px;
  }
  small {
    /* A line also when there is nothing to say, so that the row keeps its height when there is. */
    min-block-size: 1lh;
    color: var(--muted);
    font-size: 0.93em;
    font-variant-numeric: tabular-nums;
  }
  .time {
    white-space: nowrap;
    font-variant-numeric: tabular-nums;
  }
  progress {
    max-inline-size: 9rem;
    margin-block-start: 0.45rem;
  }
  @media (max-width: 58rem) {
    .top {
      position: static;
    }
    colgroup {
      display: none;
    }
    table,
    tbody {
      display: block;
    }
    thead {
      position: absolute;
      clip-path: inset(50%);
    }
    tr {
      display: grid;
      grid-template-columns: 2.4rem minmax(0, 1fr) auto;
      gap: 0.1rem 0.5rem;
      padding-block: 0.6rem;
      border-block-end: 1px solid var(--line);
    }
    tbody td,
    td.select {
      block-size: auto;
      padding: 0;
      border: 0;
    }
    td.select {
      grid-row: 1 / 4;
      margin-block-start: -0.35rem;
    }
    .name {
      grid-column: 2 / 4;
    }
    .state {
      grid-column: 2;
    }
    .name a,
    .name small {
      display: -webkit-box;
      overflow-wrap: anywhere;
      -webkit-box-orient: vertical;
      -webkit-line-clamp: 2;
      white-space: normal;
    }
    .began,
    .took {
      grid-column: 3;
      color: var(--muted);
      text-align: end;
    }
    .result {
      grid-column: 2;
      grid-row: 3;
    }
    .result:empty,
    .took:empty {
      display: none;
    }
    .result a {
      display: inline-flex;
      align-items: center;
      min-block-size: 24px;
    }
  }
  @media (forced-colors: active) {
    tbody tr.selected {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
  }
`
