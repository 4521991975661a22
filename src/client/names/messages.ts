/** Messages of a request and what they are made of, by the names of OpenAI's SDK. */
import type { CacheBreakpoint, ChatMessage, ContentPart, RefusalPart, TextPart } from '../../completion/request.ts'
import type { Writable } from './writable.ts'

/** The message that somebody with this role sends. */
type MessageOf<Role extends ChatMessage['role']> = Writable<Extract<ChatMessage, { readonly role: Role }>>
/** The content part of this type. */
type PartOf<Type extends ContentPart['type']> = Writable<Extract<ContentPart, { readonly type: Type }>>
type FileContent = PartOf<'file'>['file']
type PromptCache = Writable<CacheBreakpoint>

/** One turn of a conversation, as it is sent. */
export type ChatCompletionMessageParam =
  | ChatCompletionDeveloperMessageParam
  | ChatCompletionSystemMessageParam
  | ChatCompletionUserMessageParam
  | ChatCompletionAssistantMessageParam
  | ChatCompletionToolMessageParam
  | ChatCompletionFunctionMessageParam
/** Who speaks. */
export type ChatCompletionRole = ChatMessage['role']
/** Instructions of the program. */
export interface ChatCompletionDeveloperMessageParam extends MessageOf<'developer'> {}
/** The same for older models. */
export interface ChatCompletionSystemMessageParam extends MessageOf<'system'> {}
/** What the user says. */
export interface ChatCompletionUserMessageParam extends MessageOf<'user'> {}
/** What a tool gave. */
export interface ChatCompletionToolMessageParam extends MessageOf<'tool'> {}
/** What a function gave, before there were tools. */
export interface ChatCompletionFunctionMessageParam extends MessageOf<'function'> {}

/** The model's turn, sent back. */
export interface ChatCompletionAssistantMessageParam extends MessageOf<'assistant'> {}
/** Its parts. */
export declare namespace ChatCompletionAssistantMessageParam {
  type Audio = NonNullable<ChatCompletionAssistantMessageParam['audio']>
  type FunctionCall = NonNullable<ChatCompletionAssistantMessageParam['function_call']>
}

/** What a user's message may be made of. */
export type ChatCompletionContentPart =
  | ChatCompletionContentPartText
  | ChatCompletionContentPartImage
  | ChatCompletionContentPartInputAudio
  | ChatCompletionContentPart.File
/** Its parts. */
export declare namespace ChatCompletionContentPart {
  interface File extends PartOf<'file'> {}
  namespace File {
    export type { FileContent as File, PromptCache as PromptCacheBreakpoint }
  }
}

/** Text. */
export interface ChatCompletionContentPartText extends Writable<TextPart> {}
/** Its parts. */
export declare namespace ChatCompletionContentPartText {
  type PromptCacheBreakpoint = PromptCache
}

/** A picture. */
export interface ChatCompletionContentPartImage extends PartOf<'image_url'> {}
/** Its parts. */
export declare namespace ChatCompletionContentPartImage {
  type ImageURL = ChatCompletionContentPartImage['image_url']
  type PromptCacheBreakpoint = PromptCache
}

/** Speech. */
export interface ChatCompletionContentPartInputAudio extends PartOf<'input_audio'> {}
/** Its parts. */
export declare namespace ChatCompletionContentPartInputAudio {
  type InputAudio = ChatCompletionContentPartInputAudio['input_audio']
  type PromptCacheBreakpoint = PromptCache
}

/** What the model refused with. */
export interface ChatCompletionContentPartRefusal extends Writable<RefusalPart> {}
