import type { ChatMessage } from '../completion/request.ts'
import { RateLimiter } from '../limit/rate-limiter.ts'
import { wakefulClock } from '../limit/wakeful.ts'
import { type Cost, costOf, type PriceTable } from '../provider/price.ts'
import { HOLYSHEEP_PRICES } from '../provider/price-table.ts'
import { batch, type BatchProgress, type BatchResult } from './batch.ts'
import { OpenAI } from './client.ts'
import type { ClientOptions } from './options.ts'

/** How an answer is asked for, with the defaults of HolySheep's article. */
export interface StreamConfig {
  readonly model: string
  readonly maxTokens: number
  readonly temperature: number
  readonly topP: number
  readonly presencePenalty: number
  readonly frequencyPenalty: number
  /** Milliseconds until the head, and between any two signs of life after it. */
  readonly timeout: number
}

/** The article's defaults. */
export const STREAM_CONFIG: StreamConfig = {
  model: 'gpt-4o',
  maxTokens: 4096,
  temperature: 0.7,
  topP: 0.9,
  presencePenalty: 0,
  frequencyPenalty: 0,
  timeout: 120_000,
}

/** A whole answer and what is known of it. */
export interface StreamResponse {
  readonly content: string
  /** Tokens as the service counted them; 0 when it did not tell. */
  readonly completionTokens: number
  readonly promptTokens: number
  readonly totalTokens: number
  readonly latencyMs: number
  /** The model that answered. */
  readonly model: string
  readonly finishReason: string | null
  /** By the table of prices; `undefined` for a model that is not in it. */
  readonly cost: Cost | undefined
}

/** A client's options, with a table of prices beside them. */
export interface StreamingClientOptions extends Omit<ClientOptions, 'price'> {
  /** HolySheep's reference table unless told. */
  readonly prices?: PriceTable | undefined
}

/**
 * The article's `StreamingClient`: streams text, and says at the end what it was. What the article gets wrong
 * is right here: errors are thrown and not written into the text, a cut answer is an error, tokens are those that
 * the service counted.
 *
 * @example
 * const client = new StreamingClient({ apiKey: process.env.HOLYSHEEP_API_KEY })
 * const { content, cost } = await client.generate([{ role: 'user', content: 'Hello' }])
 */
export class StreamingClient {
  readonly openai: OpenAI
  readonly config: StreamConfig
  readonly #now: () => number

  constructor(options: StreamingClientOptions = {}, config: Partial<StreamConfig> = {}) {
    const { prices = HOLYSHEEP_PRICES, ...rest } = options
    this.config = { ...STREAM_CONFIG, ...config }
    const clock = options.clock ?? wakefulClock
    this.#now = () => clock.now()
    this.openai = new OpenAI({
      baseURL: 'https://api.holysheep.ai/v1',
      maxRetries: 3,
      ...rest,
      price: (usage, model) => costOf(usage, model, prices),
    })
  }

  /** The text as it comes; the last value is the whole. */
  async *streamGenerate(
    messages: readonly ChatMessage[],
    config: Partial<StreamConfig> = {},
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<string, StreamResponse, undefined> {
    const startedAt = this.#now()
    const { model, maxTokens, temperature, topP, presencePenalty, frequencyPenalty, timeout } = {
      ...this.config,
      ...config,
    }
    const stream = await this.openai.chat.completions.create(
      {
        model,
        messages,
        max_tokens: maxTokens,
        temperature,
        top_p: topP,
        presence_penalty: presencePenalty,
        frequency_penalty: frequencyPenalty,
        stream: true,
        stream_options: { include_usage: true },
      },
      { ...options, timeout: { head: timeout, betweenTokens: timeout } },
    )
    yield* stream.text()
    const completion = await stream.completion()
    const choice = completion.choices[0]
    const { usage } = completion
    return {
      content: choice?.message.content ?? '',
      completionTokens: usage?.completion_tokens ?? 0,
      promptTokens: usage?.prompt_tokens ?? 0,
      totalTokens: usage?.total_tokens ?? 0,
      latencyMs: this.#now() - startedAt,
      model: completion.model === '' ? model : completion.model,
      finishReason: choice?.finish_reason ?? null,
      cost: completion.cost,
    }
  }

  /** Only the whole. */
  async generate(
    messages: readonly ChatMessage[],
    config: Partial<StreamConfig> = {},
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<StreamResponse> {
    const pieces = this.streamGenerate(messages, config, options)
    let next = await pieces.next()
    while (next.done !== true) next = await pieces.next()
    return next.value
  }
}

/** A request of a batch: messages, and what is asked for differently. */
export type StreamRequest = readonly [messages: readonly ChatMessage[], config?: Partial<StreamConfig>]

/** How a pool works; the article's numbers unless told. */
export interface StreamingPoolOptions {
  /** 10 unless told. */
  readonly maxConcurrent?: number | undefined
  /** 500 requests and 120,000 tokens a minute unless told. */
  readonly limiter?: Pick<RateLimiter, 'waitAndAcquire' | 'observe'> | undefined
  /** Milliseconds that a request waits for its turn; 60,000 unless told. */
  readonly waitTimeout?: number | undefined
}

/**
 * The article's `AsyncStreamingManager`: many answers at a time, under a limit. Of each request its `maxTokens`
 * are reserved, and settled with what it took.
 *
 * @example
 * const results = await new StreamingPool().batchStream(client, questions.map((content) => [[{ role: 'user', content }]]))
 */
export class StreamingPool {
  readonly #concurrency: number
  readonly #limiter: Pick<RateLimiter, 'waitAndAcquire' | 'observe'>
  readonly #waitTimeout: number
  #active = 0

  constructor(options: StreamingPoolOptions = {}) {
    this.#concurrency = options.maxConcurrent ?? 10
    this.#limiter = options.limiter ?? new RateLimiter({ requestsPerMinute: 500, tokensPerMinute: 120_000 })
    this.#waitTimeout = options.waitTimeout ?? 60_000
  }

  /** Requests that are being answered. */
  get activeRequests(): number {
    return this.#active
  }

  /** All answers, in the order of the requests; one that fails does not touch the others. */
  async batchStream(
    client: StreamingClient,
    requests: Iterable<StreamRequest>,
    options: {
      readonly signal?: AbortSignal | undefined
      readonly onProgress?: ((progress: BatchProgress) => void) | undefined
    } = {},
  ): Promise<readonly BatchResult<StreamResponse>[]> {
    const limiter = this.#limiter
    const timeout = this.#waitTimeout
    return batch(requests, {
      ...options,
      concurrency: this.#concurrency,
      limiter: {
        waitAndAcquire: (tokens, wait) => limiter.waitAndAcquire(tokens, { timeout, ...wait }),
        observe: (headers) => limiter.observe(headers),
      },
      estimate: ([, config]) => config?.maxTokens ?? client.config.maxTokens,
      run: async ([messages, config], { signal }) => {
        this.#active++
        try {
          return await client.generate(messages, config, { signal })
        } finally {
          this.#active--
        }
      },
      usage: ({ totalTokens }) => (totalTokens === 0 ? undefined : { total_tokens: totalTokens }),
    })
  }
}
