import type { GatewayContext } from '../context.ts'
import type { Call } from '../http.ts'
import { createKey, listKeys, revokeKey, rotateKey } from './admin-keys.ts'
import { history, overview } from './admin-overview.ts'
import { cancelAnyStream, getAnyStream, listAllStreams } from './admin-streams.ts'
import { issueToken } from './auth.ts'
import { chatCompletions } from './chat.ts'
import { chatStream, relayed } from './relays.ts'
import { embeddings } from './embeddings.ts'
import { fastgptV1, fastgptV2, refuseFastGpt } from './fastgpt.ts'
import { healthz, metrics, readyz } from './health.ts'
import { getModel, listModels } from './models.ts'
import { page } from './page.ts'
import { beginSession, endSession, whoAmI } from './session.ts'
import { cancelStream, deleteStream, issueTicket, listStreams, readStream } from './streams.ts'
import { allUsage, usage } from './usage.ts'

/**
 * Who may call a route: `open` everybody; `caller` a key or a client, where there are any; `ticket` one of
 * them or the bearer of a ticket; `admin` an admin key.
 */
export type Access = 'open' | 'caller' | 'ticket' | 'admin'

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
  { method: 'GET', path: '/v1/usage', access: 'caller', answer: usage },
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
  { method: 'GET', path: '/admin/v1/keys', access: 'admin', answer: listKeys },
  { method: 'POST', path: '/admin/v1/keys', access: 'admin', answer: createKey },
  { method: 'POST', path: '/admin/v1/keys/:id/revoke', access: 'admin', answer: revokeKey },
  { method: 'POST', path: '/admin/v1/keys/:id/rotate', access: 'admin', answer: rotateKey },
  { method: 'GET', path: '/admin/v1/streams', access: 'admin', answer: listAllStreams },
  { method: 'GET', path: '/admin/v1/streams/:id', access: 'admin', answer: getAnyStream },
  { method: 'POST', path: '/admin/v1/streams/:id/cancel', access: 'admin', answer: cancelAnyStream },
  { method: 'GET', path: '/admin/v1/usage', access: 'admin', answer: allUsage },
  { method: 'GET', path: '/admin/v1/overview', access: 'admin', answer: overview },
  { method: 'GET', path: '/admin/v1/history', access: 'admin', answer: history },
  { method: 'POST', path: '/api/v1/auth/token', access: 'open', answer: issueToken },
  { method: 'GET', path: '/healthz', access: 'open', answer: healthz },
  { method: 'GET', path: '/readyz', access: 'open', answer: readyz },
  { method: 'GET', path: '/metrics', access: 'open', answer: metrics },
  { method: 'GET', path: '/session', access: 'open', answer: whoAmI },
  { method: 'POST', path: '/session', access: 'open', answer: beginSession },
  { method: 'DELETE', path: '/session', access: 'open', answer: endSession },
  { method: 'GET', path: '/', access: 'open', answer: page },
  { method: 'GET', path: '/streams', access: 'open', answer: page },
  { method: 'GET', path: '/favicon.svg', access: 'open', answer: page },
  { method: 'GET', path: '/assets/:name', access: 'open', answer: page },
]
