/** What operators read: people, queues, deeds and the state of everything, in words. Pure. */

import type { AuditEntry, Overview, Person, Queue } from '../../client/operator-types.ts'
import { formatBytes, formatCount, plural } from '../../elements/sizes.ts'

const LOCAL = 'local:'

/** Whose it is or who did it: an e-mail, a person at the machine, Headway itself, or the id that is left of somebody. */
export function personName({ id, email }: Person, otherwise = `Somebody unknown here (${id.slice(0, 8)})`): string {
  if (email) return email
  if (id === 'headway') return 'Headway'
  if (id.startsWith(LOCAL)) return `${id.slice(LOCAL.length)} at the command line`
  return otherwise
}

const QUEUES: Record<string, string> = { imports: 'Imports', bulk: 'Exports and other long jobs' }

export function queueName(name: string): string {
  return QUEUES[name] ?? name
}

export interface Headline {
  tone: 'good' | 'warn' | 'bad'
  text: string
}

/** The state of everything in one sentence: what needs somebody comes first. */
export function headline(overview: Overview): Headline {
  const { workers, queues, stalled } = overview
  const waiting = sum(queues, ({ waiting: count }) => count)
  const running = sum(queues, ({ running: count }) => count)
  if (!workers.length) {
    const jobs = waiting ? `${plural(waiting, 'job waits', 'jobs wait')}.` : 'Jobs will wait.'
    return { tone: 'bad', text: `No worker is running. ${jobs} Start one: headway worker` }
  }
  if (stalled.items.length) {
    const count = `${formatCount(stalled.items.length)}${stalled.more ? '+' : ''}`
    return { tone: 'warn', text: `Nothing is heard of ${count} ${stalled.items.length === 1 ? 'job' : 'jobs'}.` }
  }
  const paused = queues.filter((queue) => queue.paused)
  if (paused.length) {
    const held = plural(sum(paused, ({ waiting: count }) => count), 'job waits', 'jobs wait')
    return { tone: 'warn', text: `Paused: ${paused.map(({ name }) => queueName(name)).join(', ')}. ${held} for that.` }
  }
  const does = running || waiting ? `${plural(running, 'job runs', 'jobs run')}, ${plural(waiting, 'waits', 'wait')}` : 'Nothing to do'
  return { tone: 'good', text: `${plural(workers.length, 'worker', 'workers')} alive. ${does}.` }
}

function sum(queues: readonly Queue[], of: (queue: Queue) => number): number {
  return queues.reduce((total, queue) => total + of(queue), 0)
}

/** Deeds as a list of choices; a deed that this page does not know yet is shown as the server names it. */
export const DEEDS: Record<string, string> = {
  'job.cancel': 'Cancelled a job',
  'job.retry': 'Tried a job again',
  'queue.pause': 'Paused a queue',
  'queue.resume': 'Resumed a queue',
  'user.create': 'Added a user',
  'user.set_role': 'Changed a role',
  'user.disable': 'Disabled a user',
  'user.enable': 'Enabled a user',
  'user.delete': 'Erased a user',
  'user.set_password': 'Set a new password for a user',
  'user.change_password': 'Changed their own password',
  'user.lock_out': 'Locked out after wrong passwords',
  'token.create': 'Made an API token',
  'token.revoke': 'Revoked an API token',
  'sweep.run': 'Swept left-overs away',
  'backup.restore': 'Restored a backup',
  'dataset.export': 'Exported a dataset',
}

export function deedName(action: string): string {
  return DEEDS[action] ?? action
}

/** What the target of a deed is called. */
export function targetName({ target_type: type, target }: AuditEntry): string {
  switch (type) {
    case 'user':
      return personName(target)
    case 'queue':
      return queueName(target.id)
    case 'installation':
      return ''
    case 'address':
      return target.id
    default:
      return `${type} ${target.id.slice(0, 8)}`
  }
}

/** "role: user · revoke tokens: no": what an entry keeps beside the deed. */
export function detailWords(details: Record<string, unknown>): string {
  return Object.entries(details)
    .filter(([, value]) => value !== null && value !== '' && value !== false)
    .map(([name, value]) => {
      const said = Array.isArray(value) ? value.join(' ') : value === true ? 'yes' : String(value)
      return `${name.replaceAll('_', ' ')}: ${said}`
    })
    .join(' · ')
}

/** "30 days after their end", "for ever". */
export function keptFor(days: number): string {
  return days ? `for ${plural(days, 'day', 'days')}` : 'for ever'
}

const COUNTED_TO = 10_000

/** A count that nobody counts further than ten thousand. */
export function capped(count: number): string {
  return count > COUNTED_TO ? `more than ${formatCount(COUNTED_TO)}` : formatCount(count)
}

export function sweptWords(removed: { kind: string; count: number; bytes: number | null }[]): string {
  if (!removed.length) return 'Nothing was left over.'
  const parts = removed.map(({ kind, count, bytes }) => `${formatCount(count)} ${kind}${bytes ? ` (${formatBytes(bytes)})` : ''}`)
  return `Removed ${parts.join(', ')}.`
}
