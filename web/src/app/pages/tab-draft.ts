/** What somebody is at, kept in the browser's tab: whoever looks at something else and comes back finds it again. */

const key = (name: string): string => `headway-draft:${name}`

export function readDraft<Draft>(name: string): Draft | null {
  try {
    return JSON.parse(sessionStorage.getItem(key(name)) ?? 'null') as Draft | null
  } catch {
    // A browser may forbid to keep anything, and then nothing is found.
    return null
  }
}

export function keepDraft<Draft>(name: string, draft: Draft | null): void {
  try {
    if (draft === null) sessionStorage.removeItem(key(name))
    else sessionStorage.setItem(key(name), JSON.stringify(draft))
  } catch {
    // It is on the page for as long as that is open.
  }
}
