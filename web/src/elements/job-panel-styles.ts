/** Looks of the panel: a head and a foot that stay, and rows that scroll between them. */

import { css } from 'lit'

import { controlStyles } from './control-styles.ts'
import { signStyles } from './job-icons.ts'

export const panelStyles = [
  controlStyles,
  signStyles,
  css`
    header,
    footer {
      display: flex;
      flex: none;
      align-items: center;
      gap: 0.5rem;
      padding: 0.6rem 1rem;
    }
    header {
      border-block-end: 1px solid var(--line);
    }
    footer {
      justify-content: space-between;
      border-block-start: 1px solid var(--line);
      background: var(--panel);
    }
    .what {
      flex: 1;
      min-inline-size: 0;
    }
    h2 {
      font-size: 1.05rem;
      line-height: 1.3;
    }
    h2:focus {
      outline: none;
    }
    header p,
    footer p {
      color: var(--muted);
      font-size: 0.93em;
    }
    .quiet {
      border-color: transparent;
      background: none;
      color: var(--muted);
      white-space: nowrap;
    }
    .quiet:hover {
      background: var(--panel);
      color: var(--fg);
    }
    footer .link {
      min-block-size: 24px;
      padding-block: 0;
    }
    .square {
      inline-size: 32px;
      margin-inline-end: -0.5rem;
      padding: 0;
    }
    .body {
      flex: 1;
      overflow: auto;
      overscroll-behavior: contain;
    }
    ul {
      margin: 0;
      padding: 0;
      list-style: none;
    }
    li + li {
      border-block-start: 1px solid var(--line);
    }
    .more {
      inline-size: 100%;
      min-block-size: 36px;
      border-width: 1px 0 0;
      border-radius: 0;
      color: var(--accent);
    }
    .more:hover {
      background: var(--panel);
    }
    .more:focus-visible {
      outline-offset: -2px;
    }
    .lost {
      display: flex;
      flex: none;
      gap: 0.6rem;
      padding: 0.55rem 1rem;
      background: var(--warn-soft);
      color: var(--warn);
    }
    .lost .sign {
      margin-block-start: 0.1rem;
    }
    .refusal {
      padding: 0.55rem 1rem;
      color: var(--bad);
    }
    .none {
      padding: 1.4rem 1rem;
      color: var(--muted);
    }
    .none a {
      color: var(--accent);
    }
    .waiting {
      opacity: 0;
      /* Nothing flashes for an answer that comes at once. */
      animation: appear 0.2s 0.3s forwards;
    }
    @keyframes appear {
      to {
        opacity: 1;
      }
    }
    @media (forced-colors: active) {
      .lost {
        border-block-end: 1px solid CanvasText;
      }
    }
  `,
]
