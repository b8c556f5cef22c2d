/** Keeps a `ScrollModel` and the element that really scrolls together. */

import { ScrollModel } from './grid-geometry.ts'

/** A dragged thumb passes many pages; only where it rests for this long are rows asked for. */
const REST_MILLISECONDS = 40
const IDLE_MILLISECONDS = 160
/** A smooth wheel scroll goes on for a while after the wheel's last event. */
const WHEEL_MILLISECONDS = 400

interface Listener {
  /** Something is to be drawn at another place. */
  moved: () => void
  /** The scroll has come to rest, or the view has another size: time to fetch what is missing. */
  rested: () => void
}

export class GridScroll {
  readonly model = new ScrollModel()
  /** How far the columns are scrolled, and how wide the view is, in px. */
  left = 0
  width = 800
  readonly #listener: Listener
  readonly #observer = new ResizeObserver(() => this.#measure())
  #scroller: HTMLElement | null = null
  #head: HTMLElement | null = null
  #wheeledAt = -Infinity
  #rest: ReturnType<typeof setTimeout> | undefined
  #idle: ReturnType<typeof setTimeout> | undefined

  constructor(listener: Listener) {
    this.#listener = listener
  }

  /** `head` sticks to the top of `scroller` and takes its height from the view. */
  connect(scroller: HTMLElement | null, head: HTMLElement | null): void {
    this.disconnect()
    if (!scroller || !head) return
    this.#scroller = scroller
    this.#head = head
    this.#observer.observe(scroller)
    this.#observer.observe(head)
  }

  disconnect(): void {
    this.#observer.disconnect()
    clearTimeout(this.#rest)
    clearTimeout(this.#idle)
  }

  #measure(): void {
    if (!this.#scroller || !this.#head) return
    this.width = this.#scroller.clientWidth
    const view = this.#scroller.clientHeight - this.#head.offsetHeight
    this.model.resize(this.model.rows, Math.max(1, view))
    this.#listener.rested()
  }

  /** For the element's `wheel` and `touchmove` events: what they scroll is never a dragged thumb. */
  onWheel(): void {
    this.#wheeledAt = performance.now()
  }

  onScroll(): void {
    if (!this.#scroller) return
    this.left = Math.abs(this.#scroller.scrollLeft)
    this.model.follow(this.#scroller.scrollTop, performance.now() - this.#wheeledAt < WHEEL_MILLISECONDS)
    if (this.model.stuck) this.anchor()
    this.#later()
    this.#listener.moved()
  }

  goToRow(row: number): void {
    this.model.go(row * this.model.rowHeight)
    this.anchor()
    this.#later()
  }

  revealRow(row: number): void {
    if (!this.model.reveal(row)) return
    this.anchor()
    this.#later()
  }

  scrollColumnsTo(left: number): void {
    if (!this.#scroller || left === this.left) return
    this.#scroller.scrollLeft = getComputedStyle(this.#scroller).direction === 'rtl' ? -left : left
    this.left = Math.abs(this.#scroller.scrollLeft)
  }

  /** Move the thumb to where it belongs. The rows in sight do not move, they are placed relative to it. */
  anchor(): void {
    const fair = this.model.fairPhysicalTop
    if (!this.#scroller || Math.abs(fair - this.#scroller.scrollTop) < 1) return
    this.#scroller.scrollTop = fair
    this.model.anchored(this.#scroller.scrollTop)
    this.#listener.moved()
  }

  #later(): void {
    clearTimeout(this.#rest)
    clearTimeout(this.#idle)
    this.#rest = setTimeout(() => this.#listener.rested(), REST_MILLISECONDS)
    this.#idle = setTimeout(() => this.anchor(), IDLE_MILLISECONDS)
  }
}
