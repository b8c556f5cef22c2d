/** The one look of bars that show how far a job is. */

import { css } from 'lit'

export const progressStyles = css`
  progress {
    --bar: var(--accent);
    display: block;
    inline-size: 100%;
    block-size: 6px;
    border: 0;
    border-radius: 3px;
    overflow: hidden;
    appearance: none;
    background: var(--line);
  }
  progress::-webkit-progress-bar {
    background: var(--line);
  }
  progress::-webkit-progress-value {
    border-radius: 3px;
    background: var(--bar);
    transition: inline-size 0.4s linear;
  }
  progress::-moz-progress-bar {
    border-radius: 3px;
    background: var(--bar);
  }
  /* Nobody knows how much is left: it comes and goes, and claims nothing. */
  progress.endless::-webkit-progress-bar {
    background: linear-gradient(90deg, var(--line) 30%, var(--bar) 50%, var(--line) 70%) 0 / 200% 100%;
    animation: pass 1.6s linear infinite;
  }
  progress.endless::-moz-progress-bar {
    background: linear-gradient(90deg, var(--line) 30%, var(--bar) 50%, var(--line) 70%) 0 / 200% 100%;
    animation: pass 1.6s linear infinite;
  }
  @keyframes pass {
    from {
      background-position-x: 200%;
    }
    to {
      background-position-x: 0%;
    }
  }
  /* Frozen at what was last known: striped, and still. */
  :host([stale]) progress::-webkit-progress-value {
    background: repeating-linear-gradient(-45deg, var(--bar) 0 4px, color-mix(in srgb, var(--bar) 45%, var(--bg)) 4px 8px);
    transition: none;
  }
  :host([stale]) progress::-moz-progress-bar {
    background: repeating-linear-gradient(-45deg, var(--bar) 0 4px, color-mix(in srgb, var(--bar) 45%, var(--bg)) 4px 8px);
  }
  :host([stale]) progress.endless::-webkit-progress-bar,
  :host([stale]) progress.endless::-moz-progress-bar {
    animation: none;
  }
  @media (prefers-reduced-motion: reduce) {
    progress::-webkit-progress-value {
      transition: none;
    }
    progress.endless::-webkit-progress-bar,
    progress.endless::-moz-progress-bar {
      animation: none;
    }
  }
  @media (forced-colors: active) {
    progress {
      appearance: auto;
      border: 1px solid CanvasText;
    }
  }
`
