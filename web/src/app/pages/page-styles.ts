/** Looks shared by the pages of imports and datasets. */

import { css } from 'lit'

import { controlStyles } from '../../elements/control-styles.ts'

export const pageStyles = [
  controlStyles,
  css`
    :host {
      display: block;
      /* What is wide scrolls inside the page and never widens it. */
      contain: inline-size;
      max-inline-size: 80rem;
      margin-inline: auto;
    }
    h1 {
      font-size: 1.35rem;
      line-height: 1.25;
      overflow-wrap: anywhere;
    }
    h1:focus {
      outline: none;
    }
    h2 {
      font-size: 1.05rem;
    }
    a {
      color: var(--accent);
    }
    a.button {
      color: inherit;
    }
    a.button.primary {
      color: var(--accent-fg);
    }
    .head {
      display: flex;
      flex-wrap: wrap;
      align-items: start;
      justify-content: space-between;
      gap: 0.5rem 1rem;
      margin-block-end: 1rem;
    }
    .skeleton {
      block-size: 1.1em;
      border-radius: 4px;
      background: var(--line);
      opacity: 0;
      /* Nothing flashes for an answer that comes at once. */
      animation: appear 0.2s 0.2s forwards;
    }
    @keyframes appear {
      to {
        opacity: 0.5;
      }
    }
    .card {
      padding: 1rem;
      border: 1px solid var(--line);
      border-radius: 10px;
    }
  `,
]
