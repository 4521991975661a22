import type { ChatCompletion, ChatCompletionChunk, TokenLogprob, Usage } from '../completion/chunk.ts'
import type { ChatMessage } from '../completion/request.ts'
import type { APIUserAbortError } from './errors.ts'
import type { ParsedChatCompletion, ParsedMessage } from './tools/parsed.ts'

/** A function as the model called it; its arguments are JSON text. */
export interface FunctionCall {
  readonly name: string
  readonly arguments: string
}

/** What a `ChatCompletionStream` tells, by the names that OpenAI's SDK has for it: the arguments of each listener. */
export interface CompletionEvents<T> {
  /** The answer's head is there. */
  connect: []
  /** A piece of the text of the first choice, and all of it so far. */
  content: [delta: string, snapshot: string]
  /** A chunk, and the completion so far. */
  chunk: [chunk: ChatCompletionChunk, snapshot: ChatCompletion]
  /** As `content`, with the value so far where the answer is to be one: the same growing object each time. */
  'content.delta': [props: { readonly delta: string; readonly snapshot: string; readonly parsed: unknown }]
  'content.done': [props: { readonly content: string; readonly parsed: T | null }]
  'refusal.delta': [props: { readonly delta: string; readonly snapshot: string }]
  'refusal.done': [props: { readonly refusal: string }]
  'tool_calls.function.arguments.delta': [
    props: FunctionCall & {
      readonly index: number
      /** The arguments so far, as far as they can be read. */
      readonly parsed_arguments: unknown
      readonly arguments_delta: string
    },
  ]
  'tool_calls.function.arguments.done': [
    props: FunctionCall & { readonly index: number; readonly parsed_arguments: unknown },
  ]
  'logprobs.content.delta': [
    props: { readonly content: readonly TokenLogprob[]; readonly snapshot: readonly TokenLogprob[] },
  ]
  'logprobs.content.done': [props: { readonly content: readonly TokenLogprob[] }]
  'logprobs.refusal.delta': [
    props: { readonly refusal: readonly TokenLogprob[]; readonly snapshot: readonly TokenLogprob[] },
  ]
  'logprobs.refusal.done': [props: { readonly refusal: readonly TokenLogprob[] }]
  /** A whole completion; one for each step of `runTools`. */
  chatCompletion: [completion: ParsedChatCompletion<T>]
  /** A message that came after those of the request: the model's, or a tool's result. */
  message: [message: ParsedMessage<T> | ChatMessage]
  functionToolCall: [call: FunctionCall]
  functionToolCallResult: [content: string]
  /** These come once, at a good end. */
  finalChatCompletion: [completion: ParsedChatCompletion<T>]
  finalMessage: [message: ParsedMessage<T>]
  finalContent: [content: string]
  finalFunctionToolCall: [call: FunctionCall]
  finalFunctionToolCallResult: [content: string]
  totalUsage: [usage: Usage]
  /** It failed. */
  error: [error: Error]
  /** It was aborted. */
  abort: [error: APIUserAbortError]
  /** It is over, one way or the other. */
  end: []
}

/** What it came to. */
export interface Conclusion<T> {
  /** The last completion. */
  readonly completion: ParsedChatCompletion<T>
  /** The model's last message. */
  readonly message: ParsedMessage<T>
  readonly call: FunctionCall | undefined
  readonly callResult: string | undefined
  /** The sum over all completions; `undefined` when no service told it. */
  readonly usage: Usage | undefined
}

/** What makes the events works with. */
export interface Stage<T> {
  readonly signal: AbortSignal
  /** The request's messages and all that came after them; it adds to them. */
  readonly messages: (ParsedMessage<T> | ChatMessage)[]
  /** Of the steps so far; it adds to them. */
  readonly completions: ParsedChatCompletion<T>[]
  emit<Name extends keyof CompletionEvents<T>>(name: Name, ...args: CompletionEvents<T>[Name]): void
  /** Whether anybody listens. */
  hears(name: keyof CompletionEvents<T>): boolean
}
