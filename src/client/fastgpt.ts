import type { Clock } from '../clock.ts'
import { Accumulator } from '../completion/accumulate.ts'
import { wakefulClock } from '../limit/wakeful.ts'
import { isObject, parseJson, type JsonObject } from '../completion/json.ts'
import type { ChatMessage } from '../completion/request.ts'
import { SseDecoder } from '../sse/decode.ts'
import { keyCredential } from './credential.ts'
import { APIConnectionError, APIError, OpenAIError, StreamInterruptedError, StreamTruncatedError } from './errors.ts'
import { fastGptEvent, type FastGptEvent } from './fastgpt-events.ts'
import { lines } from './text/lines.ts'
import { Transport } from './transport.ts'

/** Where a FastGPT is, and who asks. */
export interface ChatClientOptions {
  /** An application's key: `fastgpt-…`. */
  readonly apiKey: string
  /** `http://localhost:3000` unless told; with or without `/api`. */
  readonly baseUrl?: string | undefined
  /** Milliseconds until the head of an answer; 60,000 unless told. */
  readonly timeout?: number | undefined
  /** 3 unless told. */
  readonly maxRetries?: number | undefined
  readonly fetch?: typeof fetch | undefined
  readonly clock?: Clock | undefined
}

/** What `createChatCompletion` sends. Fields of FastGPT that are not here pass through. */
export interface FastGptRequest {
  readonly messages: readonly (ChatMessage | JsonObject)[]
  readonly stream?: boolean | undefined
  /** Named events: what the nodes of the workflow do. */
  readonly detail?: boolean | undefined
  /** With it FastGPT has the history, and takes only the last message. */
  readonly chatId?: string | undefined
  readonly variables?: JsonObject | undefined
  readonly responseChatItemId?: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly [field: string]: unknown
}

/**
 * FastGPT as its Python SDK has it, for those who come from there: raw responses, read by `iterLines` or
 * `iterStreamEvents`. For what the other guarantees of this package need, use `OpenAI` with FastGPT's base URL.
 *
 * @example
 * await using client = new ChatClient({ apiKey: 'fastgpt-…', baseUrl: 'http://localhost:3000' })
 * const response = await client.createChatCompletion({ messages, stream: true, detail: true })
 * for await (const event of iterStreamEvents(response)) if (event.type === 'answer') show(event.text)
 */
export class ChatClient implements AsyncDisposable {
  readonly #transport: Transport
  readonly #controller = new AbortController()
  readonly #options: ChatClientOptions

  constructor(options: ChatClientOptions) {
    this.#options = options
    const base = (options.baseUrl ?? 'http://localhost:3000').replace(/\/+$/, '')
    const send = options.fetch ?? ((input, init) => fetch(input, init))
    this.#transport = new Transport({
      baseURL: base.endsWith('/api') ? base : `${base}/api`,
      credential: keyCredential(options.apiKey),
      fetch: send,
      clock: options.clock ?? wakefulClock,
      random: Math.random,
      headers: {},
      query: {},
      fetchOptions: undefined,
    })
  }

  /**
   * Asks. The response is read by the caller: `response.json()`, `iterLines`, `iterStreamEvents`.
   *
   * @throws AuthenticationError, RateLimitError, UnprocessableEntityError or another APIError, also for the
   * failures that FastGPT reports with status 200 or 500 and a code in the body.
   */
  async createChatCompletion(request: FastGptRequest): Promise<Response> {
    const { signal, stream = false, detail = false, ...fields } = request
    const signals = signal === undefined ? [this.#controller.signal] : [this.#controller.signal, signal]
    try {
      const reply = await this.#transport.send({
        method: 'POST',
        path: '/v1/chat/completions',
        body: JSON.stringify({ ...fields, stream, detail }),
        signal: AbortSignal.any(signals),
        maxRetries: this.#options.maxRetries ?? 3,
        headTimeoutMs: this.#options.timeout ?? 60_000,
      })
      const { response } = reply
      if (!/json/.test(response.headers.get('content-type') ?? '')) return response
      reply.release()
      return await checked(response)
    } catch (error) {
      throw error instanceof APIError && isObject(error.error) ? byCode(error.error, error) : error
    }
  }

  /** Ends what is open. */
  close(): void {
    this.#controller.abort()
  }

  /** Ends what is open. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}

/** The lines of a response as they arrive, without their ends. Leaving the loop ends the response. */
export async function* iterLines(response: Response): AsyncGenerator<string, void, undefined> {
  yield* lines()(texts(response))
}

/**
 * The events of a streamed response, typed. What follows `[DONE]` is given too; a failure that FastGPT reports
 * is an event `error`, the last one.
 *
 * @throws StreamTruncatedError when the response ends before the answer did, StreamInterruptedError when it
 * breaks, each with what had arrived.
 */
export async function* iterStreamEvents(response: Response): AsyncGenerator<FastGptEvent, void, undefined> {
  const decoder = new SseDecoder()
  const accumulator = new Accumulator()
  let isOver = false
  const take = function* (items: ReturnType<SseDecoder['push']>): Generator<FastGptEvent, void, undefined> {
    for (const item of items) {
      const event = item.type === 'event' ? fastGptEvent(item) : undefined
      if (event === undefined) continue
      if ('chunk' in event) accumulator.add(structuredClone(event.chunk))
      isOver ||= event.type === 'done' || event.type === 'error'
      yield event
    }
  }
  try {
    for await (const bytes of reads(response)) yield* take(decoder.push(bytes))
  } catch (cause) {
    if (cause instanceof OpenAIError || isOver) throw cause
    throw new StreamInterruptedError(accumulator.completion(), { cause })
  }
  yield* take(decoder.end())
  if (!isOver && !accumulator.finished) throw new StreamTruncatedError(accumulator.completion())
}

async function* texts(response: Response): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  for await (const bytes of reads(response)) yield decoder.decode(bytes, { stream: true })
  yield decoder.decode()
}

/** By a reader: not every browser iterates over a body. */
async function* reads({ body }: Response): AsyncGenerator<Uint8Array, void, undefined> {
  if (body === null) throw new APIConnectionError({ message: 'The response has no body.' })
  const reader = body.getReader()
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** JSON may be a failure, whatever its status. */
async function checked(response: Response): Promise<Response> {
  const text = await response.text()
  const json = parseJson(text)
  if (isObject(json) && typeof json['code'] === 'number' && json['code'] !== 200) {
    const { status, headers } = response
    throw byCode(json, new APIError(status, json, undefined, headers))
  }
  return new Response(text, response)
}

/** FastGPT's own code says what its status does not. 403 and 511 to 514 are refused credentials. */
function byCode(body: object, error: APIError): APIError {
  const code = Number(Reflect.get(body, 'code'))
  const isRefused = code === 401 || code === 403 || (code >= 511 && code <= 514)
  const status = isRefused ? 401 : code === 429 || code === 422 || code === 409 ? code : undefined
  return status === undefined ? error : APIError.generate(status, body, undefined, error.headers ?? new Headers())
}
