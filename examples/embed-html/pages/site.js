/** Its own server knows where Headway is, and gives a token for whoever is signed in here. */
const { headway } = await (await fetch('/settings.json')).json()

async function getToken() {
  const answer = await fetch('/headway-token', { method: 'POST' })
  if (!answer.ok) throw new Error(`no token: ${answer.status}`)
  return (await answer.json()).token
}

for (const element of document.querySelectorAll('headway-jobs, headway-importer')) {
  element.setAttribute('base', headway)
  element.getToken = getToken
}
document.addEventListener('headway-import-end', () => {
  document.querySelector('#said').textContent = 'Your file was dealt with.'
})

// They come last, and find what they need.
await import('/headway-elements/headway-jobs.js')
await import('/headway-elements/headway-importer.js')
