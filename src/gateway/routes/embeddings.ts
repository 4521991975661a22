import { z } from 'zod'
import { resolveModel } from '../../config/config.ts'
import { SluiceError } from '../../errors.ts'
import { openFresh } from '../../upstream/fresh.ts'
import { readRefusal, readText } from '../../upstream/body.ts'
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
  const target = resolveModel(context.config, checked.data.model)?.targets[0]
  if (target === undefined) throw new SluiceError('model_not_found', 'The model does not exist', { param: 'model' })
  const body = JSON.stringify({ ...checked.data, ...(target.model === undefined ? {} : { model: target.model }) })
  const outgoing = { method: 'POST', path: '/embeddings', body } as const
  const exchange = await openFresh(context.dialer, target, outgoing, call.env.signal)
  const provider = target.provider.name
  if (exchange.status < 200 || exchange.status > 299) throw await readRefusal(exchange, context.clock.date())
  const answer = await readText(exchange.bytes, MAX_ANSWER, provider)
  const headers = { ...baseHeaders(call.get('requestId')), 'content-type': 'application/json' }
  return new Response(answer, { headers })
}
