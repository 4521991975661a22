import { Chat } from './chat.ts'
import type { ChatRequest } from '../completion/request.ts'
import type { BatchOptions, BatchResult } from './batch.ts'
import * as errors from './errors.ts'
import { loaded } from './later.ts'
import type {
  ChatCompletion,
  ChatCompletionAudio,
  ChatCompletionChunk,
  ChatCompletionMessage,
  ChatCompletionMessageCustomToolCall,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageToolCall,
  ChatCompletionTokenLogprob,
  CompletionUsage,
} from './names/answers.ts'
import type { Chat as ChatNames } from './names/chat.ts'
import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionContentPart,
  ChatCompletionContentPartImage,
  ChatCompletionContentPartInputAudio,
  ChatCompletionContentPartRefusal,
  ChatCompletionContentPartText,
  ChatCompletionDeveloperMessageParam,
  ChatCompletionFunctionMessageParam,
  ChatCompletionMessageParam,
  ChatCompletionRole,
  ChatCompletionSystemMessageParam,
  ChatCompletionToolMessageParam,
  ChatCompletionUserMessageParam,
} from './names/messages.ts'
import type {
  ParsedChatCompletion,
  ParsedChatCompletionMessage,
  ParsedChatCompletionMessageToolCall,
  ParsedChoice,
  ParsedFunction,
  ParsedFunctionToolCall,
} from './names/parsed.ts'
import type {
  ChatCompletionAllowedToolChoice,
  ChatCompletionAllowedTools,
  ChatCompletionAudioParam,
  ChatCompletionCreateParams,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionCreateParamsStreaming,
  ChatCompletionCustomTool,
  ChatCompletionFunctionCallOption,
  ChatCompletionFunctionTool,
  ChatCompletionModality,
  ChatCompletionNamedToolChoice,
  ChatCompletionNamedToolChoiceCustom,
  ChatCompletionParseParams,
  ChatCompletionPredictionContent,
  ChatCompletionReasoningEffort,
  ChatCompletionStreamOptions,
  ChatCompletionTool,
  ChatCompletionToolChoiceOption,
  FunctionDefinition,
  FunctionParameters,
  Metadata,
  ReasoningEffort,
  ResponseFormatJSONObject,
  ResponseFormatJSONSchema,
  ResponseFormatText,
} from './names/requests.ts'
import type {
  Completions as CompletionsNames,
  Embeddings as EmbeddingsNames,
  Models as ModelsNames,
} from './names/resources.ts'
import type {
  AllModels,
  ChatModel,
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
} from './names/rest.ts'
import { type CallOptions, type ClientOptions, HEAD_MS, type PricedCompletion } from './options.ts'
import { Completions, Embeddings, Models, Streams } from './resources.ts'
import { Session } from './session.ts'

/**
 * A client for any OpenAI-compatible service. What the options do not say, the environment does: `SLUICE_URL`
 * (a gateway; `SLUICE_API_KEY`), `OPENAI_API_KEY` and `OPENAI_BASE_URL`, `EVOLUTION_KEY_ID`,
 * `EVOLUTION_SECRET` and `EVOLUTION_BASE_URL`, else the first key of a service that is known
 * (`MEGALLM_API_KEY`, `HOLYSHEEP_API_KEY`, …).
 *
 * @throws OpenAIError when there is no key for the service, or one in a web page.
 *
 * @example
 * const client = new OpenAI({ baseURL: 'http://localhost:8787/v1', apiKey })
 * const stream = await client.chat.completions.create({ model, messages, stream: true })
 */
export class OpenAI {
  // As with OpenAI's SDK: `error instanceof OpenAI.RateLimitError`.
  static readonly OpenAIError: typeof errors.OpenAIError = errors.OpenAIError
  static readonly APIError: typeof errors.APIError = errors.APIError
  static readonly APIConnectionError: typeof errors.APIConnectionError = errors.APIConnectionError
  static readonly APIConnectionTimeoutError: typeof errors.APIConnectionTimeoutError = errors.APIConnectionTimeoutError
  static readonly APIUserAbortError: typeof errors.APIUserAbortError = errors.APIUserAbortError
  static readonly NotFoundError: typeof errors.NotFoundError = errors.NotFoundError
  static readonly ConflictError: typeof errors.ConflictError = errors.ConflictError
  static readonly RateLimitError: typeof errors.RateLimitError = errors.RateLimitError
  static readonly BadRequestError: typeof errors.BadRequestError = errors.BadRequestError
  static readonly AuthenticationError: typeof errors.AuthenticationError = errors.AuthenticationError
  static readonly InternalServerError: typeof errors.InternalServerError = errors.InternalServerError
  static readonly PermissionDeniedError: typeof errors.PermissionDeniedError = errors.PermissionDeniedError
  static readonly UnprocessableEntityError: typeof errors.UnprocessableEntityError = errors.UnprocessableEntityError

  /** How long the head of an answer is waited for unless told, in milliseconds. */
  static readonly DEFAULT_TIMEOUT: number = HEAD_MS

  readonly chat: Chat
  readonly completions: Completions
  readonly models: Models
  readonly embeddings: Embeddings
  /** The streams that a gateway keeps. */
  readonly streams: Streams
  /** Where requests go. */
  readonly baseURL: string
  readonly #options: ClientOptions

  constructor(options: ClientOptions = {}) {
    const session = new Session(options)
    this.#options = options
    this.baseURL = session.baseURL
    this.chat = new Chat(session)
    this.completions = new Completions(session)
    this.models = new Models(session)
    this.embeddings = new Embeddings(session)
    this.streams = new Streams(session)
  }

  /**
   * Makes many requests, some at a time; see `batch`. The results stand in the order of the requests, and one
   * that fails does not touch the others. A request with `stream: true` is streamed, and survives what a stream
   * survives; its result is the completion all the same.
   *
   * @throws OpenAIError for a concurrency below 1.
   * @example
   * const results = await client.batch(requests, { concurrency: 4, limiter: new RateLimiter({ requestsPerMinute: 60 }) })
   */
  async batch(
    requests: Iterable<ChatRequest>,
    options: Omit<BatchOptions<ChatRequest, PricedCompletion>, 'run'> & {
      /** For each of the calls. */
      readonly call?: Omit<CallOptions, 'signal'> | undefined
    } = {},
  ): Promise<readonly BatchResult<PricedCompletion>[]> {
    const { call, ...rest } = options
    const part = await loaded(import('./batch.ts'))
    return part.batch(requests, {
      ...rest,
      run: async (request, { signal }) => {
        const answer = await this.chat.completions.create(request, { ...call, signal })
        return 'completion' in answer ? answer.completion() : answer
      },
    })
  }

  /** A client like this one, but for these options. */
  withOptions(options: ClientOptions): OpenAI {
    return new OpenAI({ ...this.#options, ...options })
  }
}

/**
 * The types that OpenAI's SDK has under this name, for what there is of it here: `OpenAI.ChatCompletionMessageParam`,
 * `OpenAI.Chat.Completions.ChatCompletionChunk.Choice.Delta`. Types only: nothing of it is there at run time.
 */
export declare namespace OpenAI {
  export type {
    AllModels,
    CallOptions as RequestOptions,
    ChatCompletion,
    ChatCompletionAllowedToolChoice,
    ChatCompletionAllowedTools,
    ChatCompletionAssistantMessageParam,
    ChatCompletionAudio,
    ChatCompletionAudioParam,
    ChatCompletionChunk,
    ChatCompletionContentPart,
    ChatCompletionContentPartImage,
    ChatCompletionContentPartInputAudio,
    ChatCompletionContentPartRefusal,
    ChatCompletionContentPartText,
    ChatCompletionCreateParams,
    ChatCompletionCreateParamsNonStreaming,
    ChatCompletionCreateParamsStreaming,
    ChatCompletionCustomTool,
    ChatCompletionDeveloperMessageParam,
    ChatCompletionFunctionCallOption,
    ChatCompletionFunctionMessageParam,
    ChatCompletionFunctionTool,
    ChatCompletionMessage,
    ChatCompletionMessageCustomToolCall,
    ChatCompletionMessageFunctionToolCall,
    ChatCompletionMessageParam,
    ChatCompletionMessageToolCall,
    ChatCompletionModality,
    ChatCompletionNamedToolChoice,
    ChatCompletionNamedToolChoiceCustom,
    ChatCompletionParseParams,
    ChatCompletionPredictionContent,
    ChatCompletionReasoningEffort,
    ChatCompletionRole,
    ChatCompletionStreamOptions,
    ChatCompletionSystemMessageParam,
    ChatCompletionTokenLogprob,
    ChatCompletionTool,
    ChatCompletionToolChoiceOption,
    ChatCompletionToolMessageParam,
    ChatCompletionUserMessageParam,
    ChatModel,
    ChatNames as Chat,
    ClientOptions,
    Completion,
    CompletionChoice,
    CompletionCreateParams,
    CompletionCreateParamsNonStreaming,
    CompletionsNames as Completions,
    CompletionUsage,
    CreateEmbeddingResponse,
    Embedding,
    EmbeddingCreateParams,
    EmbeddingModel,
    EmbeddingsNames as Embeddings,
    FunctionDefinition,
    FunctionParameters,
    Metadata,
    Model,
    ModelsNames as Models,
    ModelsPage,
    ParsedChatCompletion,
    ParsedChatCompletionMessage,
    ParsedChatCompletionMessageToolCall,
    ParsedChoice,
    ParsedFunction,
    ParsedFunctionToolCall,
    ReasoningEffort,
    ResponseFormatJSONObject,
    ResponseFormatJSONSchema,
    ResponseFormatText,
  }
}
