/** `sluice`: the SDK. */
export { OpenAI } from './client.ts'
export type { APIPromise } from './api-promise.ts'
export {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  APITimeoutError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  EvolutionOpenAIError,
  InternalServerError,
  NotFoundError,
  OpenAIError,
  PermissionDeniedError,
  RateLimitError,
  StreamInterruptedError,
  StreamTruncatedError,
  UnprocessableEntityError,
} from './errors.ts'
// By the names of OpenAI's SDK; `OpenAI.*` has them too.
export type {
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
export type { Chat, ChatCompletions } from './names/chat.ts'
export type {
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
export type {
  ParsedChatCompletion,
  ParsedChatCompletionMessage,
  ParsedChatCompletionMessageToolCall,
  ParsedChoice,
  ParsedFunction,
  ParsedFunctionToolCall,
} from './names/parsed.ts'
export type {
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
  ReasoningEffort,
  ResponseFormatJSONObject,
  ResponseFormatJSONSchema,
  ResponseFormatText,
} from './names/requests.ts'
export type { Completions, Embeddings, Models } from './names/resources.ts'
export type {
  ChatModel,
  CompletionCreateParams,
  CreateEmbeddingResponse,
  Embedding,
  EmbeddingCreateParams,
  Model,
} from './names/rest.ts'
export { ChatCompletionStream } from './completion-stream.ts'
export type { CompletionEvents, FunctionCall } from './completion-events.ts'
export type { AnswerCache, CallOptions, ClientOptions, PricedCompletion } from './options.ts'
export type { ParsePromise } from './parse-promise.ts'
export type { Timeouts } from './deadlines.ts'
export type { OnInterrupted } from './rescue.ts'
export type { ResumePolicy } from './resume.ts'
export type { Dialect, NodeResponse } from './outlet.ts'
export type { ModelList, TextCompletion } from './resource-types.ts'
export type { StreamEntry, Streams, StreamSnapshot } from './resources.ts'
export { ChatStream, type StreamEvent, type StreamMetrics } from './stream.ts'
export type { ToolCallProgress } from './tool-calls.ts'
export type { HeaderFields } from './transport.ts'
export type {
  ChunkChoice,
  CompletionChoice,
  Delta,
  FinishReason,
  ToolCall,
  ToolCallDelta,
  Usage,
} from '../completion/chunk.ts'
export type { ChatMessage, ChatRequest, ContentPart, ResponseFormat, Tool, ToolChoice } from '../completion/request.ts'
export { batch, type BatchOptions, type BatchProgress, type BatchResult } from './batch.ts'
export { ResponseCache, type CacheStore, type ResponseCacheOptions } from './cache.ts'
export { ChatClient, iterLines, iterStreamEvents, type ChatClientOptions, type FastGptRequest } from './fastgpt.ts'
export { fastGptEvent, fastGptEvents, type FastGptEvent, type FastGptInteractive } from './fastgpt-events.ts'
export {
  STREAM_CONFIG,
  StreamingClient,
  StreamingPool,
  type StreamConfig,
  type StreamingClientOptions,
  type StreamingPoolOptions,
  type StreamRequest,
  type StreamResponse,
} from './holysheep.ts'
export { MemoryStore } from './memory-store.ts'
export { buffer } from './text/buffer.ts'
export { jsonObjects } from './text/json-objects.ts'
export { lines } from './text/lines.ts'
export { metrics } from './text/metrics.ts'
export { pace } from './text/pace.ts'
export { through, type TextStage } from './text/stage.ts'
export { stopAt } from './text/stop-at.ts'
export { words } from './text/words.ts'
export type { AnyTool, OpenAIRunnableTool } from './tools/any-tool.ts'
export type { ConversationOptions, ConversationRequest } from './tools/conversation.ts'
export { parse, type DeepPartial, type ParseEvent } from './tools/parse.ts'
export { ParseError, type ParseFailure } from './tools/parse-error.ts'
export { type ParseableFormat, type ParseableTool, zodFunction, zodResponseFormat } from './tools/parseable.ts'
export type { FormatInput, OutputOf, ParsedMessage, ParsedToolCall } from './tools/parsed.ts'
export { runTools, type ToolEvent, type ToolRunResult } from './tools/run-tools.ts'
export type { StandardSchema } from './tools/schema.ts'
export { tool, type RunnableTool, type ToolContext } from './tools/tool.ts'
export { RateLimiter } from '../limit/rate-limiter.ts'
export { costOf, type Cost, type Price, type PriceTable } from '../provider/price.ts'
export { HOLYSHEEP_PRICES, LIST_PRICES } from '../provider/price-table.ts'
