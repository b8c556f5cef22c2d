/** Looks of groups of choices: a frame with a name, one choice in a line, what is wrong with it beneath. */

import { css } from 'lit'

import { controlStyles } from './control-styles.ts'

export const fieldStyles = [
  controlStyles,
  css`
    fieldset {
      display: grid;
      grid-template-columns: minmax(0, 1fr);
      gap: 0.35rem;
      min-inline-size: 0;
      margin: 0;
      padding: 0.5rem 0.75rem 0.75rem;
      border: 1px solid var(--line);
      border-radius: 8px;
    }
    legend {
      padding-inline: 0.25rem;
      font-weight: 600;
    }
    label {
      display: flex;
      flex-wrap: nowrap;
      gap: 0.5rem;
      align-items: baseline;
      min-inline-size: 0;
      min-block-size: 24px;
      overflow-wrap: anywhere;
    }
    select,
    input:not([type='radio'], [type='checkbox']) {
      min-inline-size: 0;
      max-inline-size: 100%;
    }
    input[type='radio'],
    input[type='checkbox'] {
      flex: none;
      min-block-size: 0;
      margin: 0;
      accent-color: var(--accent);
    }
    .problem {
      color: var(--bad);
      overflow-wrap: anywhere;
    }
  `,
]
