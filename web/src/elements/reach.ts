/** How an element in a host's page reaches Headway: its attributes `base` and `token-url`, and its property `getToken`. */

import { connect, tokenFrom } from '../client/api.ts'

export type GetToken = () => Promise<string>

/** Reach Headway as the element says, if it says anything; return whether it does. For all of the page. */
export function reach(element: HTMLElement & { getToken?: GetToken | undefined }): boolean {
  const [base, url] = [element.getAttribute('base'), element.getAttribute('token-url')]
  const hasToken = Boolean(element.getToken || url)
  if (!base && !hasToken) return false
  // A framework may give another function with each rendering; what counts is the one that it has when it is asked.
  const getToken = (): Promise<string> => element.getToken?.() ?? tokenFrom(url as string)
  connect({ base, getToken: hasToken ? getToken : undefined })
  return true
}

/** What a page has set before the module came has hidden the accessors; set it again, by them. */
export function takeOver<Element extends object>(element: Element, ...names: (keyof Element)[]): void {
  for (const name of names) {
    if (!Object.hasOwn(element, name)) continue
    const value = element[name]
    delete element[name]
    element[name] = value
  }
}
