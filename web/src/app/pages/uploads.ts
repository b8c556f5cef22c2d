/** The uploads of this browser tab belong to whoever is signed in. */

import { jobSource, learnLimits, uploads } from '../../elements/page-uploads.ts'
import { getMe } from './dataset-api.ts'

export { jobSource, uploads }

let owner = ''

/** Files of one person are not shown to, or sent for, the next one who signs in here. */
async function learnOwner(): Promise<void> {
  const { id } = await getMe()
  if (owner && id !== owner) uploads.clear()
  owner = id
  // Only now: what was begun by one person is not gone on with by another.
  uploads.wake('signed-out')
}

function learn(): void {
  void learnOwner().catch(() => undefined)
  void learnLimits().catch(() => undefined)
}

learn()
window.addEventListener('headway-signed-in', learn)
