import type { Clock } from '../clock.ts'
import type { ChatCompletion } from '../completion/chunk.ts'
import type { ChatRequest } from '../completion/request.ts'
import { wakefulClock } from '../limit/wakeful.ts'
import { isObject, parseJson } from '../completion/json.ts'
import { Deadlines, HEARTBEAT_SILENCE_MS } from './deadlines.ts'
import { findTarget, pageOrigin, readEnv } from './environment.ts'
import { APIConnectionError, OpenAIError } from './errors.ts'
import { keyCredential, pairCredential, type Credential } from './credential.ts'
import { Feed } from './feed.ts'
import { timeoutsOf, type CallOptions, type ClientOptions, type PricedCompletion } from './options.ts'
import { RESUME_POLICY, type ResumePolicy } from './resume.ts'
import { ChatStream } from './stream.ts'
import { Transport, type Call, type HeaderFields, type Reply } from './transport.ts'

/** The version that is told to servers. */
export const VERSION = '0.1.0'
const CANCEL_TIMEOUT_MS = 10_000

/** What all calls of one client share. */
export class Session {
  readonly options: ClientOptions
  readonly baseURL: string
  readonly clock: Clock
  readonly #random: () => number
  readonly #transport: Transport

  constructor(options: ClientOptions) {
    const { apiKey } = options
    const fixedKey = typeof apiKey === 'function' ? 'asked for each time' : apiKey
    const target = findTarget({ ...options, apiKey: fixedKey })
    const key = typeof apiKey === 'function' ? apiKey : target.apiKey
    if (
      (key !== undefined || target.pair !== undefined) &&
      pageOrigin() !== undefined &&
      !options.dangerouslyAllowBrowser
    ) {
      throw new OpenAIError(IN_A_PAGE)
    }
    this.options = options
    this.baseURL = target.baseURL
    this.clock = options.clock ?? wakefulClock
    this.#random = options.random ?? Math.random
    const send = options.fetch ?? ((input, init) => fetch(input, init))
    this.#transport = new Transport({
      baseURL: target.baseURL,
      credential: this.#credential(key, target.pair, send),
      fetch: send,
      clock: this.clock,
      random: this.#random,
      headers: { ...identityHeaders(options), ...options.defaultHeaders },
      query: options.defaultQuery ?? {},
      fetchOptions: options.fetchOptions,
    })
  }

  /** One request, retried as the options say. */
  send(
    method: Call['method'],
    path: string,
    body: unknown,
    options: CallOptions,
    headers: HeaderFields = {},
  ): Promise<Reply> {
    return this.#transport.send({
      method,
      path,
      body: body === undefined ? undefined : JSON.stringify(body),
      query: options.query,
      headers: { ...headers, ...options.headers },
      signal: options.signal,
      maxRetries: options.maxRetries ?? this.options.maxRetries ?? 2,
      headTimeoutMs: timeoutsOf(options.timeout, this.options.timeout).head,
    })
  }

  /**
   * The JSON of an answer; its text where it is none.
   *
   * @throws APIConnectionError when the body breaks off.
   */
  async read(reply: Reply): Promise<unknown> {
    const text = await textOf(reply)
    const json = parseJson(text)
    const value = json ?? (text === '' ? undefined : text)
    if (isObject(value)) {
      const requestId = reply.response.headers.get('x-request-id')
      Object.defineProperty(value, '_request_id', { value: requestId, enumerable: false })
    }
    return value
  }

  /**
   * The stream of an answer.
   *
   * @param request The request, where it is ours: then the stream may be rescued, and leaving it ends it.
   */
  stream(reply: Reply, request: ChatRequest | undefined, options: CallOptions, startedAt: number): ChatStream {
    const { cache } = options.cache === false || isReplay(reply) ? {} : this.options
    const controller = new AbortController()
    const abort = (): void => {
      controller.abort()
      // To abort is to want no more of it, as much as to leave the loop is.
      if (request !== undefined) void cancel(feed.url)
    }
    // `send` has linked the signal to the first exchange; this is for all that follow.
    options.signal?.addEventListener('abort', abort, { once: true })
    const own: CallOptions = { ...options, signal: controller.signal, maxRetries: 0 }
    const isResumable = reply.response.headers.get('x-stream-id') !== null
    const timeouts = timeoutsOf(options.timeout, this.options.timeout)
    const cancel = (url: string | undefined): Promise<void> => this.#cancel(url)
    const feed = new Feed({
      reply,
      request,
      controller,
      clock: this.clock,
      random: this.#random,
      onInterrupted: options.onInterrupted ?? this.options.onInterrupted ?? 'error',
      resume: resumePolicy(options.resume ?? this.options.resume),
      deadlines: new Deadlines(this.clock, timeouts, isResumable ? HEARTBEAT_SILENCE_MS : undefined),
      reopen: (url, cursor) =>
        this.send('GET', url, undefined, { ...own, query: undefined }, { ...EVENTS, 'last-event-id': cursor }),
      restart: (again) =>
        this.send('POST', '/chat/completions', again, { ...own, maxRetries: options.maxRetries }, EVENTS),
      cancel: (url) => void (request === undefined ? undefined : cancel(url)),
      onClose: () => options.signal?.removeEventListener('abort', abort),
    })
    return new ChatStream({
      source: feed,
      controller,
      clock: this.clock,
      startedAt,
      headAt: this.clock.now(),
      cancel: () => cancel(feed.url),
      priced: (completion) => this.priced(completion),
      onComplete: async () => {
        if (cache === undefined || request === undefined) return
        await cache.put(request, await feed.received.completion(), this.baseURL)
      },
    })
  }

  /** The reply to a request: that of the cache, if it has kept one, else the service's. */
  async cached(request: ChatRequest, send: () => Promise<Reply>): Promise<Reply> {
    const { cache } = this.options
    const kept = await cache?.get(request, this.baseURL)
    if (cache === undefined || kept === undefined) return send()
    return { response: cache.replay(request, kept), abort: () => undefined, release: () => undefined }
  }

  /** The completion with its cost, where prices are known; kept for requests like this one, where there is a cache. */
  async finished(
    request: ChatRequest,
    completion: ChatCompletion,
    reply: Reply,
    options: CallOptions,
  ): Promise<PricedCompletion> {
    if (options.cache !== false && !isReplay(reply)) await this.options.cache?.put(request, completion, this.baseURL)
    return this.priced(completion)
  }

  /** The completion with its cost. */
  priced(completion: ChatCompletion): PricedCompletion {
    const { price } = this.options
    if (price === undefined) return completion
    const value = price(completion.usage, completion.model)
    return Object.defineProperty(completion, 'cost', { value, enumerable: false, configurable: true })
  }

  /** Told and forgotten: a stream that cannot be cancelled ends by itself when nobody reads it. */
  async #cancel(url: string | undefined): Promise<void> {
    if (url === undefined) return
    try {
      const reply = await this.send('POST', `${url}/cancel`, undefined, { maxRetries: 1, timeout: CANCEL_TIMEOUT_MS })
      await textOf(reply)
    } catch (error) {
      if (!(error instanceof OpenAIError)) throw error
    }
  }

  #credential(
    key: string | (() => Promise<string>) | undefined,
    pair: { keyId: string; secret: string } | undefined,
    send: typeof fetch,
  ): Credential {
    if (pair === undefined) return keyCredential(key)
    const tokenURL = this.options.tokenURL ?? readEnv('EVOLUTION_TOKEN_URL')
    return pairCredential({ ...pair, tokenURL, fetch: send, clock: this.clock })
  }
}

function isReplay(reply: Reply): boolean {
  return reply.response.headers.get('x-sluice-cache') === 'hit'
}

/** What asks for a stream of events, also from servers that look at nothing but this. */
export const EVENTS: HeaderFields = { accept: 'text/event-stream' }

const IN_A_PAGE =
  'This client has a key and runs in a web page, where anyone can read it. Let a server of yours hold the key (a gateway, or a route that uses `stream.toResponse()`), or set `dangerouslyAllowBrowser` to true.'

/** An answer's body. Lets go of the exchange. */
async function textOf(reply: Reply): Promise<string> {
  try {
    return await reply.response.text()
  } catch (cause) {
    throw new APIConnectionError({ cause })
  } finally {
    reply.release()
  }
}

function resumePolicy(policy: false | Partial<ResumePolicy> | undefined): ResumePolicy | undefined {
  return policy === false ? undefined : { ...RESUME_POLICY, ...policy }
}

function identityHeaders({ organization, project }: ClientOptions): HeaderFields {
  return {
    // Pages may not say who they are.
    'user-agent': pageOrigin() === undefined ? `sluice/${VERSION}` : undefined,
    'openai-organization': organization === undefined ? readEnv('OPENAI_ORG_ID') : organization,
    'openai-project': project === undefined ? readEnv('OPENAI_PROJECT_ID') : project,
  }
}
