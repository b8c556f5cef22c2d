/** Looks of the page of one dataset. */

import { css } from 'lit'

import { markStyles } from '../../elements/mark-styles.ts'

export const datasetStyles = [
  markStyles,
  css`
    :host {
      max-inline-size: none;
    }
    [role='tabpanel'] {
      --headway-grid-height: max(18rem, calc(100dvh - 20.5rem));
    }
    .noted {
      --headway-grid-height: max(18rem, calc(100dvh - 24rem));
    }
    h1:has(+ headway-dataset-name[editing]) {
      display: none;
    }
    .facts {
      display: grid;
      gap: 0.15rem;
      min-inline-size: 0;
    }
    .note {
      display: block;
      margin-block-end: 0.75rem;
    }
    .note.export {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 0.5rem;
    }
    progress {
      display: block;
      inline-size: 100%;
      block-size: 6px;
      margin-block-start: 0.4rem;
      accent-color: var(--accent);
    }
    .tabs {
      display: flex;
      flex-wrap: wrap;
      gap: 0.25rem;
      margin-block-end: 0.75rem;
      border-block-end: 1px solid var(--line);
    }
    [role='tab'] {
      min-block-size: 36px;
      margin-block-end: -1px;
      border: 0;
      border-block-end: 2px solid transparent;
      border-radius: 6px 6px 0 0;
      background: none;
      color: var(--muted);
    }
    [role='tab'][aria-selected='true'] {
      border-block-end-color: var(--accent);
      color: var(--fg);
      font-weight: 600;
    }
    @media (forced-colors: active) {
      [role='tab'][aria-selected='false'] {
        border-block-end-color: Canvas;
      }
      [role='tab'][aria-selected='true'] {
        border-block-end-color: Highlight;
      }
    }
    .waiting {
      display: grid;
      gap: 1rem;
      max-inline-size: 40rem;
    }
  `,
]
