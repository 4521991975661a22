/** Embeddings, models, the older completions and what all share, by the names of OpenAI's SDK. */
import type * as resources from '../resource-types.ts'
import type { Writable } from './writable.ts'

/** A model's name: any, since services have their own. */
export type ChatModel = string
/** The same. */
export type AllModels = string
/** The same. */
export type EmbeddingModel = string

/** A model that a service has. */
export interface Model extends Writable<resources.Model> {}
/** All of them. There is one page. */
export type ModelsPage = resources.ModelList

/** What is to be embedded. */
export interface EmbeddingCreateParams extends Writable<resources.EmbeddingCreateParams> {}
/** One text as numbers. */
export interface Embedding extends Writable<resources.Embedding> {}
/** Embeddings, in the order of the input. */
export interface CreateEmbeddingResponse extends Writable<resources.CreateEmbeddingResponse> {
  data: Embedding[]
}
/** Its parts. */
export declare namespace CreateEmbeddingResponse {
  type Usage = CreateEmbeddingResponse['usage']
}

/** A completion of text. */
export interface Completion extends Writable<resources.TextCompletion> {
  choices: CompletionChoice[]
}
/** One of its texts. */
export interface CompletionChoice extends Writable<resources.TextChoice> {}
/** Its parts. */
export declare namespace CompletionChoice {
  type Logprobs = NonNullable<CompletionChoice['logprobs']>
}

/** What the older completions take; they come whole. */
export interface CompletionCreateParamsNonStreaming extends Omit<Writable<resources.CompletionCreateParams>, 'stream'> {
  stream?: false | null
}
/** The same. */
export type CompletionCreateParams = CompletionCreateParamsNonStreaming
/** Its parts. */
export declare namespace CompletionCreateParams {
  export type { CompletionCreateParamsNonStreaming }
}
