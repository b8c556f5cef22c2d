/** Looks of a part of a page with a frame and a heading of its own, which is not there while there is nothing in it. */

import { css } from 'lit'

import { controlStyles } from '../../elements/control-styles.ts'

export const sectionStyles = [
  controlStyles,
  css`
    :host {
      display: block;
      padding: 1rem;
      border: 1px solid var(--line);
      border-radius: 10px;
    }
    :host([hidden]) {
      display: none;
    }
    h2 {
      font-size: 1.05rem;
    }
  `,
]
