/** Looks of one file on its way. */

import { css } from 'lit'

import { chooseStyles } from './choose-styles.ts'
import { controlStyles } from './control-styles.ts'

export const rowStyles = [
  controlStyles,
  chooseStyles,
  css`
    :host {
      display: grid;
      gap: 0.4rem;
    }
    .line {
      display: flex;
      flex-wrap: wrap;
      justify-content: space-between;
      gap: 0.1rem 1rem;
    }
    .file {
      min-inline-size: 0;
      overflow-wrap: anywhere;
    }
    .state {
      color: var(--muted);
    }
    .tone-good .state {
      color: var(--ok);
    }
    .tone-bad .state {
      color: var(--bad);
    }
    .tone-warn .state {
      color: var(--warn);
    }
    .sentence {
      color: var(--muted);
      font-variant-numeric: tabular-nums;
      overflow-wrap: anywhere;
    }
    .sentence.tone-bad {
      color: var(--fg);
    }
    progress {
      inline-size: 100%;
      block-size: 6px;
      border: 0;
      border-radius: 3px;
      background: var(--line);
      accent-color: var(--accent);
      overflow: hidden;
      appearance: none;
    }
    progress::-webkit-progress-bar {
      background: var(--line);
    }
    progress::-webkit-progress-value {
      background: var(--accent);
      transition: inline-size 0.2s;
    }
    progress::-moz-progress-bar {
      background: var(--accent);
    }
    progress:indeterminate {
      background: linear-gradient(90deg, var(--line) 35%, var(--accent) 50%, var(--line) 65%) 0 0 / 300% 100%;
      animation: pass 1.6s linear infinite;
    }
    progress:indeterminate::-webkit-progress-bar {
      background: transparent;
    }
    @keyframes pass {
      from {
        background-position: 100% 0;
      }
      to {
        background-position: 0 0;
      }
    }
    .quiet {
      margin-inline-start: auto;
      border-color: transparent;
      background: none;
      color: var(--muted);
    }
    @media (forced-colors: active) {
      progress,
      progress::-webkit-progress-bar,
      progress::-webkit-progress-value {
        forced-color-adjust: none;
      }
      progress {
        outline: 1px solid CanvasText;
      }
      progress::-webkit-progress-value {
        background: Highlight;
      }
    }
    @media (prefers-reduced-motion: reduce) {
      progress:indeterminate {
        animation: none;
      }
      progress::-webkit-progress-value {
        transition: none;
      }
    }
  `,
]
