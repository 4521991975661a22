import { resolveModel } from '../../config/config.ts'
import { SluiceError } from '../../errors.ts'
import type { Route } from '../../provider/provider.ts'
import type { GatewayContext } from '../context.ts'
import { baseHeaders, type Call } from '../http.ts'

/** A model as OpenAI lists it. */
interface ModelObject {
  readonly id: string
  readonly object: 'model'
  readonly created: number
  readonly owned_by: string
}

/** `GET /v1/models`: the models that can be asked for here. */
export function listModels(context: GatewayContext, call: Call): Response {
  const data = [...context.config.routes.values()].map((route) => toModel(context, route))
  return Response.json({ object: 'list', data }, { headers: baseHeaders(call.get('requestId')) })
}

/** `GET /v1/models/{id}`; the id may hold slashes. */
export function getModel(context: GatewayContext, call: Call): Response {
  const id = call.req.param('id') ?? ''
  const route = resolveModel(context.config, id)
  if (route === undefined)
    throw new SluiceError('model_not_found', `The model '${id}' does not exist`, { param: 'model' })
  return Response.json(toModel(context, route), { headers: baseHeaders(call.get('requestId')) })
}

function toModel(context: GatewayContext, route: Route): ModelObject {
  return {
    id: route.model,
    object: 'model',
    created: context.startedAt,
    owned_by: route.targets[0]?.provider.name ?? 'sluice',
  }
}
