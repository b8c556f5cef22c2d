/** Addresses and the pages behind them. Pages are loaded when they are first opened. */

export interface Route {
  name: string
  /** Path with `:name` for what varies. */
  pattern: string
  title: string
  element: string
  load: () => Promise<unknown>
  /** Others are not shown the way, and told so if they come by themselves. */
  forAdmins?: boolean
}

export const ROUTES: readonly Route[] = [
  { name: 'login', pattern: '/login', title: 'Sign in', element: 'headway-login-page', load: () => import('./pages/login-page.ts') },
  { name: 'import', pattern: '/import', title: 'Import', element: 'headway-import-page', load: () => import('./pages/import-page.ts') },
  { name: 'datasets', pattern: '/datasets', title: 'Datasets', element: 'headway-datasets-page', load: () => import('./pages/datasets-page.ts') },
  { name: 'datasets', pattern: '/datasets/:id', title: 'Dataset', element: 'headway-dataset-page', load: () => import('./pages/dataset-page.ts') },
  { name: 'jobs', pattern: '/jobs', title: 'Jobs', element: 'headway-jobs-page', load: () => import('./pages/jobs-page.ts') },
  { name: 'jobs', pattern: '/jobs/:id', title: 'Job', element: 'headway-job-page', load: () => import('./pages/job-page.ts') },
  { name: 'operator', pattern: '/operator', title: 'Operator', element: 'headway-operator-page', load: () => import('./pages/operator-page.ts'), forAdmins: true },
]

export interface Match {
  route: Route
  params: Record<string, string>
}

/** Return the page for a path, or null if there is none. */
export function match(path: string, routes: readonly Route[] = ROUTES): Match | null {
  const parts = path.replace(/\/+$/, '').split('/')
  for (const route of routes) {
    const params = matchParts(route.pattern.split('/'), parts)
    if (params) return { route, params }
  }
  return null
}

function matchParts(pattern: readonly string[], parts: readonly string[]): Record<string, string> | null {
  if (pattern.length !== parts.length) return null
  const params: Record<string, string> = {}
  for (const [index, expected] of pattern.entries()) {
    const part = parts[index] ?? ''
    if (!expected.startsWith(':') || !part) {
      if (expected !== part) return null
      continue
    }
    const value = decoded(part)
    if (value === null) return null
    params[expected.slice(1)] = value
  }
  return params
}

/** Return what a part of a path stands for, or null for a cut or mistyped one such as `%E0%A4%A`. */
function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part)
  } catch {
    return null
  }
}

/** Where to go after signing in: only to a path of our own, whatever the address says. */
export function safeNext(search: string): string {
  const next = new URLSearchParams(search).get('next') ?? ''
  // Browsers drop tabs and line breaks from addresses, so that "/\t/evil.example" would lead away too.
  const ours = /^\/(?![/\\])[^\t\n\r]*$/.test(next)
  return ours && !next.startsWith('/login') ? next : '/import'
}

/** Open a page as a click on a link would. */
export function navigate(path: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', path)
  else history.pushState(null, '', path)
  window.dispatchEvent(new PopStateEvent('popstate'))
}
