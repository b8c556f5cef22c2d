/** Looks of `<headway-importer>`. */

import { css } from 'lit'

import { chooseStyles } from './choose-styles.ts'
import { controlStyles } from './control-styles.ts'

export const importerStyles = [
  controlStyles,
  chooseStyles,
  css`
    :host {
      display: block;
    }
    .zone {
      display: grid;
      justify-items: center;
      gap: 0.35rem;
      padding: 2.25rem 1rem;
      border: 2px dashed var(--line);
      border-radius: 12px;
      background: var(--panel);
      text-align: center;
    }
    .zone svg {
      fill: none;
      stroke: var(--accent);
      stroke-width: 1.6;
      stroke-linecap: round;
      stroke-linejoin: round;
    }
    .lead {
      font-size: 1.05rem;
    }
    .choose {
      display: inline-flex;
      align-items: center;
      min-block-size: 32px;
      padding-inline: 0.2rem;
      border-radius: 6px;
      color: var(--accent);
      font-weight: 600;
      text-decoration: underline;
      cursor: pointer;
    }
    .checks {
      display: inline-flex;
      align-items: center;
      gap: 0.5rem;
      min-block-size: 32px;
      text-align: start;
    }
    .checks input {
      flex: none;
      inline-size: 16px;
      min-block-size: 16px;
      margin: 0;
      accent-color: var(--accent);
    }
    .safety {
      margin-block: 0.75rem 0;
    }
    .safety.good {
      color: var(--ok);
    }
    .safety a {
      color: inherit;
    }
    .uploads {
      display: grid;
      gap: 0.75rem;
      margin: 1rem 0 0;
      padding: 0;
      list-style: none;
    }
    li {
      display: grid;
      gap: 0.4rem;
      padding: 0.75rem 1rem;
      border: 1px solid var(--line);
      border-radius: 10px;
      background: var(--bg);
    }
    .everywhere {
      position: fixed;
      inset: 0.5rem;
      z-index: 50;
      display: grid;
      place-items: center;
      border: 3px dashed var(--accent);
      border-radius: 16px;
      background: color-mix(in srgb, var(--bg) 82%, transparent);
      color: var(--accent);
      font-size: 1.5rem;
      font-weight: 600;
      pointer-events: none;
    }
  `,
]
