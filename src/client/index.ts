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
export { batch, type BatchOptions } from './batch.ts'
export { ResponseCache } from './cache.ts'
export { MemoryStore } from './memory-store.ts'
export { buffer } from './text/buffer.ts'
export { jsonObjects } from './text/json-objects.ts'
export { lines } from './text/lines.ts'
export { metrics } from './text/metrics.ts'
export { pace } from './text/pace.ts'
export { through, type TextStage } from './text/stage.ts'
export { stopAt } from './text/stop-at.ts'
export { words } from './text/words.ts'
export { parse } from './tools/parse.ts'
export { runTools } from './tools/run-tools.ts'
export { tool } from './tools/tool.ts'
export { RateLimiter } from '../limit/rate-limiter.ts'
export { costOf, type Cost } from '../provider/price.ts'
