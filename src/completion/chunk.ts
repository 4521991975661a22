/**
 * OpenAI's chat completion, streamed and whole, field for field as OpenAI publishes it (openapi.yaml of
 * 2026, the `openai` package 7.55), and the fields other providers add to it, marked as such. Wire
 * names. Unknown fields pass through at run time; they have no type. A test proves that these types and
 * the `openai` package's are assignable to each other. For that, arrays are not `readonly` where fields are: TypeScript
 * gives an object with readonly fields to whoever asks for writable ones, but not a readonly array, and what the SDK
 * gives has to go where `openai`'s types are asked for.
 */

/** Who speaks in a delta. */
export type DeltaRole = 'developer' | 'system' | 'user' | 'assistant' | 'tool'

/**
 * Why a choice ended. Providers send others too (`insufficient_system_resource`, `model_length`,
 * `eos`); like OpenAI's own SDKs we pass them through as they are.
 */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'function_call'

/** The processing class that served a request. */
export type ServiceTier = 'auto' | 'default' | 'flex' | 'scale' | 'priority' | 'fast'

/** What a completion cost, in tokens. */
export interface Usage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
  /** Ours: a part of it was counted here, because a provider was cut off before it told. */
  readonly estimated?: boolean
  readonly completion_tokens_details?: {
    readonly accepted_prediction_tokens?: number
    readonly audio_tokens?: number
    readonly reasoning_tokens?: number
    readonly rejected_prediction_tokens?: number
    readonly text_tokens?: number
  }
  readonly prompt_tokens_details?: {
    readonly audio_tokens?: number
    readonly cache_write_tokens?: number
    readonly cached_tokens?: number
    readonly image_tokens?: number
    readonly text_tokens?: number
  }
  /** DeepSeek: prompt tokens that its cache had. */
  readonly prompt_cache_hit_tokens?: number
  /** DeepSeek: prompt tokens that its cache had not. */
  readonly prompt_cache_miss_tokens?: number
  /** OpenRouter: the price in credits. */
  readonly cost?: number
}

/** One token and how probable it was. */
export interface TokenLogprob {
  readonly token: string
  /** The token's UTF-8 bytes. */
  readonly bytes: number[] | null
  /** Natural logarithm; -9999 stands for very improbable. */
  readonly logprob: number
  readonly top_logprobs: Omit<TokenLogprob, 'top_logprobs'>[]
}

/** Log probabilities of a choice's tokens. */
export interface Logprobs {
  readonly content: TokenLogprob[] | null
  readonly refusal: TokenLogprob[] | null
}

/** A piece of a tool call. */
export interface ToolCallDelta {
  /** Which call of the choice this belongs to. Missing at run time from some providers (Gemini). */
  readonly index: number
  readonly id?: string
  readonly type?: 'function' | 'custom'
  readonly function?: { readonly name?: string; readonly arguments?: string }
  readonly custom?: { readonly name?: string; readonly input?: string }
  /** Gemini: `google.thought_signature`, which must come back with the next turn. */
  readonly extra_content?: unknown
}

/** What a chunk adds to a choice's message. */
export interface Delta {
  readonly role?: DeltaRole
  readonly content?: string | null
  readonly refusal?: string | null
  readonly tool_calls?: ToolCallDelta[]
  readonly function_call?: { readonly name?: string; readonly arguments?: string }
  readonly audio?: {
    readonly id?: string
    readonly data?: string
    readonly expires_at?: number
    readonly transcript?: string
  }
  /** DeepSeek, Qwen, xAI, older vLLM: the model's reasoning. */
  readonly reasoning_content?: string | null
  /** OpenRouter, Groq, Ollama, newer vLLM: the same by another name. */
  readonly reasoning?: string | null
  /** OpenRouter: the reasoning in parts, some of them signed. */
  readonly reasoning_details?: unknown[] | null
}

/** One choice in a chunk. */
export interface ChunkChoice {
  readonly index: number
  readonly delta: Delta
  readonly finish_reason: FinishReason | null
  readonly logprobs?: Logprobs | null
}

/** What a moderation model found, when the request asked for it. */
export interface Moderation {
  readonly input: ModerationResults | ModerationError
  readonly output: ModerationResults | ModerationError
}

/** One side's findings. */
export interface ModerationResults {
  readonly type: 'moderation_results'
  readonly model: string
  readonly results: {
    readonly type: 'moderation_result'
    readonly model: string
    readonly flagged: boolean
    readonly categories: Readonly<Record<string, boolean>>
    readonly category_scores: Readonly<Record<string, number>>
    readonly category_applied_input_types: Readonly<Record<string, ('text' | 'image')[]>>
  }[]
}

/** Why there are no findings. */
export interface ModerationError {
  readonly type: 'error'
  readonly code: string
  readonly message: string
}

/** One step of a streamed completion. */
export interface ChatCompletionChunk {
  readonly id: string
  readonly object: 'chat.completion.chunk'
  /** Seconds since 1970. */
  readonly created: number
  readonly model: string
  /** Empty in a chunk that brings only usage. */
  readonly choices: ChunkChoice[]
  readonly moderation?: Moderation | null
  /** Random padding against traffic analysis; never part of the completion. */
  readonly obfuscation?: string
  readonly service_tier?: ServiceTier | null
  readonly system_fingerprint?: string
  readonly usage?: Usage | null
  /** Groq: its request id, and usage or the reason of a failure in the last chunk. */
  readonly x_groq?: { readonly id?: string; readonly usage?: Usage | null; readonly error?: string }
}

/** A tool call as the model made it. */
export type ToolCall =
  | {
      readonly id: string
      readonly type: 'function'
      readonly function: { readonly name: string; readonly arguments: string }
    }
  | { readonly id: string; readonly type: 'custom'; readonly custom: { readonly name: string; readonly input: string } }

/** The message of a whole completion. */
export interface ChatCompletionMessage {
  readonly role: 'assistant'
  readonly content: string | null
  readonly refusal: string | null
  readonly annotations?: {
    readonly type: 'url_citation'
    readonly url_citation: {
      readonly start_index: number
      readonly end_index: number
      readonly title: string
      readonly url: string
    }
  }[]
  readonly audio?: {
    readonly id: string
    readonly data: string
    readonly expires_at: number
    readonly transcript: string
  } | null
  readonly function_call?: { readonly name: string; readonly arguments: string } | null
  readonly tool_calls?: ToolCall[]
  /** The model's reasoning, whatever name its provider gave it. */
  readonly reasoning_content?: string | null
}

/** One choice of a whole completion. */
export interface CompletionChoice {
  readonly index: number
  readonly message: ChatCompletionMessage
  /** null only in a completion that is not finished. */
  readonly finish_reason: FinishReason | null
  readonly logprobs: Logprobs | null
}

/** A whole completion. */
export interface ChatCompletion {
  readonly id: string
  readonly object: 'chat.completion'
  /** Seconds since 1970. */
  readonly created: number
  readonly model: string
  readonly choices: CompletionChoice[]
  readonly metadata?: Readonly<Record<string, string>> | null
  readonly moderation?: Moderation | null
  readonly service_tier?: ServiceTier | null
  readonly system_fingerprint?: string
  readonly usage?: Usage
}
