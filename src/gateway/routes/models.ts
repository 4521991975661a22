import type { Route } from '../../provider/provider.ts'
import type { GatewayContext } from '../context.ts'
import { keyOf } from '../caller.ts'
import { demandRoute, routesFor } from '../key-models.ts'
import type { ModelFacts } from '../model-facts.ts'
import { baseHeaders, type Call } from '../http.ts'

/** A model as OpenAI lists it, and what else its provider tells of it. */
interface ModelObject extends ModelFacts {
  readonly id: string
  readonly object: 'model'
  readonly created: number
  readonly owned_by: string
}

/** `GET /v1/models`: the models that can be asked for here. */
export async function listModels(context: GatewayContext, call: Call): Promise<Response> {
  const routes = routesFor(context.config, keyOf(call))
  const data = await Promise.all(routes.map((route) => toModel(context, route)))
  return Response.json({ object: 'list', data }, { headers: baseHeaders(call.get('requestId')) })
}

/** `GET /v1/models/{id}`; the id may hold slashes. */
export async function getModel(context: GatewayContext, call: Call): Promise<Response> {
  const route = demandRoute(context.config, keyOf(call), call.req.param('id') ?? '')
  return Response.json(await toModel(context, route), { headers: baseHeaders(call.get('requestId')) })
}

async function toModel(context: GatewayContext, route: Route): Promise<ModelObject> {
  const [target] = route.targets
  const facts = target === undefined ? {} : await context.models.factsOf(target, target.model ?? route.model)
  return {
    ...facts,
    id: route.model,
    object: 'model',
    created: context.startedAt,
    owned_by: target?.provider.name ?? 'sluice',
  }
}
