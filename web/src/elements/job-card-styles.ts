/** Looks of one job in the panel. */

import { css } from 'lit'

import { controlStyles } from './control-styles.ts'
import { signStyles } from './job-icons.ts'
import { progressStyles } from './progress-styles.ts'

export const cardStyles = [
  controlStyles,
  progressStyles,
  signStyles,
  css`
    :host {
      display: block;
      padding: 0.7rem 1rem 0.75rem;
    }
    .row {
      --tone: var(--accent);
      display: grid;
      grid-template-columns: 1rem minmax(0, 1fr);
      column-gap: 0.7rem;
    }
    .good {
      --tone: var(--ok);
    }
    .bad {
      --tone: var(--bad);
    }
    .warn {
      --tone: var(--warn);
    }
    .idle {
      --tone: var(--muted);
    }
    .idle progress {
      --bar: var(--muted);
    }
    .row > * {
      grid-column: 2;
    }
    .row > .state {
      grid-area: 1 / 1;
      padding-block-start: 0.15rem;
      color: var(--tone);
    }
    :host([stale]) .turn {
      animation: none;
    }
    .top {
      display: flex;
      align-items: baseline;
      gap: 0.75rem;
      min-inline-size: 0;
    }
    h3 {
      flex: 1;
      min-inline-size: 0;
      font-size: 1rem;
      font-weight: 600;
    }
    .title {
      display: -webkit-box;
      overflow: hidden;
      -webkit-box-orient: vertical;
      -webkit-line-clamp: 2;
      border-radius: 4px;
      color: inherit;
      overflow-wrap: anywhere;
      text-decoration: none;
    }
    a.title:hover {
      text-decoration: underline;
    }
    .title:focus-visible {
      outline-offset: -1px;
    }
    .percent {
      font-weight: 600;
      font-variant-numeric: tabular-nums;
    }
    time {
      flex: none;
      color: var(--muted);
      font-size: 0.93em;
    }
    .quiet {
      flex: none;
      align-self: center;
      min-block-size: 24px;
      inline-size: 24px;
      margin-inline: -0.4rem -0.35rem;
      padding: 0;
      border-color: transparent;
      background: none;
      color: var(--muted);
    }
    .quiet:hover {
      background: var(--panel);
      color: var(--fg);
    }
    .bar {
      display: block;
      margin-block: 0.4rem 0.35rem;
    }
    .stages {
      display: flex;
      gap: 3px;
      margin-block-start: 4px;
    }
    .stages i {
      flex: 1;
      block-size: 3px;
      border-radius: 2px;
      background: var(--line);
    }
    .stages .past {
      background: color-mix(in srgb, var(--accent) 55%, var(--bg));
    }
    .stages .now {
      background: var(--accent);
    }
    .warn progress {
      --bar: var(--warn);
    }
    .say {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      justify-content: space-between;
      gap: 0.25rem 0.75rem;
    }
    p {
      overflow-wrap: anywhere;
    }
    .say p {
      flex: 1 1 11rem;
      color: var(--muted);
      font-variant-numeric: tabular-nums;
    }
    strong {
      color: var(--fg);
      font-weight: 600;
    }
    .bad strong,
    .warn strong,
    .good strong {
      color: var(--tone);
    }
    headway-job-cancel[asking] {
      flex-basis: 100%;
    }
    .note {
      color: var(--muted);
      font-size: 0.93em;
    }
    .do {
      margin-block-start: 0.15rem;
    }
    .refusal {
      margin-block-start: 0.3rem;
      color: var(--bad);
    }
    .actions {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 0.4rem 0.6rem;
    }
    .actions:not(:empty) {
      margin-block-start: 0.45rem;
    }
    .actions a:not(.button) {
      color: var(--accent);
    }
    details {
      margin-block-start: 0.35rem;
    }
    summary {
      inline-size: fit-content;
      min-block-size: 24px;
      border-radius: 4px;
      color: var(--muted);
      cursor: pointer;
    }
    summary:hover {
      color: var(--fg);
    }
    details > p {
      margin-block: 0.15rem 0.3rem;
      color: var(--muted);
    }
    code {
      display: block;
      padding: 0.4rem 0.55rem;
      border-radius: 6px;
      background: var(--panel);
      font: 0.86em/1.45 ui-monospace, monospace;
      overflow-wrap: anywhere;
    }
    @media (forced-colors: active) {
      .stages i {
        border: 1px solid CanvasText;
      }
      .stages .now {
        forced-color-adjust: none;
        background: Highlight;
      }
      .stages .past {
        forced-color-adjust: none;
        background: CanvasText;
      }
    }
  `,
]
