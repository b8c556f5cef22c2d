/** Looks of `<headway-grid>`. */

import { css } from 'lit'

import { controlStyles } from './control-styles.ts'
import { chartStyles } from './grid-profile-chart.ts'

export const gridStyles = [
  controlStyles,
  chartStyles,
  css`
    :host {
      display: block;
      /* The table is as wide as its place, not the other way round. */
      contain: inline-size;
    }
    .frame {
      position: relative;
      overflow: hidden;
      border: 1px solid var(--line);
      border-radius: 8px;
      background: var(--bg);
    }
    .scroller {
      max-block-size: var(--headway-grid-height, 70vh);
      min-block-size: 10rem;
      overflow: auto;
      overscroll-behavior: contain;
      overflow-anchor: none;
    }
    .scroller:focus-visible {
      outline: 2px solid var(--accent);
      outline-offset: -2px;
    }
    .head {
      position: sticky;
      inset-block-start: 0;
      z-index: 3;
      border-block-end: 1px solid var(--line);
      background: var(--panel);
    }
    .head,
    .body {
      min-inline-size: 100%;
    }
    .body {
      position: relative;
      /* Only what is inside is laid out again when rows move. */
      contain: layout style;
    }
    .row {
      display: grid;
      grid-template-columns: var(--columns);
    }
    .body .row {
      position: absolute;
      inset-inline: 0;
      block-size: 30px;
      border-block-end: 1px solid color-mix(in srgb, var(--line) 50%, transparent);
      background: var(--bg);
    }
    .body .row:hover,
    .body .row:hover > .gutter {
      background: var(--panel);
    }
    .gutter {
      position: sticky;
      inset-inline-start: 0;
      z-index: 2;
      overflow: hidden;
      border-inline-end: 1px solid var(--line);
      background: var(--bg);
      color: var(--muted);
      font-size: 12px;
      font-variant-numeric: tabular-nums;
      text-align: end;
    }
    .head .gutter {
      background: var(--panel);
    }
    .gutter + * {
      grid-column-start: 3;
    }
    .body .row > * {
      padding: 0 0.6rem;
      overflow: hidden;
      line-height: 29px;
      text-overflow: ellipsis;
      white-space: pre;
    }
    [role='gridcell']:focus-visible,
    [role='gridcell'][data-active]:focus {
      outline: 2px solid var(--accent);
      outline-offset: -2px;
    }
    .number {
      font-variant-numeric: tabular-nums;
      text-align: end;
    }
    .empty {
      color: var(--muted);
      font-style: italic;
    }
    .missing {
      color: var(--muted);
    }
    [role='columnheader']:not(.gutter) {
      position: relative;
      min-inline-size: 0;
      padding: 0.3rem 0.6rem 0.4rem;
      border-inline-end: 1px solid var(--line);
    }
    [role='columnheader'] button {
      display: flex;
      align-items: center;
      justify-content: start;
      gap: 0.3rem;
      inline-size: 100%;
      min-block-size: 24px;
      padding: 0;
      border: 0;
      border-radius: 3px;
      background: none;
      font-weight: 600;
      text-align: start;
    }
    .ends button,
    .ends .type {
      justify-content: end;
    }
    .name {
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: pre;
    }
    .arrow {
      font-size: 10px;
    }
    .type {
      display: flex;
      align-items: center;
      gap: 0.3rem;
      color: var(--muted);
      font-size: 12px;
      white-space: nowrap;
    }
    .type span {
      overflow: hidden;
      text-overflow: ellipsis;
    }
    .icon {
      flex: none;
    }
    .profile,
    [role='columnheader'] button.profile {
      display: block;
      block-size: 46px;
      margin-block-start: 0.2rem;
      color: var(--muted);
      font-size: 12px;
      font-weight: 400;
    }
    .profile .line {
      display: block;
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
      font-variant-numeric: tabular-nums;
    }
    .profile:hover .line {
      color: var(--fg);
    }
    .handle {
      position: absolute;
      inset-block: 0;
      inset-inline-end: -5px;
      z-index: 1;
      inline-size: 10px;
      cursor: col-resize;
      touch-action: none;
    }
    .handle:hover,
    .handle:active {
      background: linear-gradient(90deg, transparent 4px, var(--accent) 4px 6px, transparent 6px);
    }
    p.none {
      position: absolute;
      inset-inline: 0;
      inset-block-end: 1.5rem;
      margin: 0;
      text-align: center;
    }
    .foot {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      justify-content: space-between;
      gap: 0.25rem 1rem;
      min-block-size: 44px;
      color: var(--muted);
      font-size: 13px;
      font-variant-numeric: tabular-nums;
    }
    .foot form {
      display: flex;
      align-items: center;
      gap: 0.4rem;
    }
    .foot input {
      min-block-size: 28px;
    }
    .foot button {
      min-block-size: 28px;
      padding-block: 0;
    }
  `,
]
