/** The signs of the states. A word always says the same, so they are hidden from screen readers. */

import { css, html, svg, type SVGTemplateResult, type TemplateResult } from 'lit'

import type { Job } from '../client/types.ts'
import { isPausedUpload } from './job-words.ts'

const DISC = svg`<circle cx="8" cy="8" r="6.25"></circle>`

const SIGNS: Record<string, SVGTemplateResult> = {
  done: svg`${DISC}<path d="m5.3 8.2 1.9 1.9 3.6-4"></path>`,
  failed: svg`${DISC}<path d="m6 6 4 4m0-4-4 4"></path>`,
  warn: svg`<path d="M8 2.2 14.3 13.3H1.7ZM8 6.4v3M8 11.4v.1"></path>`,
  stopped: svg`${DISC}<path d="M5.5 8h5"></path>`,
  waiting: svg`${DISC}<path d="M8 4.6V8l2.2 1.5"></path>`,
  again: svg`<path d="M13.2 8.6A5.3 5.3 0 1 1 11.6 4.2L13.3 5.8M13.4 2.6v3.3h-3.3"></path>`,
  up: svg`<path d="M8 10.5v-8m-3 2.8 3-3 3 3M2.8 10.2v2.1a1 1 0 0 0 1 1h8.4a1 1 0 0 0 1-1v-2.1"></path>`,
  paused: svg`${DISC}<path d="M6.4 5.6v4.8m3.2-4.8v4.8"></path>`,
  running: svg`<circle class="track" cx="8" cy="8" r="6.25"></circle><path class="turn" d="M8 1.75A6.25 6.25 0 0 1 14.25 8"></path>`,
  bell: svg`<path d="M3.2 11.8h9.6L11.7 10V7a3.7 3.7 0 0 0-7.4 0v3ZM6.7 13.8a1.4 1.4 0 0 0 2.6 0"></path>`,
  close: svg`<path d="m4 4 8 8m0-8-8 8"></path>`,
  fold: svg`<path d="m4 10 4-4 4 4"></path>`,
}

const OF_PHASES: Record<string, string> = {
  uploading: 'up',
  queued: 'waiting',
  retrying: 'again',
  stalled: 'warn',
  completed: 'done',
  partial: 'warn',
  failed: 'failed',
  cancelled: 'stopped',
}

export function sign(name: string): TemplateResult {
  return html`<svg class="sign" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${SIGNS[name]}</svg>`
}

export function phaseSign(job: Job): TemplateResult {
  return sign(isPausedUpload(job) ? 'paused' : (OF_PHASES[job.phase] ?? 'running'))
}

export const signStyles = css`
  .sign {
    display: inline-block;
    flex: none;
    vertical-align: -0.2em;
    fill: none;
    stroke: currentcolor;
    stroke-linecap: round;
    stroke-linejoin: round;
    stroke-width: 1.5;
  }
  .sign .track {
    opacity: 0.25;
  }
  .sign .turn {
    transform-origin: center;
    animation: turn 1.1s linear infinite;
  }
  @keyframes turn {
    to {
      transform: rotate(1turn);
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .sign .turn {
      animation: none;
    }
  }
`
