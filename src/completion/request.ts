/**
 * The body of POST /v1/chat/completions, field for field as OpenAI publishes it in 2026. Wire names.
 * Further fields are the provider's business and pass through.
 */
import type { ServiceTier, ToolCall } from './chunk.ts'

/** How hard a reasoning model is to think. */
export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'

/** Where a provider's prompt cache may cut, for how long. */
export interface CacheBreakpoint {
  readonly mode: 'explicit'
  readonly ttl?: '30m' | '12h'
}

/** Text inside a message. */
export interface TextPart {
  readonly type: 'text'
  readonly text: string
  readonly prompt_cache_breakpoint?: CacheBreakpoint
}

/** What a user's message may be made of. */
export type ContentPart =
  | TextPart
  | {
      readonly type: 'image_url'
      readonly image_url: { readonly url: string; readonly detail?: 'auto' | 'low' | 'high' | 'original' }
      readonly prompt_cache_breakpoint?: CacheBreakpoint
    }
  | {
      readonly type: 'input_audio'
      readonly input_audio: { readonly data: string; readonly format: 'wav' | 'mp3' }
      readonly prompt_cache_breakpoint?: CacheBreakpoint
    }
  | {
      readonly type: 'file'
      readonly file: { readonly file_data?: string; readonly file_id?: string; readonly filename?: string }
      readonly prompt_cache_breakpoint?: CacheBreakpoint
    }

/** What the model refused with, in an earlier turn. */
export interface RefusalPart {
  readonly type: 'refusal'
  readonly refusal: string
}

/** One turn of a conversation, as it is sent. */
export type ChatMessage =
  | { readonly role: 'developer'; readonly content: string | readonly TextPart[]; readonly name?: string }
  | { readonly role: 'system'; readonly content: string | readonly TextPart[]; readonly name?: string }
  | { readonly role: 'user'; readonly content: string | readonly ContentPart[]; readonly name?: string }
  | AssistantMessage
  | { readonly role: 'tool'; readonly content: string | readonly TextPart[]; readonly tool_call_id: string }
  | { readonly role: 'function'; readonly content: string | null; readonly name: string }

/** The model's turn, sent back. */
export interface AssistantMessage {
  readonly role: 'assistant'
  readonly content?: string | readonly (TextPart | RefusalPart)[] | null
  readonly refusal?: string | null
  readonly name?: string
  readonly audio?: { readonly id: string } | null
  readonly function_call?: { readonly name: string; readonly arguments: string } | null
  readonly tool_calls?: readonly ToolCall[]
}

/** A function the model may call. */
export interface FunctionDefinition {
  readonly name: string
  readonly description?: string
  /** A JSON Schema. */
  readonly parameters?: { readonly [key: string]: unknown }
  readonly strict?: boolean | null
}

/** A tool the model may use. */
export type Tool =
  | { readonly type: 'function'; readonly function: FunctionDefinition }
  | {
      readonly type: 'custom'
      readonly custom: {
        readonly name: string
        readonly description?: string
        readonly format?:
          | { readonly type: 'text' }
          | {
              readonly type: 'grammar'
              readonly grammar: { readonly definition: string; readonly syntax: 'lark' | 'regex' }
            }
      }
    }

/** Whether and which tools are to be used. */
export type ToolChoice =
  | 'none'
  | 'auto'
  | 'required'
  | { readonly type: 'function'; readonly function: { readonly name: string } }
  | { readonly type: 'custom'; readonly custom: { readonly name: string } }
  | {
      readonly type: 'allowed_tools'
      readonly allowed_tools: {
        readonly mode: 'auto' | 'required'
        readonly tools: readonly { readonly [key: string]: unknown }[]
      }
    }

/** The shape of the answer. */
export type ResponseFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | {
      readonly type: 'json_schema'
      readonly json_schema: {
        readonly name: string
        readonly description?: string
        readonly schema?: { readonly [key: string]: unknown }
        readonly strict?: boolean | null
      }
    }

/** A request for a chat completion. */
export interface ChatRequest {
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly audio?: {
    readonly format: 'wav' | 'aac' | 'mp3' | 'flac' | 'opus' | 'pcm16'
    readonly voice: string | { readonly id: string }
  } | null
  readonly frequency_penalty?: number | null
  /** Deprecated in favour of `tool_choice`. */
  readonly function_call?: 'none' | 'auto' | { readonly name: string }
  /** Deprecated in favour of `tools`. */
  readonly functions?: readonly Omit<FunctionDefinition, 'strict'>[]
  readonly logit_bias?: Readonly<Record<string, number>> | null
  readonly logprobs?: boolean | null
  readonly max_completion_tokens?: number | null
  /** Deprecated by OpenAI in favour of `max_completion_tokens`; the only one that many others know. */
  readonly max_tokens?: number | null
  readonly metadata?: Readonly<Record<string, string>> | null
  readonly modalities?: readonly ('text' | 'audio')[] | null
  readonly moderation?: {
    readonly model: string
    readonly policy?: {
      readonly input?: { readonly mode: 'score' | 'block' } | null
      readonly output?: { readonly mode: 'score' | 'block' } | null
    } | null
  } | null
  /** 1 to 128. */
  readonly n?: number | null
  readonly parallel_tool_calls?: boolean
  readonly prediction?: { readonly type: 'content'; readonly content: string | readonly TextPart[] } | null
  readonly presence_penalty?: number | null
  readonly prompt_cache_key?: string | null
  readonly prompt_cache_options?: { readonly mode?: 'implicit' | 'explicit'; readonly ttl?: '30m' }
  /** Deprecated in favour of `prompt_cache_options`. */
  readonly prompt_cache_retention?: 'in_memory' | '24h' | null
  readonly reasoning_effort?: ReasoningEffort | null
  readonly response_format?: ResponseFormat
  readonly safety_identifier?: string | null
  /** Deprecated by OpenAI. */
  readonly seed?: number | null
  readonly service_tier?: ServiceTier | null
  /** At most four. */
  readonly stop?: string | readonly string[] | null
  readonly store?: boolean | null
  readonly stream?: boolean | null
  /** Only with `stream: true`. */
  readonly stream_options?: { readonly include_usage?: boolean; readonly include_obfuscation?: boolean } | null
  readonly temperature?: number | null
  readonly tool_choice?: ToolChoice
  readonly tools?: readonly Tool[]
  /** 0 to 20. */
  readonly top_logprobs?: number | null
  readonly top_p?: number | null
  /** Deprecated in favour of `safety_identifier` and `prompt_cache_key`. */
  readonly user?: string
  readonly verbosity?: 'low' | 'medium' | 'high' | null
  readonly web_search_options?: {
    readonly search_context_size?: 'low' | 'medium' | 'high'
    readonly user_location?: {
      readonly type: 'approximate'
      readonly approximate: {
        readonly city?: string
        readonly country?: string
        readonly region?: string
        readonly timezone?: string
      }
    } | null
  }
}
