import { Accumulator } from '../../completion/accumulate.ts'
import { SluiceError } from '../../errors.ts'
import type { ListFilter, StreamState } from '../../log/stream-log.ts'
import { cacheScopeOf } from '../cache-use.ts'
import { callerOf } from '../caller.ts'
import type { GatewayContext } from '../context.ts'
import { formatCursor, isStreamId, parseCursor } from '../cursor.ts'
import { deliver } from '../deliver.ts'
import { baseHeaders, streamHeaders, type Call } from '../http.ts'
import { usageOfStream } from './usage.ts'

/** `GET /v1/streams/{id}`: replay after the cursor, then tail; or `?format=json`. */
export async function readStream(context: GatewayContext, call: Call): Promise<Response> {
  const state = await findReadable(context, call, call.req.param('id') ?? '')
  if (call.req.method === 'HEAD') return head(call, state)
  if (call.req.query('format') === 'json') return asJson(context, call, state)
  const given = call.req.header('last-event-id') ?? call.req.query('after') ?? '-1'
  return attach(context, call, state, given)
}

/**
 * Attaches a reader after a cursor. A reader that already has the end of a closed stream gets 204,
 * which is what stops an EventSource from reconnecting for ever (PROTOCOL 5).
 */
export function attach(context: GatewayContext, call: Call, state: StreamState, given: string): Response {
  const cursor = parseCursor(given, state.id)
  const after = cursor === 'now' ? state.last : cursor
  const headers = { ...streamHeaders(call.get('requestId'), state.id), ...stateHeaders(state) }
  if (state.status !== 'open' && after >= state.last) return new Response(null, { status: 204, headers })
  if (after + 1 < state.first) throw expired()
  const leave = context.live.find(state.id)?.attach() ?? ((): void => {})
  const compactTo = call.req.query('replay') === 'full' ? -1 : state.last
  const named = call.req.query('events') === 'named'
  const reader = { after, compactTo, maxLag: context.config.server.maxLag, named, signal: call.env.signal }
  return call.env.send({ status: 200, headers, frames: deliver(context.log, state.id, reader), onLeave: leave })
}

/** `POST /v1/streams/{id}/cancel`: idempotent; answers with the final cursor. */
export async function cancelStream(context: GatewayContext, call: Call): Promise<Response> {
  const state = await findOwn(context, call, call.req.param('id') ?? '')
  const live = context.live.find(state.id)
  live?.cancel()
  await live?.outcome
  const after = await findOwn(context, call, state.id)
  return Response.json(streamToWire(after), { status: 202, headers: baseHeaders(call.get('requestId')) })
}

/** `DELETE /v1/streams/{id}`: cancels and erases. */
export async function deleteStream(context: GatewayContext, call: Call): Promise<Response> {
  const state = await findOwn(context, call, call.req.param('id') ?? '')
  const live = context.live.find(state.id)
  live?.cancel()
  await live?.outcome
  await context.log.erase(state.id)
  context.ledger.forget(state.id)
  return new Response(null, { status: 204, headers: baseHeaders(call.get('requestId')) })
}

const STATUSES = ['open', 'completed', 'failed', 'cancelled'] as const

/** `GET /v1/streams`: the caller's streams, newest first. */
export async function listStreams(context: GatewayContext, call: Call): Promise<Response> {
  const data = (await context.log.list(callerOf(call), listFilter(call))).map(streamToWire)
  return Response.json({ object: 'list', data }, { headers: baseHeaders(call.get('requestId')) })
}

/** Which streams a request asks for. `others`: words for `status` that its route knows. Throws `invalid_value`. */
export function listFilter(call: Call, others: readonly string[] = []): ListFilter {
  const asked = call.req.query('status')
  const status = STATUSES.find((one) => one === asked)
  if (asked !== undefined && status === undefined && !others.includes(asked)) {
    throw new SluiceError('invalid_value', `'status' must be one of ${STATUSES.join(', ')}`, { param: 'status' })
  }
  const limit = Number(call.req.query('limit') ?? 100)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) {
    throw new SluiceError('invalid_value', "'limit' must be an integer from 1 to 1000", { param: 'limit' })
  }
  return { status, limit, conversation: call.req.query('conversation') }
}

/** `POST /v1/streams/{id}/ticket`: a one-use permission to read, for an EventSource. */
export async function issueTicket(context: GatewayContext, call: Call): Promise<Response> {
  const state = await findOwn(context, call, call.req.param('id') ?? '')
  const ticket = context.tickets.issue(state.id, state.owner)
  return Response.json({ ticket, expires_in: 60 }, { headers: baseHeaders(call.get('requestId')) })
}

/** The stream if it is the caller's. Unknown, foreign and malformed ids are one and the same 404. */
export async function findOwn(context: GatewayContext, call: Call, id: string): Promise<StreamState> {
  return ownedBy(context, callerOf(call), id)
}

/** The same for who only reads: also a stream whose answer a caller's pool was given by the cache. */
export async function findShared(context: GatewayContext, call: Call, id: string): Promise<StreamState> {
  return ownedBy(context, callerOf(call), id, cacheScopeOf(call))
}

/** The same for a route that takes a ticket instead: it lets its bearer read, and nothing else. */
async function findReadable(context: GatewayContext, call: Call, id: string): Promise<StreamState> {
  const ticket = call.req.query('ticket')
  if (ticket === undefined) return findShared(context, call, id)
  const owner = context.tickets.redeem(ticket, id)
  return ownedBy(context, owner !== undefined && context.keys.isAlive(owner) ? owner : undefined, id)
}

async function ownedBy(
  context: GatewayContext,
  owner: string | undefined,
  id: string,
  scope?: string,
): Promise<StreamState> {
  const unknown = new SluiceError('stream_not_found', 'There is no such stream')
  if (owner === undefined || !isStreamId(id)) throw unknown
  const state = await context.log.find(id)
  // Whose it was is not known any more; to say so of an id nobody can guess gives nothing away.
  if (state === 'expired') throw expired()
  if (state === undefined) throw unknown
  if (state.owner !== owner && (scope === undefined || !context.cache.mayRead(id, scope))) throw unknown
  return state
}

function expired(): SluiceError {
  return new SluiceError('cursor_expired', 'This part of the stream is no longer kept')
}

function stateHeaders(state: StreamState): Record<string, string> {
  return {
    'x-stream-status': state.status,
    'x-stream-cursor': formatCursor(state.id, state.last),
    ...(state.expiresAt === undefined ? {} : { 'x-stream-expires-at': new Date(state.expiresAt).toISOString() }),
  }
}

function head(call: Call, state: StreamState): Response {
  return new Response(null, { headers: { ...streamHeaders(call.get('requestId'), state.id), ...stateHeaders(state) } })
}

/** A stream as lists and answers show it; wire names. */
export function streamToWire(state: StreamState): Record<string, unknown> {
  return {
    id: state.id,
    object: 'stream',
    status: state.status,
    cursor: formatCursor(state.id, state.last),
    model: state.model,
    created: Math.floor(state.createdAt / 1_000),
    ...(state.conversation === undefined ? {} : { conversation: state.conversation }),
    ...(state.expiresAt === undefined ? {} : { expires_at: Math.floor(state.expiresAt / 1_000) }),
    ...(state.outcome?.error === undefined ? {} : { error: state.outcome.error }),
  }
}

/** The completion so far, without waiting for more. */
async function asJson(context: GatewayContext, call: Call, state: StreamState): Promise<Response> {
  const accumulator = new Accumulator()
  if (state.last >= state.first) {
    for await (const { entries } of context.log.read(state.id, state.first - 1, call.env.signal)) {
      for (const { kind, data } of entries) if (kind === 'chunk' || kind === 'usage') accumulator.add(JSON.parse(data))
      if ((entries.at(-1)?.offset ?? 0) >= state.last) break
    }
  }
  const timeline = context.live.find(state.id)?.timeline ?? state.outcome?.timeline ?? []
  const usage = state.outcome?.usage
  const completion = { ...accumulator.completion(), ...(usage === undefined ? {} : { usage }) }
  // What it cost is its owner's business, not that of whoever may read it.
  const charge = call.get('caller') === state.owner ? usageOfStream(context, state.id, state.createdAt) : undefined
  const body = { ...streamToWire(state), completion, timeline, charge }
  return Response.json(body, { headers: baseHeaders(call.get('requestId')) })
}
