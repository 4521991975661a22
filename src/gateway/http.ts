import type { CancelSignal } from '../cancel.ts'
import type { Context } from 'hono'
import { SluiceError } from '../errors.ts'
import type { KeyRecord } from '../ledger/key.ts'
import type { Lease } from './admission-lease.ts'
import type { FrameSource } from './deliver.ts'

/** Why a request's signal aborts. One object for all: making an error each time was 2 % of a short stream's CPU. */
export const CALLER_LEFT: SluiceError = new SluiceError('cancelled', 'The caller left')

/** A streamed answer, before a transport has it. */
export interface StreamReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Frames until the stream's end. A throw means: destroy the connection, nothing more can be said. */
  readonly frames: FrameSource
  /** Called once, when the reader has got everything or has left. */
  readonly onLeave: () => void
}

/** What a transport gives to the routes beside the request. */
export interface Transport {
  /** Aborts when the caller has left. */
  readonly signal: CancelSignal
  /** Sends a streamed answer; the result is what the route returns. */
  send(reply: StreamReply): Response
  /** The request's body. Throws `body_too_large` above `limit` bytes. */
  body(limit: number): Promise<Uint8Array>
}

/** What the cache did for a request (`X-Sluice-Cache`). */
export type CacheResult = 'hit' | 'miss' | 'coalesced' | 'bypass'

/** What Hono knows of a request of ours. */
export interface GatewayEnv {
  Bindings: Transport
  Variables: {
    requestId: string
    caller: string | undefined
    key: KeyRecord | undefined
    cache: CacheResult | undefined
    /** What it holds of limits and budgets. */
    lease: Lease | undefined
  }
}

/** One request, as a route sees it. */
export type Call = Context<GatewayEnv>

/** Fields of every answer: API answers are never for a shared cache. */
export function baseHeaders(requestId: string): Record<string, string> {
  return { 'cache-control': 'private, no-store', vary: 'Authorization', 'x-request-id': requestId }
}

/** Fields of a streamed answer (PROTOCOL 2). `streamId`: empty where there is no stream. */
export function streamHeaders(requestId: string, streamId: string): Record<string, string> {
  return {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
    'x-request-id': requestId,
    ...(streamId === '' ? {} : { 'x-stream-id': streamId, link: `</v1/streams/${streamId}>; rel="resume"` }),
  }
}

/** Any error as an answer: OpenAI's envelope and the status of the catalogue (PROTOCOL 10). */
export function errorResponse(thrown: unknown, requestId: string): Response {
  const error = SluiceError.from(thrown)
  const headers = new Headers({ ...baseHeaders(requestId), 'content-type': 'application/json' })
  if (error.status === 401) headers.set('www-authenticate', 'Bearer')
  const { retryAfterMs } = error.facts
  for (const [name, value] of Object.entries(error.facts.headers ?? {})) headers.set(name, value)
  if (retryAfterMs !== undefined) {
    headers.set('retry-after', String(Math.ceil(retryAfterMs / 1_000)))
    headers.set('retry-after-ms', String(Math.ceil(retryAfterMs)))
  }
  return new Response(JSON.stringify(error.toEnvelope()), { status: error.status, headers })
}
