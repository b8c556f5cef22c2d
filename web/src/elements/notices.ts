/** What the jobs panel needs to know of being told of ends while away. The host decides whether and how that is done. */

/** `none`: this browser or host has no such thing; `blocked`: the person has refused it in the browser. */
export type NoticeState = 'none' | 'blocked' | 'off' | 'on'

/** Dispatches `change` when its state does. */
export interface Notices extends EventTarget {
  readonly state: NoticeState
  /** Ask for the permission. Only ever called because somebody pressed a button. */
  turnOn(): Promise<void>
  turnOff(): void
}
