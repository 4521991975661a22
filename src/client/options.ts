import type { Clock } from '../clock.ts'
import type { ChatCompletion, Usage } from '../completion/chunk.ts'
import type { ChatRequest } from '../completion/request.ts'
import type { Cost } from '../provider/price.ts'
import type { Timeouts } from './deadlines.ts'
import type { OnInterrupted } from './rescue.ts'
import type { ResumePolicy } from './resume.ts'
import type { HeaderFields } from './transport.ts'

/** How a client works. Everything may be left out; the environment then says where to go (see `OpenAI`). */
export interface ClientOptions {
  /** A key, or a function that is asked for one before each attempt. */
  readonly apiKey?: string | (() => Promise<string>) | null | undefined
  /** Evolution (cloud.ru): a key pair, exchanged for tokens that are renewed in time. */
  readonly keyId?: string | undefined
  readonly secret?: string | undefined
  /** Where the key pair is exchanged; Evolution's address unless told. */
  readonly tokenURL?: string | undefined
  /** `https://host/v1`. */
  readonly baseURL?: string | null | undefined
  /** Sent as `OpenAI-Organization`; OPENAI_ORG_ID unless told. */
  readonly organization?: string | null | undefined
  /** Sent as `OpenAI-Project`; OPENAI_PROJECT_ID unless told. */
  readonly project?: string | null | undefined
  /** A number is the time until the head of an answer, in milliseconds, as with OpenAI's SDK. */
  readonly timeout?: number | Timeouts | undefined
  /** Retries before the first byte of an answer; 2 unless told. */
  readonly maxRetries?: number | undefined
  /** Sent with each request; null takes one of ours away. */
  readonly defaultHeaders?: HeaderFields | undefined
  readonly defaultQuery?: Readonly<Record<string, string | undefined>> | undefined
  /** Used instead of the global one. */
  readonly fetch?: typeof fetch | undefined
  /** Handed to fetch with each request. */
  readonly fetchOptions?: RequestInit | undefined
  /** What to do about an answer that broke off and cannot be resumed; `error` unless told. */
  readonly onInterrupted?: OnInterrupted | undefined
  /** The limits of reconnecting to a gateway; false does not reconnect. */
  readonly resume?: false | Partial<ResumePolicy> | undefined
  /**
   * Keeps answers and gives them to requests that are exactly the same: a `ResponseCache`. Whoever shares it
   * shares answers; its `scope` keeps users apart.
   */
  readonly cache?: AnswerCache | undefined
  /**
   * What a completion costs: `costOf`, for the makers' list prices, or a function with a table of your own.
   * Completions then have `cost`, where their usage is known; streams are told theirs with `stream_options`.
   */
  readonly price?: ((usage: Usage | undefined, model: string) => Cost | undefined) | undefined
  /** A page that holds a key shows it to whoever looks; without this a client with a key refuses to work in one. */
  readonly dangerouslyAllowBrowser?: boolean | undefined
  /** The time, for tests. */
  readonly clock?: Clock | undefined
  /** Chance from 0 to 1, for tests. */
  readonly random?: (() => number) | undefined
}

/** How one call works; what is left out is as the client has it. */
export interface CallOptions {
  /** Ends the call, and the stream that came of it. */
  readonly signal?: AbortSignal | null | undefined
  readonly timeout?: number | Timeouts | undefined
  readonly maxRetries?: number | undefined
  readonly headers?: HeaderFields | undefined
  readonly query?: Readonly<Record<string, string | undefined>> | undefined
  /** The same key never starts two answers on a gateway. One is made up for each call unless given. */
  readonly idempotencyKey?: string | undefined
  readonly onInterrupted?: OnInterrupted | undefined
  readonly resume?: false | Partial<ResumePolicy> | undefined
  /** False asks the service, and keeps nothing. */
  readonly cache?: false | undefined
}

/** What a client's cache does; `ResponseCache` is one. The service is told apart by its address. */
export interface AnswerCache {
  get(request: ChatRequest, service: string): Promise<ChatCompletion | undefined>
  put(request: ChatRequest, completion: ChatCompletion, service: string): Promise<unknown>
  /** A kept answer as the service would have sent it. */
  replay(request: ChatRequest, completion: ChatCompletion): Response
}

/** A completion with what it cost, where the client was told the prices. */
export type PricedCompletion = ChatCompletion & {
  /** Not among the fields that JSON and copies have. `undefined` without usage, or without a price for the model. */
  readonly cost?: Cost | undefined
}

/** OpenAI's SDK waits that long for the head of an answer. */
export const HEAD_MS: number = 600_000

/** The timeouts of a call: each phase as the call says, else as the client says. */
export function timeoutsOf(
  call: CallOptions['timeout'],
  client: ClientOptions['timeout'],
): Timeouts & { readonly head: number } {
  const own = typeof call === 'number' ? { head: call } : call
  const common = typeof client === 'number' ? { head: client } : client
  return {
    head: own?.head ?? common?.head ?? HEAD_MS,
    firstToken: own?.firstToken ?? common?.firstToken,
    betweenTokens: own?.betweenTokens ?? common?.betweenTokens,
    total: own?.total ?? common?.total,
  }
}
