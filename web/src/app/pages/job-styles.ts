/** Looks of the page of one job. */

import { css } from 'lit'

export const jobStyles = css`
  :host {
    max-inline-size: 64rem;
  }
  .state {
    margin-block-end: 1rem;
    font-size: 1.05rem;
    font-variant-numeric: tabular-nums;
    overflow-wrap: anywhere;
  }
  progress {
    margin-block-end: 1.25rem;
  }
  .counts,
  ol.stages {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr));
    gap: 0.5rem;
    margin: 0 0 1.25rem;
    padding: 0;
    list-style: none;
  }
  .counts {
    grid-template-columns: repeat(3, minmax(0, 1fr));
  }
  .counts > div,
  .stages li {
    padding: 0.6rem 0.75rem;
    border: 1px solid var(--line);
    border-radius: 8px;
  }
  .counts > div {
    display: flex;
    flex-direction: column-reverse;
    justify-content: flex-end;
  }
  .counts dd {
    font-size: 1.35rem;
    font-weight: 600;
    font-variant-numeric: tabular-nums;
  }
  .stages li {
    color: var(--muted);
  }
  .stages li.done {
    color: var(--fg);
  }
  .stages li.now {
    border-color: var(--accent);
    background: var(--accent-soft);
    color: var(--fg);
  }
  .stages li.now.bad {
    border-color: var(--bad);
    background: none;
  }
  .stages small {
    display: block;
    font-variant-numeric: tabular-nums;
  }
  .problem {
    margin-block-end: 1.25rem;
    border-color: var(--bad);
    overflow-wrap: anywhere;
  }
  .problem > * + * {
    margin-block-start: 0.4rem;
  }
  .problem code {
    color: var(--muted);
  }
  .two {
    display: grid;
    grid-template-columns: minmax(0, 1fr) minmax(0, 20rem);
    gap: 1.25rem;
    align-items: start;
  }
  .facts dl {
    display: grid;
    grid-template-columns: auto minmax(0, 1fr);
    gap: 0.35rem 1rem;
    margin: 0.6rem 0 0;
  }
  dt {
    color: var(--muted);
  }
  dd {
    margin: 0;
    overflow-wrap: anywhere;
  }
  @media (max-width: 52rem) {
    .two {
      grid-template-columns: minmax(0, 1fr);
    }
    ol.stages {
      grid-template-columns: repeat(auto-fit, minmax(7rem, 1fr));
    }
  }
`
