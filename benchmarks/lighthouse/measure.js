// Opens the addresses that it is given on standard input, each in a browser of its own, and prints what Lighthouse found.

import { readFileSync } from 'node:fs'

import lighthouse, { desktopConfig } from 'lighthouse'
import puppeteer from 'puppeteer-core'

const { chromium, flags, cookies, addresses } = JSON.parse(readFileSync(0, 'utf8'))
const CATEGORIES = ['accessibility', 'best-practices', 'performance']
// The session is in a cookie, which Lighthouse would clear before it looks.
const OPTIONS = { disableStorageReset: true, onlyCategories: CATEGORIES, output: 'json', logLevel: 'error' }
const MOST_NODES = 5

for (const address of addresses) console.log(JSON.stringify({ address, ...(await measure(address)) }))

async function measure(address) {
  const browser = await puppeteer.launch({ executablePath: chromium, args: flags, headless: true })
  try {
    await browser.setCookie(...cookies)
    const { lhr } = await lighthouse(address, OPTIONS, desktopConfig, await browser.newPage())
    const scores = Object.fromEntries(CATEGORIES.map((name) => [name, lhr.categories[name].score]))
    return { shown: lhr.finalDisplayedUrl, error: lhr.runtimeError?.message ?? null, scores, failed: failedAudits(lhr) }
  } finally {
    await browser.close()
  }
}

// What costs performance is a long list of hints, and no fault.
function failedAudits({ categories, audits }) {
  const ids = [...categories.accessibility.auditRefs, ...categories['best-practices'].auditRefs].map(({ id }) => id)
  return ids.flatMap((id) => {
    const { score, scoreDisplayMode, title, details } = audits[id]
    if (score === null || score === 1 || scoreDisplayMode === 'informative') return []
    const nodes = (details?.items ?? []).slice(0, MOST_NODES)
    return [{ id, title, nodes: nodes.map((item) => item.node?.snippet ?? JSON.stringify(item).slice(0, 200)) }]
  })
}
