/** The title, the icon and the badge of this tab, which say how the jobs are while the tab is behind others. */

import { jobsStore } from '../client/jobs-store.ts'
import type { Job } from '../client/types.ts'
import { tally } from '../elements/job-tally.ts'
import { Endings, tabIcon, type TabState, tabTitle, tookLong } from './away.ts'

/** Whether somebody is looking at this tab. */
export function isHere(): boolean {
  return document.visibilityState === 'visible' && document.hasFocus()
}

/** Only installed apps have one; everywhere else it does nothing. */
interface Badging {
  setAppBadge?: (count: number) => Promise<void>
}

export class TabSigns {
  readonly #endings = new Endings()
  #page = ''
  #ended: Job | null = null

  start(): void {
    jobsStore.addEventListener('change', () => this.#take())
    for (const name of ['focus', 'visibilitychange']) window.addEventListener(name, () => this.#look(), true)
  }

  /** Say which page is shown. */
  show(page: string): void {
    this.#page = page
    this.#draw()
  }

  #take(): void {
    if (!jobsStore.loaded) this.#endings.forget()
    else {
      const ended = this.#endings.since(jobsStore.jobs).filter(tookLong)
      if (!isHere()) this.#ended = ended.at(0) ?? this.#ended
    }
    this.#draw()
  }

  /** Whoever looks again is told by the page itself. */
  #look(): void {
    if (!this.#ended || !isHere()) return
    this.#ended = null
    this.#draw()
  }

  #draw(): void {
    const { running, attention } = tally(jobsStore.jobs)
    const state: TabState = { page: this.#page, running, attention, ended: this.#ended }
    document.title = tabTitle(state)
    const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]')
    const href = tabIcon(state)
    if (icon && icon.getAttribute('href') !== href) icon.setAttribute('href', href)
    void (navigator as Badging).setAppBadge?.(running + attention).catch(() => undefined)
  }
}
