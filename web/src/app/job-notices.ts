/** Tells of jobs that ended while their owner was away: once for each job, whatever tabs and devices there are.
 *
 * Which one tells, the server decides. A tab that somebody looks at asks at once and keeps silent, as there the page
 * itself has told; tabs in the background ask a little later.
 */

import { request } from '../client/api.ts'
import { jobsStore } from '../client/jobs-store.ts'
import type { Job } from '../client/types.ts'
import { sentence } from '../elements/job-sentence.ts'
import type { Notices, NoticeState } from '../elements/notices.ts'
import { Endings, sayEnd, tookLong } from './away.ts'
import { navigate } from './router.ts'
import { isHere } from './tab-signs.ts'

const KEY = 'headway-notices'
const AFTER_OTHERS_MILLISECONDS = 1_000

export class JobNotices extends EventTarget implements Notices {
  readonly #endings = new Endings()

  start(): void {
    jobsStore.addEventListener('change', () => this.#take())
    // Another tab of this browser has turned it on or off.
    window.addEventListener('storage', ({ key }) => {
      if (key === KEY) this.#changed()
    })
  }

  get state(): NoticeState {
    if (!('Notification' in window) || !isSecureContext) return 'none'
    if (Notification.permission === 'denied') return 'blocked'
    return Notification.permission === 'granted' && isWanted() ? 'on' : 'off'
  }

  async turnOn(): Promise<void> {
    keep(true)
    await Notification.requestPermission()
    this.#changed()
  }

  turnOff(): void {
    keep(false)
    this.#changed()
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'))
  }

  #take(): void {
    if (!jobsStore.loaded) this.#endings.forget()
    else for (const job of this.#endings.since(jobsStore.jobs).filter(tookLong)) void this.#tell(job)
  }

  async #tell(job: Job): Promise<void> {
    const here = isHere()
    if (!here && this.state !== 'on') return
    if (!here) await new Promise((resolve) => setTimeout(resolve, AFTER_OTHERS_MILLISECONDS))
    try {
      const { first } = await request<{ first: boolean }>('POST', `/jobs/${encodeURIComponent(job.id)}/notified`)
      if (first && !here) show(job)
    } catch {
      // Who cannot be asked has not said that it is this tab's to tell; the title tells in any case.
    }
  }
}

function show(job: Job): void {
  const notice = new Notification(sayEnd(job), { body: sentence(job), tag: job.id, icon: '/logo.svg' })
  notice.onclick = () => {
    window.focus()
    navigate(job.related_dataset_id ? `/datasets/${job.related_dataset_id}` : `/jobs/${job.id}`)
    notice.close()
  }
}

function isWanted(): boolean {
  try {
    return localStorage.getItem(KEY) === 'on'
  } catch {
    // A browser that keeps nothing keeps no wish either.
    return false
  }
}

function keep(isOn: boolean): void {
  try {
    if (isOn) localStorage.setItem(KEY, 'on')
    else localStorage.removeItem(KEY)
  } catch {
    // As above; then the permission is asked for in vain, and the button stays.
  }
}
