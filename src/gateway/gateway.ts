import { Hono } from 'hono'
import { systemClock, type Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/config.ts'
import { SluiceError } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { StreamLog } from '../log/stream-log.ts'
import { Breakers } from '../upstream/breakers.ts'
import { createDialer } from '../upstream/open.ts'
import { admit } from './caller.ts'
import { Chats } from './chats.ts'
import { Clients, type DeriveKey } from './clients.ts'
import type { GatewayContext, Logger } from './context.ts'
import { errorResponse, type GatewayEnv, type Transport } from './http.ts'
import { newRequestId, newStreamId } from './ids.ts'
import { LiveStreams } from './live.ts'
import { createMetrics } from './metrics.ts'
import type { Page } from './page.ts'
import { ModelDirectory } from './model-facts.ts'
import { ROUTES } from './routes/table.ts'
import { takeUp, type Orphan } from './take-up.ts'
import { Tickets } from './tickets.ts'

/** What a gateway is made of. */
export interface GatewayOptions {
  readonly config: GatewayConfig
  readonly log: StreamLog
  /** Which request started which stream. */
  readonly ledger: Ledger
  /** A cryptographic hash, as text. */
  readonly hash: (bytes: Uint8Array) => string
  /** Streams whose producer died with the last process. */
  readonly orphans?: readonly Orphan[]
  /** Needed where the configuration has clients. */
  readonly deriveKey?: DeriveKey
  readonly logger: Logger
  /** The chat page at `/`; none is served unless told. */
  readonly page?: Page
  readonly clock?: Clock
  /** In [0, 1). */
  readonly random?: () => number
}

/** The gateway without a server: requests in, responses out. */
export interface Gateway {
  fetch(request: Request, transport: Transport): Response | Promise<Response>
  /** Streams that are being produced now. */
  readonly openStreams: number
  /**
   * Takes no new streams, lets the open ones finish for up to `limitMs`, then ends the rest with an
   * error event, and closes the log. Never throws; a second call waits for the first.
   */
  shutdown(limitMs: number): Promise<void>
}

/**
 * Creates a gateway.
 *
 * @example
 * const gateway = createGateway({ config, log, ledger, hash, logger })
 */
export function createGateway(options: GatewayOptions): Gateway {
  const clock = options.clock ?? systemClock
  const dialer = createDialer(clock)
  const context: GatewayContext = {
    config: options.config,
    log: options.log,
    ledger: options.ledger,
    hash: options.hash,
    live: new LiveStreams(),
    dialer,
    breakers: new Breakers(clock),
    clock,
    random: options.random ?? Math.random,
    newStreamId,
    newRequestId,
    logger: options.logger,
    metrics: createMetrics(),
    tickets: new Tickets(clock),
    page: options.page,
    models: new ModelDirectory(dialer),
    chats: new Chats(clock),
    clients: new Clients(options.config.auth, options.deriveKey, clock),
    startedAt: Math.floor(clock.date() / 1_000),
    draining: false,
  }
  context.metrics.gauge('sluice_streams_open', 'Streams being produced now', () => context.live.count)
  context.metrics.gauge('sluice_log_degraded', '1 while entries are not kept as promised', () =>
    options.log.health().degraded ? 1 : 0,
  )
  const app = createApp(context)
  for (const orphan of options.orphans ?? []) void takeUp(context, orphan)
  let down: Promise<void> | undefined
  return {
    fetch: (request, transport) => app.fetch(request, transport),
    get openStreams() {
      return context.live.count
    },
    shutdown: (limitMs) => (down ??= shutDown(context, limitMs).then(() => dialer.close())),
  }
}

function createApp(context: GatewayContext): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>()
  for (const { method, path, access, answer, refuse = errorResponse } of ROUTES) {
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
  for (const path of new Set(ROUTES.map((row) => row.path))) {
    const allowed = ROUTES.filter((row) => row.path === path).map((row) => row.method)
    app.all(path, (call) => {
      const error = new SluiceError(
        'method_not_allowed',
        `${call.req.method} is not possible here; use ${allowed.join(', ')}`,
      )
      const response = errorResponse(error, context.newRequestId())
      response.headers.set('allow', allowed.join(', '))
      return response
    })
  }
  app.notFound((call) => {
    const error = new SluiceError('route_not_found', `There is no ${call.req.method} ${call.req.path} here`)
    return errorResponse(error, context.newRequestId())
  })
  app.onError((error, call) => {
    const known = SluiceError.from(error)
    // The request of the route that failed; a failure before any route has no id yet.
    const requestId: string | undefined = call.get('requestId')
    if (known.code === 'internal') context.logger.error({ err: error, request: requestId }, 'request failed')
    return errorResponse(known, requestId ?? context.newRequestId())
  })
  return app
}

async function shutDown(context: GatewayContext, limitMs: number): Promise<void> {
  context.draining = true
  const limit = Promise.withResolvers<void>()
  const stop = context.clock.after(limitMs, limit.resolve)
  await Promise.race([context.live.idle(), limit.promise])
  stop()
  context.live.cancelAll(new SluiceError('shutting_down', 'The gateway is shutting down; resume the stream later'))
  await context.live.idle()
  await context.log.close()
  context.ledger.close()
}
