import type { ChatCompletion } from '../completion/chunk.ts'
import { isObject } from '../completion/json.ts'
import type { ChatRequest } from '../completion/request.ts'
import { APIPromise } from './api-promise.ts'
import { pageOrigin } from './environment.ts'
import type { CallOptions } from './options.ts'
import { EVENTS, type Session } from './session.ts'
import type { ChatStream } from './stream.ts'
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
  create(body: ChatCompletionCreateParamsNonStreaming, options?: CallOptions): APIPromise<ChatCompletion>
  create(body: ChatCompletionCreateParamsStreaming, options?: CallOptions): APIPromise<ChatStream>
  create(body: ChatRequest, options?: CallOptions): APIPromise<ChatStream | ChatCompletion>
  create(body: ChatRequest, options: CallOptions = {}): APIPromise<ChatStream | ChatCompletion> {
    const session = this.#session
    const startedAt = session.clock.now()
    // Its own copy: a caller that changes its messages later does not change what is retried or continued.
    const request = structuredClone(body)
    const headers = { ...(body.stream ? EVENTS : {}), ...onceHeaders(session.baseURL, options) }
    const reply = session.send('POST', '/chat/completions', request, options, headers)
    if (body.stream) return new APIPromise(reply, (answer) => session.stream(answer, request, options, startedAt))
    return new APIPromise<ChatStream | ChatCompletion>(reply, async (answer) =>
      toCompletion(await session.read(answer), answer),
    )
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
  return isCompletion(value) ? value : (await import('./whole-body.ts')).completionOf(value, response.headers)
}

function isCompletion(value: unknown): value is ChatCompletion {
  if (!isObject(value) || value['error'] || value['base_resp']) return false
  const choices = value['choices']
  return Array.isArray(choices) && choices.every((choice) => isObject(choice) && isObject(choice['message']))
}
