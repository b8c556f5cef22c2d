/** What is said of a file on its way: its name, a word, a bar and a sentence. */

import { html, nothing, type TemplateResult } from 'lit'

import type { Said } from './upload-words.ts'

export function renderSaid(name: string, said: Said): TemplateResult {
  return html`<div class="line tone-${said.tone}">
      <strong class="file">${name}</strong>
      <span class="state">${said.state}</span>
    </div>
    ${renderProgress(name, said)} ${said.sentence ? html`<p class="sentence tone-${said.tone}">${said.sentence}</p>` : nothing}`
}

function renderProgress(name: string, said: Said): TemplateResult | typeof nothing {
  if (said.percent === undefined) return nothing
  const label = `${said.state}: ${name}`
  // An indeterminate bar is one without the attribute, and an attribute that is bound cannot be left out twice.
  return said.percent === null
    ? html`<progress aria-label=${label} max="100"></progress>`
    : html`<progress aria-label=${label} max="100" value=${said.percent}></progress>`
}
