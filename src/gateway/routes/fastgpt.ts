import { Cancellation } from '../../cancel.ts'
import { fastgptWriter, toFastGptError, type FastGptAnswer } from '../../dialect/fastgpt-writer.ts'
import { SluiceError } from '../../errors.ts'
import type { Route } from '../../provider/provider.ts'
import { FASTGPT_FIELDS } from '../../upstream/outgoing.ts'
import { leaseFor, withRateHeaders } from '../admission-request.ts'
import { callerOf, keyOf } from '../caller.ts'
import { checkChatRequest } from '../chat-request.ts'
import type { Turn } from '../chats.ts'
import { refuseWhenDraining, type GatewayContext } from '../context.ts'
import { routeOrDefault } from '../default-route.ts'
import { deliverAs } from '../deliver-as.ts'
import { checkFastGptRequest, type FastGptRequest } from './fastgpt-request.ts'
import { wholeFastGpt } from './fastgpt-whole.ts'
import { baseHeaders, streamHeaders, type Call } from '../http.ts'
import { parseJsonBody } from '../json-body.ts'
import { withinModels } from '../key-models.ts'
import type { LiveStream } from '../live.ts'
import { ownChatId } from '../own-chat.ts'
import { startStream } from '../start.ts'
import { disconnectPolicy, gather, headOrPatience } from './chat.ts'

/** What FastGPT calls an AI node; there is one here, the model. */
const NODE_NAME = 'AI chat'

/** `POST /api/v1/chat/completions`: FastGPT's first wire, with `flowResponses` after `[DONE]`. */
export function fastgptV1(context: GatewayContext, call: Call): Promise<Response> {
  return fastgptChat(context, call, 'v1')
}

/** `POST /api/v2/chat/completions`: FastGPT's second wire, with a `flowNodeResponse` per node. */
export function fastgptV2(context: GatewayContext, call: Call): Promise<Response> {
  return fastgptChat(context, call, 'v2')
}

/** A refusal in FastGPT's words. Its status is the honest one; FastGPT's own differs from version to version. */
export function refuseFastGpt(thrown: unknown, requestId: string): Response {
  const error = SluiceError.from(thrown)
  const { retryAfterMs } = error.facts
  const body = toFastGptError(error.toEnvelope().error, error.status, retryAfterMs)
  const headers = new Headers(baseHeaders(requestId))
  if (error.status === 401) headers.set('www-authenticate', 'Bearer')
  if (retryAfterMs !== undefined) headers.set('retry-after', String(Math.ceil(retryAfterMs / 1_000)))
  return Response.json(body, { status: error.status, headers })
}

async function fastgptChat(context: GatewayContext, call: Call, version: FastGptAnswer['version']): Promise<Response> {
  let isStreamed = false
  try {
    refuseWhenDraining(context)
    const body = parseJsonBody(await call.env.body(context.config.server.maxBodyBytes))
    isStreamed = typeof body === 'object' && body !== null && 'stream' in body && body.stream === true
    return await answer(context, call, checkFastGptRequest(body), version)
  } catch (error) {
    const known = SluiceError.from(error)
    if (known.code === 'internal')
      context.logger.error({ err: error, request: call.get('requestId') }, 'request failed')
    return isStreamed ? refuseInStream(known, call.get('requestId')) : refuseFastGpt(known, call.get('requestId'))
  }
}

/** FastGPT answers a streamed request with 200 and an event, whatever went wrong. */
function refuseInStream(error: SluiceError, requestId: string): Response {
  const body = toFastGptError(error.toEnvelope().error, error.status, error.facts.retryAfterMs)
  const headers = { ...baseHeaders(requestId), 'content-type': 'text/event-stream; charset=utf-8' }
  return new Response(`event: error\ndata: ${JSON.stringify(body)}\n\n`, { headers })
}

async function answer(
  context: GatewayContext,
  call: Call,
  request: FastGptRequest,
  version: FastGptAnswer['version'],
): Promise<Response> {
  const startedAt = context.clock.now()
  const route = routeOrDefault(context, keyOf(call), request.model)
  const onDisconnect = disconnectPolicy(context, call)
  const { stream, leave } = await begin(context, call, request, { route, onDisconnect, alone: version === 'v2' })
  const isNative = route.targets.every(({ provider }) => provider.dialect === 'fastgpt')
  const runningTime = (): number => (context.clock.now() - startedAt) / 1_000
  const node = isNative ? undefined : { name: NODE_NAME, runningTime }
  const form = { version, detail: request.detail, node }
  try {
    if (!request.stream) {
      const whole = await wholeFastGpt(context, stream, { ...form, chatId: request.chatId, signal: call.env.signal })
      leave()
      const headers = { ...baseHeaders(call.get('requestId')), 'x-stream-id': stream.id }
      return Response.json(whole, { headers: withRateHeaders(call, headers) })
    }
    await headOrPatience(context, call, stream)
  } catch (error) {
    leave()
    throw error
  }
  const reader = { after: -1, ids: false, signal: call.env.signal }
  return call.env.send({
    status: 200,
    headers: withRateHeaders(call, streamHeaders(call.get('requestId'), stream.id)),
    frames: deliverAs(context.log, stream.id, reader, fastgptWriter(form)),
    onLeave: leave,
  })
}

/** Starts the stream, with what was said before in the chat; what is said now is kept when it ends. */
async function begin(
  context: GatewayContext,
  call: Call,
  request: FastGptRequest,
  how: { route: Route; onDisconnect: ReturnType<typeof disconnectPolicy>; alone: boolean },
): Promise<{ readonly stream: LiveStream; readonly leave: () => void }> {
  const owner = callerOf(call)
  const { chatId } = request
  const question = request.messages.at(-1)
  const earlier = chatId === undefined ? undefined : context.chats.begin(owner, chatId, how.alone)
  const messages = earlier === undefined || question === undefined ? request.messages : [...earlier, question]
  try {
    const body = checkChatRequest({
      ...withinModels(keyOf(call), request.rest),
      model: how.route.model,
      messages,
      stream: true,
    })
    const lease = await leaseFor(context, call, { model: how.route.model, route: how.route, body })
    const stream = startStream(context, {
      lease,
      streamId: context.newStreamId(),
      model: how.route.model,
      route: how.route,
      body: { ...body, [FASTGPT_FIELDS]: scoped(context, owner, request) },
      owner,
      requestId: call.get('requestId'),
      onDisconnect: how.onDisconnect,
      bare: true,
      repair: false,
      isClaimed: false,
    })
    if (chatId !== undefined && question !== undefined) {
      void remember(context, stream, question).then((said) => context.chats.end(owner, chatId, said))
    }
    return { stream, leave: stream.attach() }
  } catch (error) {
    if (chatId !== undefined) context.chats.end(owner, chatId, [])
    throw error
  }
}

/** FastGPT's own fields, for a provider that is one. */
function scoped(context: GatewayContext, owner: string, { own, chatId, detail }: FastGptRequest): object {
  return { ...own, detail, ...(chatId === undefined ? {} : { chatId: ownChatId(context, owner, chatId) }) }
}

/** The question and what came of it; nothing when nothing came. */
async function remember(context: GatewayContext, stream: LiveStream, question: Turn): Promise<readonly Turn[]> {
  try {
    await stream.outcome
    const completion = await gather(context, stream.id, new Cancellation())
    const content = completion.choices[0]?.message.content
    return typeof content === 'string' && content !== '' ? [question, { role: 'assistant', content }] : []
  } catch {
    // The stream was erased, or failed before it gave anything.
    return []
  }
}
