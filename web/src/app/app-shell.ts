/** The frame around every page: header, navigation, jobs button, account menu. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import { ApiError, request, whenSignedOut } from '../client/api.ts'
import { jobsStore } from '../client/jobs-store.ts'
import type { Me } from '../client/types.ts'
import { controlStyles } from '../elements/control-styles.ts'
import '../elements/headway-jobs.ts'
import { JobNotices } from './job-notices.ts'
import { type Match, match, navigate, safeNext } from './router.ts'
import { TabSigns } from './tab-signs.ts'
import { currentTheme, setTheme, THEMES, type Theme } from './theme.ts'

const NAV = [
  ['import', '/import', 'Import'],
  ['datasets', '/datasets', 'Datasets'],
  ['jobs', '/jobs', 'Jobs'],
  ['operator', '/operator', 'Operator'],
] as const
const FOR_ADMINS = 'operator'

class AppShell extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: grid;
        grid-template-rows: auto 1fr;
        min-block-size: 100dvh;
      }
      header {
        position: sticky;
        z-index: 5;
        inset-block-start: 0;
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.25rem 1rem;
        padding: 0.6rem 1.25rem;
        border-block-end: 1px solid var(--line);
        background: color-mix(in srgb, var(--bg) 92%, transparent);
        backdrop-filter: blur(8px);
      }
      .brand {
        display: inline-flex;
        align-items: center;
        gap: 0.55rem;
        color: inherit;
        font-size: 1rem;
        font-weight: 650;
        letter-spacing: -0.01em;
        text-decoration: none;
      }
      .brand img {
        inline-size: 26px;
        block-size: 26px;
      }
      nav {
        display: flex;
        flex: 1;
        gap: 0.15rem;
      }
      nav a {
        padding: 0.35rem 0.7rem;
        border-radius: 6px;
        color: var(--muted);
        text-decoration: none;
      }
      nav a:hover {
        background: var(--panel);
        color: var(--fg);
      }
      nav a[aria-current] {
        background: var(--accent-soft);
        color: var(--accent);
        font-weight: 550;
      }
      main > h1 {
        margin-block-end: 0.4rem;
        font-size: 1.35rem;
        line-height: 1.25;
      }
      main a {
        color: var(--accent);
      }
      main {
        padding: 1.75rem 1.25rem 3rem;
      }
      .skip {
        position: absolute;
        inset-inline-start: -100vw;
        padding: 0.5rem 1rem;
        background: var(--bg);
      }
      .skip:focus {
        inset-inline-start: 1rem;
        inset-block-start: 0.5rem;
        z-index: 9;
      }
      .account {
        inline-size: 32px;
        padding: 0;
        border-radius: 50%;
        background: var(--panel);
        font-weight: 600;
        text-transform: uppercase;
      }
      [popover] {
        inset: auto;
        inset-block-start: 3.4rem;
        inset-inline-end: 1.25rem;
        position: fixed;
        min-inline-size: 15rem;
        margin: 0;
        padding: 0.9rem;
        border: 1px solid var(--line);
        border-radius: 10px;
        background: var(--bg);
        color: var(--fg);
        box-shadow: var(--shadow);
      }
      [popover] > * + * {
        margin-block-start: 0.75rem;
      }
      fieldset {
        display: flex;
        gap: 0.75rem;
        margin-inline: 0;
        padding: 0;
        border: 0;
      }
      legend {
        padding: 0;
        margin-block-end: 0.25rem;
        color: var(--muted);
      }
      label {
        display: inline-flex;
        align-items: center;
        gap: 0.3rem;
      }
      input[type='radio'] {
        min-block-size: 24px;
        accent-color: var(--accent);
      }
      .who {
        overflow-wrap: anywhere;
        font-weight: 550;
      }
      .out {
        inline-size: 100%;
      }
      @media (max-width: 34rem) {
        header {
          padding-inline: 0.8rem;
        }
        nav {
          order: 3;
          flex-basis: 100%;
        }
        /* All four of an operator fit into 320 pixels. */
        nav a {
          padding-inline: min(0.7rem, 2.4vw);
        }
        .brand {
          flex: 1;
        }
        [popover] {
          inset-inline-end: 0.8rem;
        }
        main {
          padding: 1.1rem 0.8rem 2rem;
        }
      }
      /* Logo, jobs and account stay on one line, whatever the jobs button says. */
      @media (max-width: 26rem) {
        header {
          column-gap: 0.5rem;
        }
        .brand span {
          position: absolute;
          inline-size: 1px;
          block-size: 1px;
          overflow: hidden;
          clip-path: inset(50%);
        }
      }
    `,
  ]
  static override properties = { me: { state: true }, matched: { state: true }, missing: { state: true }, broken: { state: true } }
  declare me: Me | null
  declare matched: Match | null
  declare missing: boolean
  declare broken: boolean

  #theme: Theme = currentTheme()
  #page: HTMLElement | null = null
  #asked = 0
  readonly #onPop = (): void => void this.#show()
  readonly #signs = new TabSigns()
  readonly #notices = new JobNotices()

  constructor() {
    super()
    this.me = null
    this.matched = null
    this.missing = false
    this.broken = false
    setTheme(this.#theme)
    whenSignedOut(() => this.#toLogin())
  }

  override connectedCallback(): void {
    super.connectedCallback()
    window.addEventListener('popstate', this.#onPop)
    window.addEventListener('headway-signed-in', () => void this.#signIn())
    this.#signs.start()
    this.#notices.start()
    this.addEventListener('click', (event) => this.#follow(event))
    void this.#signIn()
  }

  async #signIn(): Promise<void> {
    if (location.pathname === '/') history.replaceState(null, '', '/import')
    try {
      this.me = await request<Me>('GET', '/me')
      jobsStore.start(this.me.id)
      if (location.pathname === '/login') navigate(safeNext(location.search), { replace: true })
      else await this.#show()
    } catch (error) {
      // A server that is away signs nobody out.
      if (!(error instanceof ApiError && error.problem.status === 401)) this.broken = true
      else if (location.pathname === '/login') await this.#show()
      else this.#toLogin()
    }
  }

  #toLogin(): void {
    this.me = null
    jobsStore.stop()
    if (location.pathname === '/login') return
    const next = location.pathname + location.search
    navigate(`/login?next=${encodeURIComponent(next)}`, { replace: true })
  }

  /** Links inside the app change the page without loading it anew; all other clicks are the browser's. */
  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const link = event.composedPath().find((node): node is HTMLAnchorElement => node instanceof HTMLAnchorElement)
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return
    if (link.pathname.startsWith('/api/') || (link.hash && link.pathname === location.pathname)) return
    event.preventDefault()
    navigate(link.pathname + link.search)
  }

  async #show(): Promise<void> {
    const found = match(location.pathname)
    const before = this.matched
    const same = before?.route === found?.route && JSON.stringify(before?.params) === JSON.stringify(found?.params)
    if (found && same && this.#page) return
    const asked = ++this.#asked
    const page = found ? await this.#load(found) : null
    // Somebody went on to another page while this one was loading.
    if (asked !== this.#asked) return
    this.missing = !found
    this.broken = found !== null && page === null
    this.matched = found
    this.#page = page
    this.requestUpdate()
    this.#retitle()
    await this.updateComplete
    if (before) this.#focusHeading()
    window.scrollTo(0, 0)
  }

  /** Return the page's element, or null if its code could not be had. */
  async #load(found: Match): Promise<HTMLElement | null> {
    try {
      await found.route.load()
    } catch {
      return null
    }
    const page = document.createElement(found.route.element) as HTMLElement & { params?: Record<string, string> }
    page.params = found.params
    return page
  }

  /** Keyboard and screen reader begin at the new page's heading, which may arrive a moment after the page. */
  #focusHeading(tries = 10): void {
    const heading = this.#page?.shadowRoot?.querySelector('h1')
    if (heading) {
      heading.tabIndex = -1
      heading.focus({ preventScroll: true })
    } else if (tries) requestAnimationFrame(() => this.#focusHeading(tries - 1))
  }

  #retitle(): void {
    this.#signs.show(this.missing ? 'Not found' : (this.matched?.route.title ?? ''))
  }

  async #signOut(): Promise<void> {
    await request('DELETE', '/auth/session')
    this.me = null
    jobsStore.stop()
    navigate('/login')
  }

  override render(): TemplateResult {
    return html`<button class="skip" @click=${this.#skip}>Skip to content</button>
      <header>
        <a class="brand" href="/import"><img src="/logo.svg" alt="" width="26" height="26" /><span>Headway</span></a>
        ${this.me ? this.#whenSignedIn(this.me) : nothing}
      </header>
      <main id="main" tabindex="-1">${this.#content()}</main>`
  }

  #whenSignedIn(me: Me): TemplateResult {
    const current = this.matched?.route.name
    return html`<nav aria-label="Main">
        ${NAV.filter(([name]) => name !== FOR_ADMINS || me.role === 'admin').map(
          ([name, path, text]) => html`<a href=${path} aria-current=${current === name ? 'page' : nothing}>${text}</a>`,
        )}
      </nav>
      <headway-jobs .notices=${this.#notices}></headway-jobs>
      <button class="account" popovertarget="account" aria-label="Account: ${me.email}">${me.email.slice(0, 1)}</button>
      <div id="account" popover role="group" aria-label="Account">
        <div class="who">${me.email}</div>
        <fieldset>
          <legend>Theme</legend>
          ${THEMES.map(
            ([theme, text]) => html`<label
              ><input type="radio" name="theme" .checked=${this.#theme === theme} @change=${() => this.#setTheme(theme)} />${text}</label
            >`,
          )}
        </fieldset>
        <button class="out" @click=${this.#signOut}>Sign out</button>
      </div>`
  }

  #content(): unknown {
    if (this.missing) {
      return html`<h1>There is no page here</h1>
        <p class="muted">The address may be mistyped, or what was here has been deleted. <a href="/datasets">Your datasets</a></p>`
    }
    if (this.matched?.route.forAdmins && this.me?.role !== 'admin') {
      return html`<h1>This page is for administrators</h1>
        <p class="muted">Only administrators see this page. Ask one of yours if you need it. <a href="/jobs">Your own jobs</a></p>`
    }
    if (this.broken) {
      return html`<h1>This page could not be loaded</h1>
        <p class="muted">The server may have been updated or be away. <button @click=${() => location.reload()}>Reload</button></p>`
    }
    return this.#page ?? nothing
  }

  /** No link: an address leads to nothing inside of an element. */
  #skip(): void {
    this.renderRoot.querySelector<HTMLElement>('main')?.focus()
  }

  #setTheme(theme: Theme): void {
    this.#theme = theme
    setTheme(theme)
  }
}

customElements.define('headway-app', AppShell)
