import { SluiceError } from '../errors.ts'
import type { StreamState } from '../log/stream-log.ts'
import type { GatewayContext } from './context.ts'
import type { Call } from './http.ts'

/** How long after its end a completed stream still answers a retry, in milliseconds. */
const RETRY_WINDOW = 60_000

/** A request on its way to becoming a stream. */
export interface Request {
  readonly owner: string
  /** The body as it came. */
  readonly bytes: Uint8Array
  /** The id of the stream that it will start if nobody has. */
  readonly streamId: string
}

/**
 * The stream that this request has started already, if it has (PROTOCOL 6): by its `Idempotency-Key`,
 * or, for a retry of an official SDK, by its body. Otherwise notes that it starts `streamId`.
 *
 * Throws `idempotency_mismatch` for a key that came with another body, `invalid_value` for one that is
 * no key.
 */
export async function startedBefore(
  context: GatewayContext,
  call: Call,
  request: Request,
): Promise<StreamState | undefined> {
  const key = idempotencyKey(call)
  const retries = retryCount(context, call)
  const bodyHash = context.hash(request.bytes)
  const { owner, streamId } = request
  if (key === undefined && Number(retries) > 0) {
    const earlier = context.ledger.newest(owner, bodyHash)
    const state = earlier === undefined ? undefined : await usable(context, owner, earlier.stream)
    if (state !== undefined && isRecent(context, state)) return state
  }
  const claim = { owner, key, bodyHash, stream: streamId, createdAt: context.clock.date() }
  const earlier = context.ledger.claim(claim)
  if (earlier === undefined) return undefined
  const state = await usable(context, owner, earlier.stream)
  if (state !== undefined) return state
  // What it started is gone, or came to nothing: this request starts anew under the same key.
  context.ledger.forget(earlier.stream)
  const raced = context.ledger.claim(claim)
  return raced === undefined ? undefined : usable(context, owner, raced.stream)
}

/** Whether a request is of the kind that may come again and find what it started. */
export function mayComeAgain(context: GatewayContext, call: Call): boolean {
  return call.req.header('idempotency-key') !== undefined || retryCount(context, call) !== undefined
}

/** Official SDKs count their tries of one request, from 0. */
function retryCount(context: GatewayContext, call: Call): string | undefined {
  return context.config.server.attachRetries ? call.req.header('x-stainless-retry-count') : undefined
}

function idempotencyKey(call: Call): string | undefined {
  const key = call.req.header('idempotency-key')
  if (key === undefined || /^[\x21-\x7e]{1,255}$/.test(key)) return key
  throw new SluiceError('invalid_value', 'Idempotency-Key must be 1 to 255 visible ASCII characters', {
    param: 'Idempotency-Key',
  })
}

/** The stream, if there is anything in it to attach to. One that failed before it gave anything is not kept against a retry. */
async function usable(context: GatewayContext, owner: string, id: string): Promise<StreamState | undefined> {
  const state = await context.log.find(id)
  if (state === undefined || state === 'expired' || state.owner !== owner) return undefined
  return state.status === 'failed' && state.last <= state.first ? undefined : state
}

/** A retry is of something that just happened: an open stream, or one completed within the minute. */
function isRecent(context: GatewayContext, state: StreamState): boolean {
  if (state.status === 'open') return true
  return state.status === 'completed' && context.clock.date() - endOf(state) < RETRY_WINDOW
}

function endOf(state: StreamState): number {
  const length = state.outcome?.timeline?.at(-1)?.at ?? 0
  return state.createdAt + length
}
