import { resolveModel } from '../config/config.ts'
import { SluiceError } from '../errors.ts'
import type { Route } from '../provider/provider.ts'
import type { GatewayContext } from './context.ts'

/**
 * The route for a request that need not name a model, or names one of another service: the model's own
 * where it is known here, else the one named `default`, else the first. Throws `model_not_found` when
 * there is none at all.
 */
export function routeOrDefault({ config }: GatewayContext, model: string | undefined): Route {
  const named = model === undefined || model === '' ? undefined : resolveModel(config, model)
  const [first] = config.routes.values()
  const route = named ?? config.routes.get('default') ?? first ?? resolveModel(config, 'default')
  if (route === undefined) throw new SluiceError('model_not_found', 'No model is configured here', { param: 'model' })
  return route
}
