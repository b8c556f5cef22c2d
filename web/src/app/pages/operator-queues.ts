/** Queues: how deep, how long the first has waited, paused by whom and why; and what waits in them, on wish. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'

import type { Queue } from '../../client/operator-types.ts'
import { controlStyles } from '../../elements/control-styles.ts'
import { formatCount, formatMoment, formatSeconds } from '../../elements/sizes.ts'
import { toneStyles } from '../../elements/tone-styles.ts'
import { operatorStyles } from './operator-styles.ts'
import { personName, queueName } from './operator-words.ts'

export interface QueueDeed {
  queue: Queue
  deed: 'pause' | 'resume' | 'look'
}

/** Says `queue` with what is wanted of which one. `open` is the one of which the waiting jobs are shown below. */
export class OperatorQueues extends LitElement {
  static override styles = [
    controlStyles,
    operatorStyles,
    toneStyles,
    css`
      .state {
        inline-size: 40%;
      }
      tbody th {
        overflow-wrap: break-word;
      }
    `,
  ]
  static override properties = {
    queues: { attribute: false },
    now: { attribute: false },
    open: { attribute: false },
    busy: { attribute: false },
  }
  declare queues: readonly Queue[]
  /** The server's time, by which waits are told. */
  declare now: string
  declare open: string
  declare busy: ReadonlySet<string>

  constructor() {
    super()
    this.queues = []
    this.now = ''
    this.open = ''
    this.busy = new Set()
  }

  override render(): TemplateResult {
    return html`<table role="table" aria-label="Queues">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">Queue</th>
          ${['Running', 'Waiting', 'Longest wait'].map((text) => html`<th role="columnheader" scope="col" class="number">${text}</th>`)}
          <th role="columnheader" scope="col" class="state">State</th>
          <th role="columnheader" scope="col"><span class="hidden">Actions</span></th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${repeat(
          this.queues,
          ({ name }) => name,
          (queue) => this.#renderQueue(queue),
        )}
      </tbody>
    </table>`
  }

  #renderQueue(queue: Queue): TemplateResult {
    const name = queueName(queue.name)
    const wait = queue.waiting_since ? (Date.parse(this.now) - Date.parse(queue.waiting_since)) / 1000 : null
    return html`<tr role="row" data-queue=${queue.name}>
      <th role="rowheader" scope="row">${name}</th>
      <td role="cell" class="number" data-label="Running">${formatCount(queue.running)} of ${formatCount(queue.places)}</td>
      <td role="cell" class="number" data-label="Waiting">${formatCount(queue.waiting)}</td>
      <td role="cell" class="number" data-label="Longest wait">${wait === null ? 'none' : formatSeconds(wait)}</td>
      <td role="cell">${this.#renderState(queue)}</td>
      <td role="cell" class="actions">
        ${
          queue.waiting || this.open === queue.name
            ? html`<button aria-expanded=${this.open === queue.name} aria-label="What waits in ${name}" @click=${() => this.#say(queue, 'look')}>
                What waits
              </button>`
            : nothing
        }
        ${queue.paused ? this.#renderButton(queue, 'resume', 'Resume') : this.#renderButton(queue, 'pause', 'Pause…')}
      </td>
    </tr>`
  }

  #renderState({ paused, places }: Queue): TemplateResult {
    if (!paused) return places ? html`<span class="good">Open</span>` : html`<span class="warn">No worker for it</span>`
    return html`<strong class="warn">Paused</strong>${paused.reason ? `: ${paused.reason}` : nothing}
      <small>by ${personName(paused.by)}, ${formatMoment(paused.at)}</small>`
  }

  #renderButton(queue: Queue, deed: QueueDeed['deed'], text: string): TemplateResult {
    return html`<button
      aria-disabled=${this.busy.has(queue.name)}
      aria-label="${text} ${queueName(queue.name)}"
      @click=${() => this.#say(queue, deed)}
    >
      ${text}
    </button>`
  }

  #say(queue: Queue, deed: QueueDeed['deed']): void {
    this.dispatchEvent(new CustomEvent<QueueDeed>('queue', { detail: { queue, deed } }))
  }
}

customElements.define('headway-operator-queues', OperatorQueues)

declare global {
  interface HTMLElementTagNameMap {
    'headway-operator-queues': OperatorQueues
  }
}
