/**
 * What models, embeddings and the older completions are asked and answer, by the letter of OpenAI's API. Wire names.
 */
import type { Usage } from '../completion/chunk.ts'
import type { ChatRequest } from '../completion/request.ts'

/** A model that a service has. Services add fields of their own. */
export interface Model {
  readonly id: string
  readonly object: 'model'
  /** Seconds since 1970. */
  readonly created: number
  readonly owned_by: string
  /** The day after which it is gone. */
  readonly shutdown_date?: string | null
}

/** All of a service's models; also an AsyncIterable, as OpenAI's SDK has it. */
export interface ModelList extends AsyncIterable<Model> {
  readonly object: 'list'
  // Not readonly, here and below, for the reason that completion/chunk.ts gives.
  readonly data: Model[]
}

/** What is to be embedded. */
export interface EmbeddingCreateParams {
  readonly model: string
  readonly input: string | readonly string[] | readonly number[] | readonly (readonly number[])[]
  readonly dimensions?: number
  readonly encoding_format?: 'float' | 'base64'
  readonly user?: string
}

/** One text as numbers; as text when base64 was asked for. */
export interface Embedding<Form = number[]> {
  readonly object: 'embedding'
  readonly index: number
  readonly embedding: Form
}

/** Embeddings, in the order of the input. */
export interface CreateEmbeddingResponse<Form = number[]> {
  readonly object: 'list'
  readonly model: string
  readonly data: Embedding<Form>[]
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number }
}

/** What OpenAI's older completions take. */
export interface CompletionCreateParams {
  readonly model: string
  readonly prompt: string | readonly string[] | readonly number[] | readonly (readonly number[])[] | null
  readonly best_of?: number | null
  readonly echo?: boolean | null
  readonly frequency_penalty?: number | null
  readonly logit_bias?: Readonly<Record<string, number>> | null
  /** 0 to 5. */
  readonly logprobs?: number | null
  readonly max_tokens?: number | null
  readonly n?: number | null
  readonly presence_penalty?: number | null
  readonly seed?: number | null
  readonly stop?: string | readonly string[] | null
  readonly stream?: boolean | null
  readonly stream_options?: NonNullable<ChatRequest['stream_options']> | null
  /** What comes after the completion. */
  readonly suffix?: string | null
  readonly temperature?: number | null
  readonly top_p?: number | null
  readonly user?: string
}

/** One completion of a text. */
export interface TextChoice {
  readonly index: number
  readonly text: string
  readonly finish_reason: 'stop' | 'length' | 'content_filter'
  readonly logprobs: {
    readonly text_offset?: number[]
    readonly token_logprobs?: number[]
    readonly tokens?: string[]
    readonly top_logprobs?: Readonly<Record<string, number>>[]
  } | null
}

/** A completion of text. */
export interface TextCompletion {
  readonly id: string
  readonly object: 'text_completion'
  readonly created: number
  readonly model: string
  readonly choices: TextChoice[]
  readonly system_fingerprint?: string
  readonly usage?: Usage
}
