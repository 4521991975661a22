import { SluiceError } from '../../errors.ts'
import type { UsageRow } from '../../ledger/usage.ts'
import { callerOf } from '../caller.ts'
import type { GatewayContext } from '../context.ts'
import { baseHeaders, type Call } from '../http.ts'
import { queryOf } from '../usage-query.ts'
import { usageCsv, usageJson } from '../usage-wire.ts'

/** `GET /v1/usage`: what the caller's own streams used and cost, in sums. */
export function usage(context: GatewayContext, call: Call): Response {
  return answer(context, call, callerOf(call))
}

/** `GET /admin/v1/usage`: everybody's; `?key=` narrows it to one. */
export function allUsage(context: GatewayContext, call: Call): Response {
  return answer(context, call, call.req.query('key'))
}

function answer(context: GatewayContext, call: Call, owner: string | undefined): Response {
  const query = { ...queryOf((name) => call.req.query(name), context.clock.date()), owner }
  const format = call.req.query('format') ?? 'json'
  if (format !== 'json' && format !== 'csv')
    throw new SluiceError('invalid_value', "'format' must be json or csv", { param: 'format' })
  const sums = context.ledger.usage.sum(query)
  const headers = baseHeaders(call.get('requestId'))
  if (format === 'json') return Response.json(usageJson(query, sums), { headers })
  return new Response(usageCsv(query, sums), { headers: { ...headers, 'content-type': 'text/csv; charset=utf-8' } })
}

/** What one stream used and cost, as its answers show it; wire names. */
export function usageOfStream({ ledger }: GatewayContext, id: string, createdAt: number): object | undefined {
  const row: UsageRow | undefined = ledger.usage.find(id, createdAt)
  if (row === undefined) return undefined
  return {
    prompt_tokens: row.promptTokens,
    cached_tokens: row.cachedTokens,
    completion_tokens: row.completionTokens,
    reasoning_tokens: row.reasoningTokens,
    estimated: row.estimated,
    attempts: row.charged,
    cost: row.unpriced > 0 ? null : row.nanoDollars / 1e9,
    nano_dollars: row.nanoDollars,
    ...(row.unpriced === 0 ? {} : { unpriced_attempts: row.unpriced }),
    price_source: row.priceSource,
  }
}
