/** Looks of a file input that covers its label: one thing to click, to tab to, and to name. */

import { css } from 'lit'

export const chooseStyles = css`
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
`
