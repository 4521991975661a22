/** Completions that were read as values, by the names of OpenAI's SDK. */
import type {
  ChatCompletion,
  ChatCompletionMessage,
  ChatCompletionMessageCustomToolCall,
  ChatCompletionMessageFunctionToolCall,
} from './answers.ts'

/** A function's call with its arguments as a value, where its tool says how to read them. */
export interface ParsedFunction extends ChatCompletionMessageFunctionToolCall.Function {
  parsed_arguments?: unknown
}

/** The tool call that has it. */
export interface ParsedFunctionToolCall extends ChatCompletionMessageFunctionToolCall {
  function: ParsedFunction
}

/** Any tool call. */
export type ParsedChatCompletionMessageToolCall = ParsedFunctionToolCall | ChatCompletionMessageCustomToolCall

/** A message with its content as a value; `null` when it has none: a refusal, tool calls, mere text. */
export interface ParsedChatCompletionMessage<ParsedT> extends ChatCompletionMessage {
  parsed: ParsedT | null
  tool_calls?: ParsedChatCompletionMessageToolCall[]
}

/** A choice with such a message. */
export interface ParsedChoice<ParsedT> extends ChatCompletion.Choice {
  message: ParsedChatCompletionMessage<ParsedT>
}

/** A completion of such choices. */
export interface ParsedChatCompletion<ParsedT> extends ChatCompletion {
  choices: ParsedChoice<ParsedT>[]
}
