/** The other parts of a client by the names of OpenAI's SDK, with the types that are found there. */
import type * as resources from '../resources.ts'
import type { CompletionUsage } from './answers.ts'
import type {
  Completion,
  CompletionChoice,
  CompletionCreateParams,
  CompletionCreateParamsNonStreaming,
  CreateEmbeddingResponse,
  Embedding,
  EmbeddingCreateParams,
  EmbeddingModel,
  Model,
  ModelsPage,
} from './rest.ts'

/** `client.completions`. */
export type Completions = resources.Completions
/** Its types. */
export declare namespace Completions {
  export type {
    Completion,
    CompletionChoice,
    CompletionCreateParams,
    CompletionCreateParamsNonStreaming,
    CompletionUsage,
  }
}

/** `client.embeddings`. */
export type Embeddings = resources.Embeddings
/** Its types. */
export declare namespace Embeddings {
  export type { CreateEmbeddingResponse, Embedding, EmbeddingCreateParams, EmbeddingModel }
}

/** `client.models`. */
export type Models = resources.Models
/** Its types. */
export declare namespace Models {
  export type { Model, ModelsPage }
}
