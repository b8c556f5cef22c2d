/** React sets the properties of a custom element and listens to its events by itself; nothing wraps the elements. */

import 'headway-elements/importer'
import 'headway-elements/jobs'
import type {} from 'headway-elements/react'
import { StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'

import '../../embed-html/pages/site.css'

const { headway } = (await (await fetch('/settings.json')).json()) as { headway: string }

async function getToken(): Promise<string> {
  const answer = await fetch('/headway-token', { method: 'POST' })
  if (!answer.ok) throw new Error(`no token: ${answer.status}`)
  return ((await answer.json()) as { token: string }).token
}

function Site() {
  const [ended, setEnded] = useState(0)
  return (
    <>
      <header>
        <headway-jobs base={headway} getToken={getToken} />
      </header>
      <main>
        <h1>Bring your customers</h1>
        <headway-importer base={headway} getToken={getToken} onheadway-import-end={() => setEnded((count) => count + 1)} />
        <p id="said" role="status">
          {ended ? 'Your file was dealt with.' : ''}
        </p>
      </main>
    </>
  )
}

createRoot(document.querySelector('#root')!).render(
  <StrictMode>
    <Site />
  </StrictMode>,
)
