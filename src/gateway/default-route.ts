import { SluiceError } from '../errors.ts'
import type { KeyRecord } from '../ledger/key.ts'
import type { Route } from '../provider/provider.ts'
import type { GatewayContext } from './context.ts'
import { resolveFor, routesFor } from './key-models.ts'

/**
 * The route for a request that need not name a model, or names one of another service: the model's own
 * where it is known here, else the one named `default`, else the first; only what the key may use. Throws
 * `model_not_found` when there is none at all.
 */
export function routeOrDefault(
  { config }: GatewayContext,
  key: KeyRecord | undefined,
  model: string | undefined,
): Route {
  const named = model === undefined || model === '' ? undefined : resolveFor(config, key, model)
  const [first] = routesFor(config, key)
  const route =
    named ??
    (config.routes.has('default') ? resolveFor(config, key, 'default') : undefined) ??
    first ??
    resolveFor(config, key, 'default')
  if (route === undefined) throw new SluiceError('model_not_found', 'No model is configured here', { param: 'model' })
  return route
}
