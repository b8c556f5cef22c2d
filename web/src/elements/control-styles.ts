/** Looks shared by the controls of these elements: buttons, inputs, dialogs, bars. */

import { css } from 'lit'

export const controlStyles = css`
  :host {
    color: var(--fg);
    font: 14px/1.45 system-ui, sans-serif;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  h1,
  h2,
  h3,
  p {
    margin: 0;
  }
  button,
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.4rem;
    min-block-size: 32px;
    padding: 0.25rem 0.7rem;
    border: 1px solid var(--line);
    border-radius: 6px;
    background: var(--bg);
    color: inherit;
    font: inherit;
    text-decoration: none;
    cursor: pointer;
  }
  input,
  select {
    min-block-size: 32px;
    padding: 0.2rem 0.6rem;
    border: 1px solid light-dark(#71717a, #a1a1aa);
    border-radius: 6px;
    background: var(--bg);
    color: inherit;
    font: inherit;
  }
  .primary {
    border-color: transparent;
    background: var(--accent);
    color: var(--accent-fg);
  }
  .link {
    padding-inline: 0.25rem;
    border-color: transparent;
    background: none;
    color: var(--accent);
    text-decoration: underline;
  }
  .bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.5rem;
  }
  .muted {
    color: var(--muted);
  }
  .error {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 0.5rem;
    margin-block-end: 0.75rem;
    padding: 0.5rem 0.75rem;
    border: 1px solid var(--bad);
    border-radius: 8px;
    color: var(--bad);
  }
  .error button {
    color: var(--fg);
  }
  dialog {
    padding: 1rem 1.25rem;
    border: 1px solid var(--line);
    border-radius: 10px;
    background: var(--bg);
    color: var(--fg);
  }
  dialog::backdrop {
    background: rgb(0 0 0 / 45%);
  }
  dialog h2 {
    font-size: 1.1rem;
    overflow-wrap: anywhere;
  }
  .hidden {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`
