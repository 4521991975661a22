import { SluiceError } from '../errors.ts'
import type { KeyRecord } from '../ledger/key.ts'
import type { GatewayContext } from './context.ts'
import type { Call } from './http.ts'
import type { Access } from './routes/table.ts'

/**
 * Lets a request to its route: notes whose it is. A ticket stands for a caller where the route takes one.
 * Throws `invalid_api_key`.
 */
export function admit(context: GatewayContext, call: Call, access: Access): void {
  if (access === 'open' || (access === 'ticket' && call.req.query('ticket') !== undefined)) return
  call.set('caller', context.clients.callerOf(call.req.header('authorization')))
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
