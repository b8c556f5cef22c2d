/** What the elements of a host's page have in common. */

/** One text, or one for each form of the plural that a language has: `{ one: '{count} Zeile', other: '{count} Zeilen' }`. */
export type Replacement = string | Partial<Record<Intl.LDMLPluralRule, string>>

/**
 * Sentences by their English ones, which `strings.json` lists. `{name}` in one stands for what is put in there; `en` is
 * the name of the language.
 */
export type Strings = Readonly<Record<string, Replacement>>

/** Each may be left out: then there is no such link. `{id}` stands for the job's or the dataset's id. */
export interface JobLinks {
  all?: string
  job?: string
  dataset?: string
  import?: string
}

/**
 * Attributes: `base`, the address of Headway if it is not the page's own; `token-url`, an address of the page's own
 * server that answers a POST with `{"token": "…"}`; `theme`, `light` or `dark`.
 */
export interface Embedded {
  /** Promises a short-lived token. Asked again whenever the last one is about to expire or is refused. */
  getToken: (() => Promise<string>) | undefined
  /** Where links lead, if not to Headway's own pages beside this one. */
  links: JobLinks | undefined
  /** To be set, not read: sentences in other words or another language, for all of the page. */
  strings: Strings
}
