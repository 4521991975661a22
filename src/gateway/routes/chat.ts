import { Accumulator } from '../../completion/accumulate.ts'
import type { ChatCompletion, ChatCompletionChunk } from '../../completion/chunk.ts'
import { resolveModel, type OnDisconnect } from '../../config/config.ts'
import { SluiceError } from '../../errors.ts'
import type { StreamState } from '../../log/stream-log.ts'
import type { Route } from '../../provider/provider.ts'
import { callerOf } from '../caller.ts'
import { checkChatRequest, type CheckedChatRequest } from '../chat-request.ts'
import { refuseWhenDraining, type GatewayContext } from '../context.ts'
import { streamOfCursor } from '../cursor.ts'
import { deliver } from '../deliver.ts'
import { withFallbacks } from '../fallbacks.ts'
import { baseHeaders, CALLER_LEFT, streamHeaders, type Call } from '../http.ts'
import { parseJsonBody } from '../json-body.ts'
import { parseOnDisconnect, type LiveStream } from '../live.ts'
import { mayComeAgain, startedBefore } from '../reuse.ts'
import { startStream } from '../start.ts'
import { attach, findOwn } from './streams.ts'

/** `POST /v1/chat/completions`: starts a stream and reads it, as frames or as one completion. */
export async function chatCompletions(context: GatewayContext, call: Call): Promise<Response> {
  const resumed = call.req.header('last-event-id')
  // A POST that names an event attaches to its stream; it never generates (PROTOCOL 5).
  if (resumed !== undefined)
    return attach(context, call, await findOwn(context, call, streamOfCursor(resumed)), resumed)
  refuseWhenDraining(context)
  const bytes = await call.env.body(context.config.server.maxBodyBytes)
  const request = checkChatRequest(parseJsonBody(bytes))
  const route = withFallbacks(context.config, findRoute(context, request.model), request)
  const owner = callerOf(call)
  const streamId = context.newStreamId()
  const onDisconnect = disconnectPolicy(context, call)
  const conversation = conversationOf(call)
  const isClaimed = mayComeAgain(context, call)
  const earlier = isClaimed ? await startedBefore(context, call, { owner, bytes, streamId }) : undefined
  if (earlier !== undefined) return again(context, call, request, earlier)
  const order = {
    streamId,
    model: request.model,
    route,
    body: request,
    owner,
    requestId: call.get('requestId'),
    onDisconnect,
    isClaimed,
    conversation,
    bare: request.stream !== true || request.stream_options?.include_usage === true,
    repair: call.req.header('x-stream-repair') === 'on',
  }
  const stream = startStream(context, order)
  const leave = stream.attach()
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

function reply(context: GatewayContext, call: Call, id: string, leave: () => void): Response {
  const reader = { after: -1, compactTo: -1, maxLag: context.config.server.maxLag, signal: call.env.signal }
  return call.env.send({
    status: 200,
    headers: streamHeaders(call.get('requestId'), id),
    frames: deliver(context.log, id, reader),
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
  return Response.json(completion, { headers })
}

/** The same request again: its stream from the start, every chunk as it came, or its completion. */
async function again(
  context: GatewayContext,
  call: Call,
  request: CheckedChatRequest,
  state: StreamState,
): Promise<Response> {
  const leave = context.live.find(state.id)?.attach() ?? ((): void => {})
  if (request.stream === true) return reply(context, call, state.id, leave)
  try {
    const completion = await gather(context, state.id, call.env.signal)
    const outcome = await context.log.find(state.id)
    if (outcome !== undefined && outcome !== 'expired' && outcome.outcome?.error !== undefined)
      throw new SluiceError('upstream_interrupted', outcome.outcome.error.message)
    return Response.json(completion, { headers: { ...baseHeaders(call.get('requestId')), 'x-stream-id': state.id } })
  } finally {
    leave()
  }
}

/** All of a stream as one completion, once it has ended. Throws `cancelled` when `signal` aborts. */
export async function gather(context: GatewayContext, id: string, signal: AbortSignal): Promise<ChatCompletion> {
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
  const patience = Promise.withResolvers<void>()
  const stop = context.clock.after(context.config.server.heartbeat, patience.resolve)
  const onAbort = (): void => patience.reject(CALLER_LEFT)
  call.env.signal.addEventListener('abort', onAbort, { once: true })
  try {
    await Promise.race([stream.opened, patience.promise])
  } finally {
    stop()
    call.env.signal.removeEventListener('abort', onAbort)
  }
}

function findRoute(context: GatewayContext, model: string): Route {
  const route = resolveModel(context.config, model)
  if (route !== undefined) return route
  const known = [...context.config.routes.keys()]
  const list = known.slice(0, 20).join(', ') + (known.length > 20 ? `, … (${known.length} in all)` : '')
  throw new SluiceError('model_not_found', `The model '${printable(model)}' does not exist. Models here: ${list}`, {
    param: 'model',
  })
}

/** A caller's string as it may stand in an error: short and without control characters. */
function printable(text: string): string {
  return JSON.stringify(text.slice(0, 100)).slice(1, -1)
}

/** What is to happen when this caller leaves. Throws `invalid_value`. */
export function disconnectPolicy(context: GatewayContext, call: Call): OnDisconnect {
  const asked = call.req.header('x-stream-on-disconnect')
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
