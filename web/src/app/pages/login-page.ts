/** `/login`: one form. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit'

import { ApiError, request } from '../../client/api.ts'
import { navigate, safeNext } from '../router.ts'
import { pageStyles } from './page-styles.ts'

class LoginPage extends LitElement {
  static override styles = [
    pageStyles,
    css`
      :host {
        max-inline-size: 24rem;
        padding-block-start: 8vh;
      }
      form {
        display: grid;
        gap: 1rem;
        margin-block-start: 1.5rem;
        padding: 1.5rem;
        border: 1px solid var(--line);
        border-radius: 12px;
        background: var(--panel);
      }
      label {
        display: grid;
        gap: 0.3rem;
        font-weight: 550;
      }
      input {
        min-block-size: 38px;
        font-weight: 400;
      }
      .primary {
        min-block-size: 38px;
        font-weight: 550;
      }
      .wrong {
        color: var(--bad);
      }
    `,
  ]
  static override properties = { problem: { state: true }, busy: { state: true } }
  declare problem: string
  declare busy: boolean

  constructor() {
    super()
    this.problem = ''
    this.busy = false
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    this.busy = true
    this.problem = ''
    try {
      await request('POST', '/auth/session', { body: { email: form.get('email'), password: form.get('password') } })
      navigate(safeNext(location.search), { replace: true })
      window.dispatchEvent(new Event('headway-signed-in'))
    } catch (error) {
      this.problem = error instanceof ApiError ? error.problem.detail : 'The server could not be reached. Try again.'
      this.renderRoot.querySelector<HTMLInputElement>('[name=password]')?.select()
    } finally {
      this.busy = false
    }
  }

  override firstUpdated(): void {
    this.renderRoot.querySelector<HTMLInputElement>('[name=email]')?.focus()
  }

  override render(): TemplateResult {
    return html`<h1>Sign in</h1>
      <p class="muted">Upload a file, watch it become a dataset.</p>
      <form @submit=${this.#submit}>
        <label>E-mail<input name="email" type="email" autocomplete="username" required /></label>
        <label>Password<input name="password" type="password" autocomplete="current-password" required /></label>
        <div role="alert">${this.problem ? html`<p class="wrong">${this.problem}</p>` : nothing}</div>
        <button class="primary" ?disabled=${this.busy}>${this.busy ? 'Signing in…' : 'Sign in'}</button>
      </form>`
  }
}

customElements.define('headway-login-page', LoginPage)
