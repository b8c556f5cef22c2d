/** Which entries of the audit are wanted, as the address of the page says it. Pure. */

export interface AuditFilter {
  action: string
  /** The id of who did it. */
  actor: string
  /** What it was done to, by type and id. */
  target: { type: string; id: string } | null
}

export const ALL_DEEDS: AuditFilter = { action: '', actor: '', target: null }

export function fromAddress(search: string): AuditFilter {
  const params = new URLSearchParams(search)
  const [type = '', ...id] = (params.get('target') ?? '').split(':')
  return {
    action: params.get('deed') ?? '',
    actor: params.get('who') ?? '',
    target: type && id.length ? { type, id: id.join(':') } : null,
  }
}

export function toAddress({ action, actor, target }: AuditFilter): string {
  const params = new URLSearchParams()
  if (action) params.set('deed', action)
  if (actor) params.set('who', actor)
  if (target) params.set('target', `${target.type}:${target.id}`)
  const said = String(params)
  return said ? `/operator?${said}` : '/operator'
}

export function toQuery({ action, actor, target }: AuditFilter): URLSearchParams {
  const params = new URLSearchParams()
  if (action) params.set('action', action)
  if (actor) params.set('actor', actor)
  if (target) {
    params.set('target_type', target.type)
    params.set('target', target.id)
  }
  return params
}

export function isEverything({ action, actor, target }: AuditFilter): boolean {
  return !action && !actor && !target
}
