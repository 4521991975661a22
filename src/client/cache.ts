import { Accumulator } from '../completion/accumulate.ts'
import type { ChatCompletion, ChatCompletionChunk } from '../completion/chunk.ts'
import { isObject, parseJson } from '../completion/json.ts'
import type { ChatRequest } from '../completion/request.ts'
import { completionToChunks, isCompletion } from '../completion/whole.ts'
import { MemoryStore } from './memory-store.ts'
import type { AnswerCache } from './options.ts'

/** Where answers are kept: text by key. May forget anything at any time. */
export interface CacheStore {
  get(key: string): Promise<string | undefined>
  /** `ttl` in milliseconds; the store's own when left out. */
  set(key: string, value: string, options?: { readonly ttl?: number | undefined }): Promise<void>
  delete(key: string): Promise<void>
}

/** How answers are kept. */
export interface ResponseCacheOptions {
  /** A `MemoryStore` unless told. */
  readonly store?: CacheStore | undefined
  /** Who shares answers: a user, a key, a base URL. Answers of another scope are never seen. */
  readonly scope?: string | undefined
  /** Milliseconds; the store's own unless told. */
  readonly ttl?: number | undefined
  /** Learns of a store that fails; the request is made as if there were no cache. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** These do not change the answer, only how it comes. */
const IGNORED: ReadonlySet<string> = new Set(['stream', 'stream_options'])
/** Changes when what is kept changes. */
const VERSION = 1

/**
 * Keeps answers and gives them to requests that are exactly the same, streamed or whole. Only complete
 * answers are kept: every choice ended with `stop` or `tool_calls`.
 *
 * @example
 * const client = new OpenAI({ cache: new ResponseCache({ scope: userId }) })
 */
export class ResponseCache implements AnswerCache {
  readonly #store: CacheStore
  readonly #scope: string
  readonly #ttl: number | undefined
  readonly #onError: ((error: unknown) => void) | undefined

  constructor(options: ResponseCacheOptions = {}) {
    this.#store = options.store ?? new MemoryStore()
    this.#scope = options.scope ?? ''
    this.#ttl = options.ttl
    this.#onError = options.onError
  }

  /** The key of a request to a service: a hash of its canonical JSON and the scope. */
  async key(request: ChatRequest, service: string = ''): Promise<string> {
    const body = Object.fromEntries(Object.entries(request).filter(([name]) => !IGNORED.has(name)))
    return hash(canonicalJson([VERSION, this.#scope, service, body]))
  }

  /** The kept answer; `undefined` when there is none. */
  async get(request: ChatRequest, service?: string): Promise<ChatCompletion | undefined> {
    try {
      const key = await this.key(request, service)
      const text = await this.#store.get(key)
      if (text === undefined) return undefined
      const json = parseJson(text)
      if (isObject(json) && isCompletion(json)) return json
      await this.#store.delete(key)
    } catch (error) {
      this.#onError?.(error)
    }
    return undefined
  }

  /** Keeps an answer, if it is complete; says whether it was. */
  async put(request: ChatRequest, completion: ChatCompletion, service?: string): Promise<boolean> {
    if (!isComplete(completion)) return false
    try {
      await this.#store.set(await this.key(request, service), JSON.stringify(completion), { ttl: this.#ttl })
    } catch (error) {
      this.#onError?.(error)
    }
    return true
  }

  /** A kept answer as the service would have sent it, whole or streamed; its head has `x-sluice-cache: hit`. */
  replay(request: ChatRequest, kept: ChatCompletion): Response {
    const isStream = request.stream === true
    const body = isStream
      ? [...chunksFor(request, kept).map((chunk) => JSON.stringify(chunk)), '[DONE]']
          .map((data) => `data: ${data}\n\n`)
          .join('')
      : JSON.stringify(kept)
    const type = isStream ? 'text/event-stream' : 'application/json'
    return new Response(body, { headers: { 'content-type': type, 'x-sluice-cache': 'hit' } })
  }

  /** The kept answer, or what `create` makes, which is kept. */
  async completion(request: ChatRequest, create: () => PromiseLike<ChatCompletion>): Promise<ChatCompletion> {
    const kept = await this.get(request)
    if (kept !== undefined) return kept
    const completion = await create()
    await this.put(request, completion)
    return completion
  }

  /**
   * The kept answer as chunks, or the chunks of the stream that `create` makes, which are kept once they
   * came to their end. A stream that is left or fails keeps nothing.
   */
  async *stream(
    request: ChatRequest,
    create: () => PromiseLike<AsyncIterable<ChatCompletionChunk>>,
  ): AsyncGenerator<ChatCompletionChunk, void, undefined> {
    const kept = await this.get(request)
    if (kept !== undefined) return yield* chunksFor(request, kept)
    const accumulator = new Accumulator()
    for await (const chunk of await create()) {
      accumulator.add(chunk)
      yield chunk
    }
    if (accumulator.flaw === undefined) await this.put(request, accumulator.completion())
  }
}

/** Usage comes to those who asked for it, as with OpenAI. */
function chunksFor(request: ChatRequest, kept: ChatCompletion): readonly ChatCompletionChunk[] {
  const withUsage = request.stream_options?.include_usage === true
  return completionToChunks(kept).filter(({ choices }) => withUsage || choices.length > 0)
}

function isComplete({ choices }: ChatCompletion): boolean {
  return (
    choices.length > 0 && choices.every(({ finish_reason: reason }) => reason === 'stop' || reason === 'tool_calls')
  )
}

/**
 * JSON in one spelling only: members by name, without those that are `undefined`, no spaces.
 *
 * @example
 * canonicalJson({ b: 1, a: [undefined, 2] }) // '{"a":[null,2],"b":1}'
 */
export function canonicalJson(value: unknown): string {
  const sorted = (_key: string, inner: unknown): unknown =>
    isObject(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner
  return JSON.stringify(value, sorted) ?? 'null'
}

/** SHA-256 in hex. Pages without TLS have no `crypto.subtle`: there the text is its own key. */
async function hash(text: string): Promise<string> {
  const subtle: unknown = Reflect.get(globalThis.crypto ?? {}, 'subtle')
  if (subtle === undefined) return text
  const digest = await globalThis.crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
