/** The dialog that shows one cell in full, and copies it. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import { controlStyles } from './control-styles.ts'
import { copyText } from './copy-text.ts'

export class CellDialog extends LitElement {
  static override styles = [
    controlStyles,
    css`
      dialog {
        inline-size: min(42rem, calc(100vw - 2rem));
        max-block-size: min(80vh, 40rem);
        flex-direction: column;
        gap: 0.75rem;
      }
      dialog[open] {
        display: flex;
      }
      pre {
        margin: 0;
        padding: 0.75rem;
        overflow: auto;
        border: 1px solid var(--line);
        border-radius: 6px;
        background: var(--panel);
        font: 13px/1.5 ui-monospace, monospace;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .none {
        font-style: italic;
        color: var(--muted);
      }
    `,
  ]
  static override properties = {
    heading: { state: true },
    kind: { state: true },
    value: { state: true },
    said: { state: true },
  }
  declare heading: string
  declare kind: string
  declare value: string | null
  declare said: string

  constructor() {
    super()
    this.heading = ''
    this.kind = ''
    this.value = null
    this.said = ''
  }

  /** Open with a value; null is an empty cell. The browser gives the focus back to the cell on closing. */
  show(heading: string, kind: string, value: string | null): void {
    this.heading = heading
    this.kind = kind
    this.value = value
    this.said = ''
    void this.updateComplete.then(() => this.#dialog?.showModal())
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog')
  }

  async #copy(): Promise<void> {
    const copied = await copyText(this.value ?? '')
    this.said = copied ? 'Copied.' : 'The browser refused. Select the text and copy it.'
  }

  override render(): TemplateResult {
    const length = this.value?.length ?? 0
    return html`<dialog aria-labelledby="heading" @keydown=${(event: Event) => event.stopPropagation()}>
      <h2 id="heading">${this.heading}</h2>
      <p class="muted">
        ${this.kind}${this.value === null ? nothing : ` · ${new Intl.NumberFormat().format(length)} characters`}
      </p>
      ${
        this.value === null
          ? html`<p class="none">This cell is empty.</p>`
          : html`<pre tabindex="0" role="group" aria-label="Value">${this.value}</pre>`
      }
      <div class="bar">
        ${this.value === null ? nothing : html`<button class="primary" @click=${this.#copy}>Copy</button>`}
        <button @click=${() => this.#dialog?.close()}>Close</button>
        <span role="status">${this.said}</span>
      </div>
    </dialog>`
  }
}

customElements.define('headway-cell-dialog', CellDialog)

declare global {
  interface HTMLElementTagNameMap {
    'headway-cell-dialog': CellDialog
  }
}
