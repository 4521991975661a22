import type { CancelSignal } from '../../cancel.ts'
import { Accumulator } from '../../completion/accumulate.ts'
import type { ChatCompletion, ChatCompletionChunk } from '../../completion/chunk.ts'
import type { OnDisconnect } from '../../config/config.ts'
import { SluiceError } from '../../errors.ts'
import type { Pace } from '../../ledger/cache-table.ts'
import type { StreamState } from '../../log/stream-log.ts'
import { replay } from '../cache-replay.ts'
import { cachePolicyOf, consult, withCacheHeader } from '../cache-use.ts'
import { enterLimits, withRateHeaders } from '../admission-request.ts'
import { callerOf, keyOf } from '../caller.ts'
import { checkChatRequest, type CheckedChatRequest } from '../chat-request.ts'
import { refuseWhenDraining, type GatewayContext } from '../context.ts'
import { streamOfCursor } from '../cursor.ts'
import { deliver, type FrameSource } from '../deliver.ts'
import { withFallbacks } from '../fallbacks.ts'
import { baseHeaders, CALLER_LEFT, streamHeaders, type Call } from '../http.ts'
import { parseJsonBody } from '../json-body.ts'
import { demandRoute, withinModels } from '../key-models.ts'
import { parseOnDisconnect, type LiveStream } from '../live.ts'
import { withOwnChat } from '../own-chat.ts'
import { mayComeAgain, startedBefore } from '../reuse.ts'
import { startStream } from '../start.ts'
import { attach, findShared } from './streams.ts'

/** `POST /v1/chat/completions`: starts a stream and reads it, as frames or as one completion. */
export async function chatCompletions(context: GatewayContext, call: Call): Promise<Response> {
  const resumed = call.req.header('last-event-id')
  // A POST that names an event attaches to its stream; it never generates (PROTOCOL 5).
  if (resumed !== undefined)
    return attach(context, call, await findShared(context, call, streamOfCursor(resumed)), resumed)
  refuseWhenDraining(context)
  const bytes = await call.env.body(context.config.server.maxBodyBytes)
  const key = keyOf(call)
  const request = withinModels(key, checkChatRequest(parseJsonBody(bytes)))
  const route = withFallbacks(context.config, demandRoute(context.config, key, request.model), request)
  const owner = callerOf(call)
  const streamId = context.newStreamId()
  const onDisconnect = disconnectPolicy(context, call)
  const conversation = conversationOf(call)
  const isClaimed = mayComeAgain(context, call)
  const earlier = isClaimed ? await startedBefore(context, call, { owner, bytes, streamId }) : undefined
  if (earlier !== undefined) return again(context, call, request, earlier)
  const repair = call.req.header('x-stream-repair') === 'on'
  const policy = cachePolicyOf(context, route)
  const cached =
    policy === undefined ? undefined : await consult(context, call, policy, { route, request, repair, onDisconnect })
  // Nothing of its own begins: its key is free for a request that starts something.
  if (isClaimed && (cached?.type === 'hit' || cached?.type === 'coalesced')) context.ledger.forget(streamId)
  if (cached?.type === 'hit') return again(context, call, request, cached.state, cached.pace)
  const order = {
    streamId,
    model: request.model,
    route,
    body: withOwnChat(context, owner, request),
    owner,
    requestId: call.get('requestId'),
    traceparent: call.req.header('traceparent'),
    onDisconnect,
    isClaimed,
    conversation,
    bare: request.stream !== true || request.stream_options?.include_usage === true,
    repair,
  }
  const isJoined = cached?.type === 'coalesced'
  const claim = isClaimed ? { owner, bytes, streamId } : undefined
  const entry = isJoined
    ? undefined
    : await enterLimits(context, call, { model: request.model, route, body: request, claim })
  if (entry?.type === 'attached') {
    if (cached !== undefined && !isJoined) cached.started(undefined)
    return again(context, call, request, entry.state)
  }
  const stream = isJoined ? cached.stream : startStream(context, { ...order, lease: entry?.lease })
  if (cached !== undefined && !isJoined) cached.started(stream)
  const leave = isJoined ? cached.leave : stream.attach()
  try {
    const answer = request.stream === true ? streamed : whole
    return await answer(context, call, stream, leave)
  } catch (error) {
    leave()
    throw error
  }
}

async function streamed(context: GatewayContext, call: Call, stream: LiveStream, leave: () => void): Promise<Response> {
  await headOrPatience(context, call, stream)
  return reply(context, call, stream.id, leave)
}

function reply(context: GatewayContext, call: Call, id: string, leave: () => void, frames?: FrameSource): Response {
  const reader = { after: -1, compactTo: -1, maxLag: context.config.server.maxLag, signal: call.env.signal }
  return call.env.send({
    status: 200,
    headers: withRateHeaders(call, withCacheHeader(call, streamHeaders(call.get('requestId'), id))),
    frames: frames ?? deliver(context.log, id, reader),
    onLeave: leave,
  })
}

/** The same way as a stream, gathered at its end. */
async function whole(context: GatewayContext, call: Call, stream: LiveStream, leave: () => void): Promise<Response> {
  const completion = await gather(context, stream.id, call.env.signal)
  leave()
  await stream.outcome
  if (stream.failure !== undefined) throw stream.failure
  const headers = { ...baseHeaders(call.get('requestId')), 'x-stream-id': stream.id }
  return Response.json(completion, { headers: withRateHeaders(call, withCacheHeader(call, headers)) })
}

/** The same request again: its stream from the start, every chunk as it came, at a pace if there is one; or its completion. */
async function again(
  context: GatewayContext,
  call: Call,
  request: CheckedChatRequest,
  state: StreamState,
  pace?: Pace,
): Promise<Response> {
  const { log, clock } = context
  const { signal } = call.env
  if (call.get('cache') === undefined)
    context.accounts.free({ id: call.get('requestId'), owner: callerOf(call), model: request.model }, 'attached')
  const leave = context.live.find(state.id)?.attach() ?? ((): void => {})
  const frames = pace === undefined ? undefined : replay({ log, id: state.id, pace, clock, signal })
  if (request.stream === true) return reply(context, call, state.id, leave, frames)
  try {
    const completion = await gather(context, state.id, signal)
    const found = await log.find(state.id)
    const { outcome } = found === undefined || found === 'expired' ? state : found
    if (outcome?.error !== undefined) throw new SluiceError('upstream_interrupted', outcome.error.message)
    const headers = { ...baseHeaders(call.get('requestId')), 'x-stream-id': state.id }
    // Where the chunks that carried it were not kept, the outcome has it.
    const usage = completion.usage ?? outcome?.usage
    const body = usage === undefined ? completion : { ...completion, usage }
    return Response.json(body, { headers: withCacheHeader(call, headers) })
  } finally {
    leave()
  }
}

/** All of a stream as one completion, once it has ended. Throws `cancelled` when `signal` aborts. */
export async function gather(context: GatewayContext, id: string, signal: CancelSignal): Promise<ChatCompletion> {
  const accumulator = new Accumulator()
  for await (const { entries } of context.log.read(id, -1, signal)) {
    for (const { kind, data } of entries) {
      if (kind === 'chunk' || kind === 'usage') accumulator.add(parseChunk(data))
    }
  }
  if (signal.aborted) throw CALLER_LEFT
  return accumulator.completion()
}

/** The log holds only what parse.ts accepted as a chunk. */
function parseChunk(data: string): ChatCompletionChunk {
  return JSON.parse(data)
}

/**
 * Waits for a provider's yes, so that its refusal keeps its status; not longer than a heartbeat, after
 * which the failure will be told in the stream (PROTOCOL 2).
 */
export async function headOrPatience(context: GatewayContext, call: Call, stream: LiveStream): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const { signal } = call.env
  const stop = context.clock.after(context.config.server.heartbeat, resolve)
  const onAbort = (): void => reject(CALLER_LEFT)
  signal.addEventListener('abort', onAbort)
  stream.opened.then(resolve, reject)
  try {
    await promise
  } finally {
    stop()
    signal.removeEventListener('abort', onAbort)
  }
}

/** What is to happen when this caller leaves. Throws `invalid_value`. */
export function disconnectPolicy(context: GatewayContext, call: Call): OnDisconnect {
  const asked = call.req.header('x-stream-on-disconnect') ?? keyOf(call)?.onDisconnect
  return asked === undefined ? context.config.server.onDisconnect : parseOnDisconnect(asked)
}

/** The caller's own grouping of streams. */
function conversationOf(call: Call): string | undefined {
  const name = call.req.header('x-stream-conversation')
  if (name === undefined || /^[\x21-\x7e]{1,128}$/.test(name)) return name
  throw new SluiceError('invalid_value', 'X-Stream-Conversation must be 1 to 128 visible ASCII characters', {
    param: 'X-Stream-Conversation',
  })
}
