import { z } from 'zod'
import { SluiceError } from '../../errors.ts'
import { openFresh } from '../../upstream/fresh.ts'
import { readRefusal, readText } from '../../upstream/body.ts'
import { leaseFor, underLease, withRateHeaders } from '../admission-request.ts'
import { callerOf, keyOf } from '../caller.ts'
import { demandRoute, withinModels } from '../key-models.ts'
import { refuseWhenDraining, type GatewayContext } from '../context.ts'
import { baseHeaders, type Call } from '../http.ts'
import { parseJsonBody } from '../json-body.ts'

const MAX_ANSWER = 64 * 1024 * 1024

const request = z.looseObject({ model: z.string().min(1).max(512) })

/** `POST /v1/embeddings`: passed to the model's first provider, its answer passed back as it is. */
export async function embeddings(context: GatewayContext, call: Call): Promise<Response> {
  refuseWhenDraining(context)
  const checked = request.safeParse(parseJsonBody(await call.env.body(context.config.server.maxBodyBytes)))
  if (!checked.success)
    throw new SluiceError('invalid_value', "'model': expected the name of a model", { param: 'model' })
  const { model } = checked.data
  const key = keyOf(call)
  const route = demandRoute(context.config, key, model)
  const [target] = route.targets
  if (target === undefined) throw new SluiceError('model_not_found', 'The model does not exist', { param: 'model' })
  const body = JSON.stringify({
    ...withinModels(key, checked.data),
    ...(target.model === undefined ? {} : { model: target.model }),
  })
  const outgoing = { method: 'POST', path: '/embeddings', body } as const
  const { signal } = call.env
  const ask = async (): Promise<string> => {
    const exchange = await openFresh(context.dialer, target, outgoing, signal)
    if (exchange.status < 200 || exchange.status > 299) throw await readRefusal(exchange, context.clock.date())
    return readText(exchange.bytes, MAX_ANSWER, target.provider.name)
  }
  const lease = await leaseFor(context, call, { model, route, body: checked.data })
  const startedAt = context.clock.now()
  const answer = lease === undefined ? await ask() : await underLease(lease, target, signal, ask)
  const passed = { id: call.get('requestId'), owner: callerOf(call), model, target, startedAt }
  context.accounts.passed(passed, answer, body)
  const fields = { ...baseHeaders(call.get('requestId')), 'content-type': 'application/json' }
  const headers = withRateHeaders(call, fields)
  return new Response(answer, { headers })
}
