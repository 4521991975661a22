/** How a request proves who sends it. Fresh headers per request; `invalidate` after the provider refused them. */
export interface Credential {
  /** Header fields to send, lower-case names. May wait for a token exchange. */
  headers(): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>
  /** Forgets a cached token, so that the next `headers()` fetches another. Absent where nothing can be fetched. */
  invalidate?(): void
  /**
   * The provider refused the fields that `headers` gave (401, 403), or limited them (`isLimit`: 429, for
   * `retryAfterMs` milliseconds where it said so).
   */
  refused?(fields: Readonly<Record<string, string>>, retryAfterMs: number | undefined, isLimit: boolean): void
  /** Whether other fields than the refused ones can be sent at once. */
  hasSpare?(): boolean
  /**
   * Whether fields that were refused with this status and these words are only outdated: `headers` then
   * gives fresh ones, and the same request is sent once more. Absent where nothing can be fetched.
   */
  isOutdated?(fields: Readonly<Record<string, string>>, status: number, message: string): boolean
}

/** How a service goes on with a partial answer, where it can (PROTOCOL 8, step 1). */
export type Continuation =
  /** A trailing assistant message and two flags: vLLM, SGLang. */
  | 'continue_final_message'
  /** A trailing assistant message with `prefix: true`: DeepSeek, Mistral. */
  | 'prefix'
  /** A trailing assistant message, nothing else: llama.cpp, OpenRouter, Groq. */
  | 'trailing_assistant'
  /** Cannot; only an instructed turn is left. */
  | 'none'

/** Which wire a service speaks; one file in dialect/ each. */
export type DialectName = 'openai' | 'fastgpt'

/** What differs from OpenAI in a service, as data. */
export interface Quirks {
  /** Does not understand `stream_options`: we do not send it. */
  readonly noStreamOptions?: boolean | undefined
  /** Knows `stream_options.include_obfuscation`; we turn the padding off. */
  readonly obfuscation?: boolean | undefined
  /** Its stream may carry events after `[DONE]`; read to the end (FastGPT). */
  readonly readsPastDone?: boolean | undefined
  /** Its `usage` leaves reasoning tokens out of `completion_tokens` (xAI). */
  readonly usageExcludesReasoning?: boolean | undefined
  /** Its `usage` in every chunk is the total so far (Perplexity): the last one counts. */
  readonly cumulativeUsage?: boolean | undefined
  /** Understands `fallback_models` and its switches (MegaLLM); nobody else is sent them. */
  readonly fallbackModels?: boolean | undefined
}

/** A configured service. */
export interface Provider {
  /** The name in the configuration: `openai`, `my-vllm`. */
  readonly name: string
  /** The preset it was made from. */
  readonly preset: string
  /** Without a trailing slash; `/chat/completions` is added to it. */
  readonly baseUrl: string
  readonly credential: Credential
  /** Further header fields sent with every request, lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** Query parameters sent with every request (Azure's `api-version`). */
  readonly query: Readonly<Record<string, string>>
  readonly dialect: DialectName
  readonly quirks: Quirks
  readonly continuation: Continuation
}

/** How long each phase of an exchange may take, in milliseconds (PROTOCOL 9). */
export interface Deadlines {
  /** TCP and TLS. */
  readonly connect: number
  /** From the request sent to the response head. */
  readonly head: number
  /** From the response head to the first visible delta. */
  readonly firstToken: number
  /** Between two signs of life after that. */
  readonly betweenTokens: number
  /** From the request to the end. */
  readonly total: number
  /** Fewer chunks a second than this, over ten seconds after the first token, count as a stall; off unless set. */
  readonly minTokensPerSecond?: number | undefined
}

/** What holds where the configuration says nothing. Reasoning models may think for minutes before the first token. */
export const DEFAULT_DEADLINES: Deadlines = {
  connect: 5_000,
  head: 60_000,
  firstToken: 120_000,
  betweenTokens: 60_000,
  total: 1_800_000,
}

/** After which failures of the targets before it a target may be asked. */
export interface FallbackOn {
  readonly rateLimit: boolean
  readonly error: boolean
}

/** One place a request can be sent to. */
export interface Target {
  readonly provider: Provider
  /** The model's name there; `undefined` passes the caller's through. */
  readonly model: string | undefined
  readonly deadlines: Deadlines
  /** Body fields set over the caller's (`temperature: 0`). */
  readonly overrides: Readonly<Record<string, unknown>>
  /** Share of first tries among the targets of a weighted route; 1 unless told. */
  readonly weight: number
  /** Absent: after any failure that another target may mend. */
  readonly fallbackOn?: FallbackOn | undefined
}

/** What may be answered from what was answered before, and shared while it is made (PROTOCOL 11). */
export interface CachePolicy {
  /** Whether complete answers are kept for equal requests. */
  readonly enabled: boolean
  /** How long after its end an answer is given again, in milliseconds; never longer than the log keeps its stream. */
  readonly ttl: number
  /** How a streamed answer is given again: as fast as it is read, or as it first came. */
  readonly pace: 'at-once' | 'recorded'
  /** Whether equal requests at the same time share one generation. */
  readonly coalesce: boolean
}

/** What a model name of ours stands for. */
export interface Route {
  /** The caller's model name. */
  readonly model: string
  /** In order of preference; at least one. */
  readonly targets: readonly Target[]
  /** `ordered`: always from the first. `weighted`: the first try is drawn by weight. */
  readonly strategy: 'ordered' | 'weighted'
  /** Tries in all, over every target, before the first visible delta. */
  readonly maxAttempts: number
  /** Tokens that rescues of one stream may cost beside its answer: prompts asked again, counted here. Default 100,000. */
  readonly maxExtraTokens?: number | undefined
  /** Absent: the gateway's own. */
  readonly cache?: CachePolicy | undefined
}
