/** The colours of states. A word or a sign always says the same. */

import { css } from 'lit'

export const toneStyles = css`
  .good {
    color: var(--ok);
  }
  .bad {
    color: var(--bad);
  }
  .warn {
    color: var(--warn);
  }
`
