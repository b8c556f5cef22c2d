/** Looks of forms that are a column of fields. */

import { css } from 'lit'

export const formStyles = css`
  :host {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 0.5rem;
  }
  .form {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 0.5rem;
  }
  .field {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 0.2rem;
  }
  .columns {
    max-block-size: 9.5rem;
    overflow-y: auto;
  }
  .columns label {
    align-items: center;
  }
  .pair {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem;
    align-items: end;
  }
  .pair > .field {
    flex: 1 1 6.5rem;
  }
  textarea {
    inline-size: 100%;
    padding: 0.4rem 0.6rem;
    border: 1px solid light-dark(#71717a, #a1a1aa);
    border-radius: 6px;
    background: var(--bg);
    color: inherit;
    font: 12.5px/1.45 ui-monospace, monospace;
  }
  .link {
    justify-self: start;
    margin-inline-start: -0.25rem;
  }
`
