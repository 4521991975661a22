import type { ChatCompletion } from '../completion/chunk.ts'
import { isObject } from '../completion/json.ts'
import type { ChatRequest } from '../completion/request.ts'
import { APIPromise } from './api-promise.ts'
import { ChatCompletionStream } from './completion-stream.ts'
import { pageOrigin } from './environment.ts'
import { loaded } from './later.ts'
import type { CallOptions, PricedCompletion } from './options.ts'
import { ParsePromise } from './parse-promise.ts'
import { EVENTS, type Session } from './session.ts'
import type { ChatStream } from './stream.ts'
import type { ConversationOptions, ConversationRequest } from './tools/conversation.ts'
import type { FormatInput, OutputOf } from './tools/parsed.ts'
import type { HeaderFields, Reply } from './transport.ts'

/** A request for a streamed answer. */
export type ChatCompletionCreateParamsStreaming = ChatRequest & { readonly stream: true }
/** A request for a whole answer. */
export type ChatCompletionCreateParamsNonStreaming = ChatRequest & { readonly stream?: false | null }

/** `client.chat.completions`. */
export class ChatCompletions {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /**
   * Asks a model for an answer: whole, or with `stream: true` as a `ChatStream`.
   *
   * @throws APIError and its kin: RateLimitError (429), APIConnectionError, APIUserAbortError …
   *
   * @example
   * const stream = await client.chat.completions.create({ model, messages, stream: true })
   * for await (const chunk of stream) show(chunk.choices[0]?.delta.content ?? '')
   */
  create(body: ChatCompletionCreateParamsNonStreaming, options?: CallOptions): APIPromise<PricedCompletion>
  create(body: ChatCompletionCreateParamsStreaming, options?: CallOptions): APIPromise<ChatStream>
  create(body: ChatRequest, options?: CallOptions): APIPromise<ChatStream | PricedCompletion>
  create(body: ChatRequest, options: CallOptions = {}): APIPromise<ChatStream | PricedCompletion> {
    const session = this.#session
    const startedAt = session.clock.now()
    // Its own copy: a caller that changes its messages later does not change what is retried or continued.
    const request = structuredClone(body)
    const headers = { ...(body.stream ? EVENTS : {}), ...onceHeaders(session.baseURL, options) }
    const send = (): Promise<Reply> => session.send('POST', '/chat/completions', request, options, headers)
    const isCached = session.options.cache !== undefined && options.cache !== false
    const reply = isCached ? session.cached(request, send) : send()
    if (body.stream) return new APIPromise(reply, (answer) => session.stream(answer, request, options, startedAt))
    return new APIPromise<ChatStream | PricedCompletion>(reply, async (answer) => {
      const completion = await toCompletion(await session.read(answer), answer)
      return session.finished(request, completion, answer, options)
    })
  }

  /**
   * A streamed answer as events: `on('content')`, `finalChatCompletion()`, as OpenAI's SDK has them. The answer
   * is read whether anybody listens or not; `create` gives more control.
   *
   * @example
   * const stream = client.chat.completions.stream({ model, messages }).on('content', (delta) => show(delta))
   */
  stream<Format extends FormatInput | undefined = undefined>(
    body: ConversationRequest<Format>,
    options: CallOptions = {},
  ): ChatCompletionStream<OutputOf<Format>> {
    return this.#converse(body, { ...options, maxSteps: 1 })
  }

  /**
   * Lets the model use tools until it answers: each step is streamed, calls of one step run at the same time
   * (but for `parallel_tool_calls: false`), and their results go back. The request's messages are not changed;
   * `messages` of the result has all of them.
   *
   * @example
   * const run = client.chat.completions.runTools({ model, messages, tools: [tool({ name, parameters, run: fetchWeather })] })
   * const answer = await run.finalContent()
   */
  runTools<Format extends FormatInput | undefined = undefined>(
    body: ConversationRequest<Format>,
    options: ConversationOptions = {},
  ): ChatCompletionStream<OutputOf<Format>> {
    return this.#converse(body, options)
  }

  /**
   * Asks for a value: `response_format` is a zod or other Standard Schema, or what `zodResponseFormat` made of
   * one. Gives the completion with `message.parsed`; in a loop, the value while it grows.
   *
   * @throws ParseError when the answer was cut off, or is not what the schema wants.
   * @example
   * const completion = await client.chat.completions.parse({ model, messages, response_format: z.object({ city: z.string() }) })
   * completion.choices[0]?.message.parsed?.city
   */
  parse<Format extends FormatInput | undefined = undefined>(
    body: ConversationRequest<Format>,
    options: CallOptions = {},
  ): ParsePromise<OutputOf<Format>> {
    return new ParsePromise(async () => {
      const part = await loaded(import('./tools/parse-call.ts'))
      return part.startParse(this.#client, body, options)
    })
  }

  #converse<Format extends FormatInput | undefined>(
    body: ConversationRequest<Format>,
    options: ConversationOptions,
  ): ChatCompletionStream<OutputOf<Format>> {
    return new ChatCompletionStream(async (stage) => {
      const part = await loaded(import('./tools/conversation.ts'))
      return part.converse(stage, this.#client, body, options)
    }, options.signal)
  }

  get #client(): { readonly chat: { readonly completions: ChatCompletions } } {
    return { chat: { completions: this } }
  }
}

/** `client.chat`. */
export class Chat {
  readonly completions: ChatCompletions

  constructor(session: Session) {
    this.completions = new ChatCompletions(session)
  }
}

/**
 * The key that makes a retry attach to the answer that the first attempt started (PROTOCOL 6). A page that
 * calls another origin sends none unless told: a header that the other side does not expect would make the
 * browser refuse the whole call.
 */
function onceHeaders(baseURL: string, options: CallOptions): HeaderFields {
  const page = pageOrigin()
  const isForeign = page !== undefined && new URL(baseURL, page).origin !== page
  const key = options.idempotencyKey ?? (isForeign ? undefined : `sluice-${randomId()}`)
  return { 'idempotency-key': key }
}

function randomId(): string {
  // Pages without TLS have no randomUUID.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Some servers answer 200 to everything: with an error, with a stream, with a page of HTML. */
async function toCompletion(value: unknown, { response }: Reply): Promise<ChatCompletion> {
  return isCompletion(value) ? value : (await loaded(import('./whole-body.ts'))).completionOf(value, response.headers)
}

function isCompletion(value: unknown): value is ChatCompletion {
  if (!isObject(value) || value['error'] || value['base_resp']) return false
  const choices = value['choices']
  return Array.isArray(choices) && choices.every((choice) => isObject(choice) && isObject(choice['message']))
}
