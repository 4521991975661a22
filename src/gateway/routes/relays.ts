import { z } from 'zod'
import { relayWriter } from '../../dialect/relay.ts'
import { textWriter } from '../../dialect/text.ts'
import type { DialectWriter } from '../../dialect/writer.ts'
import { SluiceError } from '../../errors.ts'
import type { StreamState } from '../../log/stream-log.ts'
import { leaseFor, withRateHeaders } from '../admission-request.ts'
import { callerOf, keyOf } from '../caller.ts'
import { checkChatRequest } from '../chat-request.ts'
import { refuseWhenDraining, type GatewayContext } from '../context.ts'
import { parseCursor, streamOfCursor } from '../cursor.ts'
import { routeOrDefault } from '../default-route.ts'
import { deliverAs } from '../deliver-as.ts'
import { streamHeaders, type Call } from '../http.ts'
import { parseJsonBody } from '../json-body.ts'
import { withinModels } from '../key-models.ts'
import { refuseForeign } from '../origin.ts'
import { startStream } from '../start.ts'
import { headOrPatience } from './chat.ts'
import { findOwn } from './streams.ts'

/** What the page of the documentation asks when it says nothing. */
const GREETING = 'Привет!'
/** Characters of a message in a URL. */
const MAX_MESSAGE = 8_000
/** A page that is gone is not read for; one whose connection broke comes back within a second. In milliseconds. */
const GRACE = 5_000
const RETRY = 1_000

/**
 * `GET /stream-chat?message=` and `GET /stream?message=`: one question, its answer for an `EventSource`. A
 * reconnecting one goes on where it was, and asks nothing twice. Whatever goes wrong after the request was
 * let in is an event: an `EventSource` can read nothing else.
 */
export async function relayed(context: GatewayContext, call: Call): Promise<Response> {
  refuseForeign(call)
  const resumed = call.req.header('last-event-id')
  if (resumed !== undefined && resumed !== '') return resume(context, call, resumed, relayWriter())
  // A HEAD or a prefetch is somebody looking, not asking.
  if (call.req.method === 'HEAD' || /prefetch/.test(call.req.header('sec-purpose') ?? ''))
    return new Response(null, { status: 204, headers: streamHeaders(call.get('requestId'), '') })
  return start(context, call, relayWriter(), () => ({ messages: [{ role: 'user', content: messageOf(call) }] }))
}

const request = z.looseObject({ messages: z.array(z.unknown()).min(1) })

/** `POST /chat/stream`: a conversation, its answer as plain text over SSE. */
export async function chatStream(context: GatewayContext, call: Call): Promise<Response> {
  refuseForeign(call)
  const type = call.req.header('content-type') ?? ''
  // What a form of another site can send without asking us first is not JSON.
  if (!/^application\/json\s*(?:;|$)/i.test(type))
    throw new SluiceError('unsupported_media_type', 'The body must be application/json')
  const resumed = call.req.header('last-event-id')
  if (resumed !== undefined && resumed !== '') return resume(context, call, resumed, textWriter())
  const body = parseJsonBody(await call.env.body(context.config.server.maxBodyBytes))
  const checked = request.safeParse(body)
  if (!checked.success)
    throw new SluiceError('invalid_value', "'messages': expected a list of messages", { param: 'messages' })
  return start(context, call, textWriter(), () => checked.data)
}

function messageOf(call: Call): string {
  const message = call.req.query('message') ?? GREETING
  if (message.trim() === '') throw new SluiceError('invalid_value', 'The message is empty', { param: 'message' })
  if (message.length <= MAX_MESSAGE) return message
  throw new SluiceError('invalid_value', `The message is longer than ${MAX_MESSAGE} characters`, { param: 'message' })
}

async function start(
  context: GatewayContext,
  call: Call,
  writer: DialectWriter,
  bodyOf: () => { readonly messages: unknown; readonly model?: unknown },
): Promise<Response> {
  let leave = (): void => {}
  try {
    refuseWhenDraining(context)
    const asked = bodyOf()
    const route = routeOrDefault(context, keyOf(call), typeof asked.model === 'string' ? asked.model : undefined)
    const body = checkChatRequest({ ...withinModels(keyOf(call), asked), model: route.model, stream: true })
    const lease = await leaseFor(context, call, { model: route.model, route, body })
    const stream = startStream(context, {
      lease,
      streamId: context.newStreamId(),
      model: route.model,
      route,
      body,
      owner: callerOf(call),
      requestId: call.get('requestId'),
      onDisconnect: { type: 'grace', ms: GRACE },
      bare: false,
      repair: false,
      isClaimed: false,
    })
    leave = stream.attach()
    await headOrPatience(context, call, stream)
    return send(context, call, stream.id, { after: -1, writer, leave })
  } catch (error) {
    leave()
    const known = SluiceError.from(error)
    if (known.code === 'internal')
      context.logger.error({ err: error, request: call.get('requestId') }, 'request failed')
    return new Response(writer.fail(known.toEnvelope().error), { headers: streamHeaders(call.get('requestId'), '') })
  }
}

async function resume(context: GatewayContext, call: Call, cursor: string, writer: DialectWriter): Promise<Response> {
  const state: StreamState = await findOwn(context, call, streamOfCursor(cursor))
  const given = parseCursor(cursor, state.id)
  const after = given === 'now' ? state.last : given
  // What stops an EventSource from reconnecting for ever.
  if (state.status !== 'open' && after >= state.last)
    return new Response(null, { status: 204, headers: streamHeaders(call.get('requestId'), state.id) })
  if (after + 1 < state.first) throw new SluiceError('cursor_expired', 'This part of the stream is no longer kept')
  const leave = context.live.find(state.id)?.attach() ?? ((): void => {})
  return send(context, call, state.id, { after, writer, leave })
}

interface Reading {
  readonly after: number
  readonly writer: DialectWriter
  readonly leave: () => void
}

function send(context: GatewayContext, call: Call, id: string, { after, writer, leave }: Reading): Response {
  const opening = `retry: ${RETRY}\nid: ${id}:${after}\n\n`
  const reader = { after, ids: true, opening, signal: call.env.signal }
  return call.env.send({
    status: 200,
    headers: withRateHeaders(call, streamHeaders(call.get('requestId'), id)),
    frames: deliverAs(context.log, id, reader, writer),
    onLeave: leave,
  })
}
