import type { GatewayContext } from '../context.ts'
import type { Call } from '../http.ts'
import { chatCompletions } from './chat.ts'
import { embeddings } from './embeddings.ts'
import { healthz, metrics, readyz } from './health.ts'
import { getModel, listModels } from './models.ts'
import { cancelStream, deleteStream, issueTicket, listStreams, readStream } from './streams.ts'

/** Who may call a route: `open` to everybody, `caller` with a key where keys are configured. */
export type Access = 'open' | 'caller'

/** One row of the table that the router, the documents and the authorisation test are made from. */
export interface RouteRow {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Hono's pattern. */
  readonly path: string
  readonly access: Access
  readonly answer: (context: GatewayContext, call: Call) => Response | Promise<Response>
}

/** Every surface of the gateway (PROTOCOL 1). */
export const ROUTES: readonly RouteRow[] = [
  { method: 'POST', path: '/v1/chat/completions', access: 'caller', answer: chatCompletions },
  { method: 'GET', path: '/v1/models', access: 'caller', answer: listModels },
  { method: 'GET', path: '/v1/models/:id{.+}', access: 'caller', answer: getModel },
  { method: 'POST', path: '/v1/embeddings', access: 'caller', answer: embeddings },
  { method: 'GET', path: '/v1/streams', access: 'caller', answer: listStreams },
  { method: 'GET', path: '/v1/streams/:id', access: 'caller', answer: readStream },
  { method: 'DELETE', path: '/v1/streams/:id', access: 'caller', answer: deleteStream },
  { method: 'POST', path: '/v1/streams/:id/cancel', access: 'caller', answer: cancelStream },
  { method: 'POST', path: '/v1/streams/:id/ticket', access: 'caller', answer: issueTicket },
  { method: 'GET', path: '/healthz', access: 'open', answer: healthz },
  { method: 'GET', path: '/readyz', access: 'open', answer: readyz },
  { method: 'GET', path: '/metrics', access: 'open', answer: metrics },
]
