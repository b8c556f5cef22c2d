/** Looks of what a person should see first: a box with a coloured edge. */

import { css } from 'lit'

export const markStyles = css`
  .mark {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 0.4rem;
    padding: 0.5rem 0.75rem;
    border: 1px solid var(--line);
    border-inline-start: 3px solid var(--warn);
    border-radius: 6px;
    background: var(--panel);
    overflow-wrap: anywhere;
  }
  .mark.calm {
    border-inline-start-color: var(--accent);
  }
`
