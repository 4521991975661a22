/** `sluice`: the SDK. */
export { OpenAI } from './client.ts'
export type { APIPromise } from './api-promise.ts'
export type {
  Chat,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionCreateParamsStreaming,
  ChatCompletions,
} from './chat.ts'
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
export type { CallOptions, ClientOptions } from './options.ts'
export type { Timeouts } from './deadlines.ts'
export type { OnInterrupted } from './rescue.ts'
export type { ResumePolicy } from './resume.ts'
export type { Dialect, NodeResponse } from './outlet.ts'
export type {
  CreateEmbeddingResponse,
  EmbeddingCreateParams,
  Embeddings,
  Model,
  ModelList,
  Models,
  StreamEntry,
  Streams,
  StreamSnapshot,
} from './resources.ts'
export type { ChatStream, StreamEvent, StreamMetrics } from './stream.ts'
export type { ToolCallProgress } from './tool-calls.ts'
export type { HeaderFields } from './transport.ts'
export type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionMessage,
  ChunkChoice,
  CompletionChoice,
  Delta,
  FinishReason,
  ToolCall,
  ToolCallDelta,
  Usage,
} from '../completion/chunk.ts'
export type { ChatMessage, ChatRequest, ContentPart, ResponseFormat, Tool, ToolChoice } from '../completion/request.ts'
