import type { GatewayContext } from './context.ts'
import type { Call } from './http.ts'

/** Whose request it is: where no keys are configured, everything belongs to the local user. */
export function callerOf(_context: GatewayContext, _call: Call): string {
  return 'local'
}
