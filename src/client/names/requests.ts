/** A request for a chat completion, its tools and formats, by the names of OpenAI's SDK. */
import type * as request from '../../completion/request.ts'
import type { ChatCompletionMessageParam } from './messages.ts'
import type { Writable } from './writable.ts'

interface Request extends Omit<Writable<request.ChatRequest>, 'stream'> {
  messages: ChatCompletionMessageParam[]
  tools?: ChatCompletionTool[]
}
type ToolOf<Type extends request.Tool['type']> = Writable<Extract<request.Tool, { readonly type: Type }>>
type ChoiceOf<Type extends string> = Writable<Extract<request.ToolChoice, { readonly type: Type }>>
type FormatOf<Type extends string> = Writable<Extract<request.ResponseFormat, { readonly type: Type }>>

/** A request for a whole answer. */
export interface ChatCompletionCreateParamsNonStreaming extends Request {
  stream?: false | null
}
/** A request for a streamed answer. */
export interface ChatCompletionCreateParamsStreaming extends Request {
  stream: true
}
/** A request for a value; `parse` takes a schema as its format, too. */
export type ChatCompletionParseParams = ChatCompletionCreateParamsNonStreaming

/** A request for either. */
export type ChatCompletionCreateParams = ChatCompletionCreateParamsNonStreaming | ChatCompletionCreateParamsStreaming
/** Its parts. */
export declare namespace ChatCompletionCreateParams {
  export type Function = NonNullable<Request['functions']>[number]
  export type Moderation = NonNullable<Request['moderation']>
  export namespace Moderation {
    type Policy = NonNullable<Moderation['policy']>
    namespace Policy {
      export type Input = NonNullable<Policy['input']>
      export type Output = NonNullable<Policy['output']>
    }
  }
  export type PromptCacheOptions = NonNullable<Request['prompt_cache_options']>
  export type WebSearchOptions = NonNullable<Request['web_search_options']>
  export namespace WebSearchOptions {
    type UserLocation = NonNullable<WebSearchOptions['user_location']>
    namespace UserLocation {
      export type Approximate = UserLocation['approximate']
    }
  }
  export type { ChatCompletionCreateParamsNonStreaming, ChatCompletionCreateParamsStreaming }
}

/** What a stream is to tell beside the answer. */
export type ChatCompletionStreamOptions = NonNullable<Request['stream_options']>
/** Text, or speech. */
export type ChatCompletionModality = NonNullable<Request['modalities']>[number]
/** What is expected of the answer. */
export type ChatCompletionPredictionContent = NonNullable<Request['prediction']>
/** How hard a reasoning model is to think. */
export type ReasoningEffort = request.ReasoningEffort | null
/** The same. */
export type ChatCompletionReasoningEffort = ReasoningEffort
/** What a request notes for its maker. */
export type Metadata = NonNullable<Request['metadata']>

/** How the answer is to sound. */
export type ChatCompletionAudioParam = NonNullable<Request['audio']>
/** Its parts. */
export declare namespace ChatCompletionAudioParam {
  type ID = Exclude<ChatCompletionAudioParam['voice'], string>
}

/** A tool the model may use. */
export type ChatCompletionTool = ChatCompletionFunctionTool | ChatCompletionCustomTool
/** A function as a tool. */
export interface ChatCompletionFunctionTool extends ToolOf<'function'> {}
/** A function the model may call. */
export interface FunctionDefinition extends Writable<request.FunctionDefinition> {}
/** A JSON Schema. */
export type FunctionParameters = NonNullable<FunctionDefinition['parameters']>

/** A tool that takes text. */
export interface ChatCompletionCustomTool extends ToolOf<'custom'> {}
/** Its parts. */
export declare namespace ChatCompletionCustomTool {
  type Custom = ChatCompletionCustomTool['custom']
  namespace Custom {
    type Text = Extract<NonNullable<Custom['format']>, { type: 'text' }>
    type Grammar = Extract<NonNullable<Custom['format']>, { type: 'grammar' }>
    namespace Grammar {
      export type { GrammarText as Grammar }
    }
  }
}

type GrammarText = ChatCompletionCustomTool.Custom.Grammar['grammar']

/** Whether and which tools are to be used. */
export type ChatCompletionToolChoiceOption =
  | Extract<request.ToolChoice, string>
  | ChatCompletionAllowedToolChoice
  | ChatCompletionNamedToolChoice
  | ChatCompletionNamedToolChoiceCustom
/** Some of the tools. */
export interface ChatCompletionAllowedToolChoice extends ChoiceOf<'allowed_tools'> {}
/** Which. */
export type ChatCompletionAllowedTools = ChatCompletionAllowedToolChoice['allowed_tools']

/** This function. */
export interface ChatCompletionNamedToolChoice extends ChoiceOf<'function'> {}
/** Its parts. */
export declare namespace ChatCompletionNamedToolChoice {
  type Function = ChatCompletionNamedToolChoice['function']
}

/** This custom tool. */
export interface ChatCompletionNamedToolChoiceCustom extends ChoiceOf<'custom'> {}
/** Its parts. */
export declare namespace ChatCompletionNamedToolChoiceCustom {
  type Custom = ChatCompletionNamedToolChoiceCustom['custom']
}

/** This function, before there were tools. */
export type ChatCompletionFunctionCallOption = Exclude<NonNullable<Request['function_call']>, string>

/** The answer as text. */
export interface ResponseFormatText extends FormatOf<'text'> {}
/** The answer as any JSON. */
export interface ResponseFormatJSONObject extends FormatOf<'json_object'> {}
/** The answer as JSON of this shape. */
export interface ResponseFormatJSONSchema extends FormatOf<'json_schema'> {}
/** Its parts. */
export declare namespace ResponseFormatJSONSchema {
  type JSONSchema = ResponseFormatJSONSchema['json_schema']
}
