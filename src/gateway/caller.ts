import { SluiceError } from '../errors.ts'
import type { KeyRecord } from '../ledger/key.ts'
import type { GatewayContext } from './context.ts'
import type { Call } from './http.ts'
import { looksLikeKey } from './keys.ts'
import { refuseCrossSite, refuseForeign } from './origin.ts'
import type { Access } from './routes/table.ts'

/** Whose streams they are that were started without a key or a token. */
export const LOCAL = 'local'

/**
 * Lets a request to its route: notes whose it is. A ticket stands for a caller where the route takes one.
 * Throws `invalid_api_key`, `key_revoked`, `permission_denied`, and `log_unavailable` when it cannot be known.
 */
export function admit(context: GatewayContext, call: Call, access: Access): void {
  if (access === 'open' || (access === 'ticket' && call.req.query('ticket') !== undefined)) return
  const { keys, clients, sessions } = context
  const given = call.req.header('authorization')
  const mayBeSession = given === undefined && (keys.isRequired || !clients.isOpen)
  const session = mayBeSession ? sessions.of(context, call) : undefined
  if (session?.type === 'key') return enter(call, session.record, access)
  const authorization = given ?? session?.authorization
  if (keys.isRequired) {
    const shown = bearerOf(authorization)
    if (shown !== undefined && looksLikeKey(shown)) return enter(call, keys.admit(shown), access)
    if (clients.isOpen || access === 'admin') throw new SluiceError('invalid_api_key', needed(access))
  } else if (access === 'admin') {
    if (!clients.isOpen) throw new SluiceError('invalid_api_key', needed(access))
    refuseForeign(call)
  }
  const caller = clients.callerOf(authorization)
  if (caller === LOCAL && call.req.method !== 'GET') refuseCrossSite(call)
  call.set('caller', caller)
}

/** Whose request it is. Only for routes that let no stranger in. */
export function callerOf(call: Call): string {
  const caller = call.get('caller')
  if (caller === undefined) throw new SluiceError('internal', 'a route without its caller')
  return caller
}

/** The key it came with; `undefined` where the gateway has none. */
export function keyOf(call: Call): KeyRecord | undefined {
  return call.get('key')
}

function enter(call: Call, key: KeyRecord, access: Access): void {
  const needs = access === 'admin' ? 'admin' : 'caller'
  if (key.scope !== needs) {
    const text = needs === 'admin' ? 'An admin key is needed here' : 'An admin key calls no models and owns no streams'
    throw new SluiceError('permission_denied', text)
  }
  call.set('key', key)
  call.set('caller', key.id)
}

/** The credential of an `Authorization` field. Without a pattern: it is a stranger's, and may be long. */
function bearerOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.slice(0, 7).toLowerCase() !== 'bearer ') return undefined
  return authorization.slice(7).trim()
}

function needed(access: Access): string {
  const kind = access === 'admin' ? 'An admin key' : 'An API key'
  const how = `sluice keys create${access === 'admin' ? ' --admin' : ''}`
  return `${kind} is needed: Authorization: Bearer sk-sluice-… (${how} makes one)`
}
