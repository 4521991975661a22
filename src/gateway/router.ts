import { Hono } from 'hono'
import { SluiceError } from '../errors.ts'
import { admit } from './caller.ts'
import type { GatewayContext } from './context.ts'
import { errorResponse, type GatewayEnv } from './http.ts'
import { ROUTES, type RouteRow } from './routes/table.ts'

/** One for all; where the operator has a listener of its own, one for each. */
export function createApps(context: GatewayContext): {
  readonly app: Hono<GatewayEnv>
  readonly admin: Hono<GatewayEnv>
} {
  const isSplit = context.config.admin !== undefined
  const app = createApp(context, isSplit ? ROUTES.filter((row) => row.access !== 'admin') : ROUTES)
  return { app, admin: isSplit ? createApp(context, ROUTES.filter(isForOperator)) : app }
}

/** What a listener of the operator's own serves: nothing that starts or reads an answer. */
function isForOperator({ access, path }: RouteRow): boolean {
  return access === 'admin' || (access === 'open' && path !== '/api/v1/auth/token')
}

function createApp(context: GatewayContext, rows: readonly RouteRow[]): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>()
  for (const { method, path, access, answer, refuse = errorResponse } of rows) {
    // No middleware: with a single handler Hono makes no promise of its own.
    app.on(method, path, (call) => {
      call.set('requestId', context.newRequestId())
      try {
        admit(context, call, access)
      } catch (error) {
        return refuse(error, call.get('requestId'))
      }
      return answer(context, call)
    })
  }
  const elsewhere = refusals(context, rows)
  app.notFound((call) => elsewhere.fetch(call.req.raw, call.env))
  app.onError((error, call) => {
    const known = SluiceError.from(error)
    // The request of the route that failed; a failure before any route has no id yet.
    const requestId: string | undefined = call.get('requestId')
    if (known.code === 'internal') context.logger.error({ err: error, request: requestId }, 'request failed')
    return errorResponse(known, requestId ?? context.newRequestId())
  })
  return app
}

/**
 * What is asked with a wrong method, and what there is not. An app of its own: a second match of a route's path
 * would have Hono compose the two, with promises between them, for every request.
 */
function refusals(context: GatewayContext, rows: readonly RouteRow[]): Hono<GatewayEnv> {
  const refusing = new Hono<GatewayEnv>()
  for (const path of new Set(rows.map((row) => row.path))) {
    const allowed = rows.filter((row) => row.path === path).map((row) => row.method)
    refusing.all(path, (call) => {
      const error = new SluiceError(
        'method_not_allowed',
        `${call.req.method} is not possible here; use ${allowed.join(', ')}`,
      )
      const response = errorResponse(error, context.newRequestId())
      response.headers.set('allow', allowed.join(', '))
      return response
    })
  }
  refusing.notFound((call) => {
    const error = new SluiceError('route_not_found', `There is no ${call.req.method} ${call.req.path} here`)
    return errorResponse(error, context.newRequestId())
  })
  return refusing
}
