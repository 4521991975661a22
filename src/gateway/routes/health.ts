import type { GatewayContext } from '../context.ts'
import { baseHeaders, type Call } from '../http.ts'
import { configReadiness } from '../reload.ts'

/** `GET /healthz`: the process answers. */
export function healthz(_context: GatewayContext, call: Call): Response {
  return Response.json({ status: 'ok' }, { headers: baseHeaders(call.get('requestId')) })
}

/** `GET /readyz`: new work is welcome; 503 while the gateway goes down. */
export function readyz(context: GatewayContext, call: Call): Response {
  const { durability, degraded, reason } = context.log.health()
  const body = {
    status: context.draining ? 'draining' : 'ready',
    streams: context.live.count,
    durability: degraded ? 'degraded' : durability,
    ...(reason === undefined ? {} : { reason }),
    ...configReadiness(context),
  }
  return Response.json(body, { status: context.draining ? 503 : 200, headers: baseHeaders(call.get('requestId')) })
}

/** `GET /metrics`: Prometheus text. */
export function metrics(context: GatewayContext, call: Call): Response {
  const headers = { ...baseHeaders(call.get('requestId')), 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }
  return new Response(context.metrics.text(), { headers })
}
