import type { GatewayContext } from '../context.ts'
import type { Call } from '../http.ts'
import { issueToken } from './auth.ts'
import { chatCompletions } from './chat.ts'
import { chatStream, relayed } from './relays.ts'
import { embeddings } from './embeddings.ts'
import { fastgptV1, fastgptV2, refuseFastGpt } from './fastgpt.ts'
import { healthz, metrics, readyz } from './health.ts'
import { getModel, listModels } from './models.ts'
import { page } from './page.ts'
import { cancelStream, deleteStream, issueTicket, listStreams, readStream } from './streams.ts'

/**
 * Who may call a route: `open` everybody; `caller` a client, where clients are configured; `ticket` a client
 * or the bearer of a ticket.
 */
export type Access = 'open' | 'caller' | 'ticket'

/** One row of the table that the router, the documents and the authorisation test are made from. */
export interface RouteRow {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Hono's pattern. */
  readonly path: string
  readonly access: Access
  readonly answer: (context: GatewayContext, call: Call) => Response | Promise<Response>
  /** How it words a refusal, where that is not OpenAI's envelope. */
  readonly refuse?: (thrown: unknown, requestId: string) => Response
}

/** Every surface of the gateway (PROTOCOL 1). */
export const ROUTES: readonly RouteRow[] = [
  { method: 'POST', path: '/v1/chat/completions', access: 'caller', answer: chatCompletions },
  { method: 'GET', path: '/v1/models', access: 'caller', answer: listModels },
  { method: 'GET', path: '/v1/models/:id{.+}', access: 'caller', answer: getModel },
  { method: 'POST', path: '/v1/embeddings', access: 'caller', answer: embeddings },
  { method: 'GET', path: '/v1/streams', access: 'caller', answer: listStreams },
  { method: 'GET', path: '/v1/streams/:id', access: 'ticket', answer: readStream },
  { method: 'DELETE', path: '/v1/streams/:id', access: 'caller', answer: deleteStream },
  { method: 'POST', path: '/v1/streams/:id/cancel', access: 'caller', answer: cancelStream },
  { method: 'POST', path: '/v1/streams/:id/ticket', access: 'caller', answer: issueTicket },
  { method: 'POST', path: '/api/v1/chat/completions', access: 'caller', answer: fastgptV1, refuse: refuseFastGpt },
  { method: 'POST', path: '/api/v2/chat/completions', access: 'caller', answer: fastgptV2, refuse: refuseFastGpt },
  { method: 'GET', path: '/stream-chat', access: 'caller', answer: relayed },
  { method: 'GET', path: '/stream', access: 'caller', answer: relayed },
  { method: 'POST', path: '/chat/stream', access: 'caller', answer: chatStream },
  { method: 'POST', path: '/api/v1/auth/token', access: 'open', answer: issueToken },
  { method: 'GET', path: '/healthz', access: 'open', answer: healthz },
  { method: 'GET', path: '/readyz', access: 'open', answer: readyz },
  { method: 'GET', path: '/metrics', access: 'open', answer: metrics },
  { method: 'GET', path: '/', access: 'open', answer: page },
  { method: 'GET', path: '/favicon.svg', access: 'open', answer: page },
  { method: 'GET', path: '/assets/:name', access: 'open', answer: page },
]
