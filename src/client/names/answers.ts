/** A chat completion, whole and streamed, by the names of OpenAI's SDK. */
import type * as chunk from '../../completion/chunk.ts'
import type { Writable } from './writable.ts'

// Interfaces where `openai` has them: what `Object.entries` makes of one is `any`, and programs count on it.
type CallOf<Type extends chunk.ToolCall['type']> = Writable<Extract<chunk.ToolCall, { readonly type: Type }>>
interface Findings extends Writable<chunk.ModerationResults> {}
type Finding = Findings['results'][number]
interface NoFindings extends Writable<chunk.ModerationError> {}
interface SomeLogprobs extends Writable<chunk.Logprobs> {}

/** A whole completion. */
export interface ChatCompletion extends Writable<chunk.ChatCompletion> {
  choices: ChatCompletion.Choice[]
  usage?: CompletionUsage
}
/** Its parts. */
export declare namespace ChatCompletion {
  interface Choice extends Writable<chunk.CompletionChoice> {
    message: ChatCompletionMessage
  }
  namespace Choice {
    type Logprobs = SomeLogprobs
  }
  interface Moderation extends Writable<chunk.Moderation> {}
  namespace Moderation {
    type ModerationResults = Findings
    namespace ModerationResults {
      type Result = Finding
    }
    type Error = NoFindings
  }
}

/** One step of a streamed completion. */
export interface ChatCompletionChunk extends Writable<chunk.ChatCompletionChunk> {
  choices: ChatCompletionChunk.Choice[]
  usage?: CompletionUsage | null
}
/** Its parts. */
export declare namespace ChatCompletionChunk {
  interface Choice extends Writable<chunk.ChunkChoice> {
    delta: Choice.Delta
  }
  namespace Choice {
    interface Delta extends Writable<chunk.Delta> {
      tool_calls?: Delta.ToolCall[]
    }
    namespace Delta {
      type Audio = NonNullable<Delta['audio']>
      type FunctionCall = NonNullable<Delta['function_call']>
      interface ToolCall extends Writable<chunk.ToolCallDelta> {}
      namespace ToolCall {
        type Custom = NonNullable<ToolCall['custom']>
        type Function = NonNullable<ToolCall['function']>
      }
    }
    type Logprobs = SomeLogprobs
  }
  interface Moderation extends Writable<chunk.Moderation> {}
  namespace Moderation {
    type ModerationResults = Findings
    namespace ModerationResults {
      type Result = Finding
    }
    type Error = NoFindings
  }
}

/** The message of a whole completion. */
export interface ChatCompletionMessage extends Writable<chunk.ChatCompletionMessage> {
  tool_calls?: ChatCompletionMessageToolCall[]
}
/** Its parts. */
export declare namespace ChatCompletionMessage {
  type Annotation = NonNullable<ChatCompletionMessage['annotations']>[number]
  namespace Annotation {
    type URLCitation = Annotation['url_citation']
  }
  type FunctionCall = NonNullable<ChatCompletionMessage['function_call']>
}

/** The model's speech. */
export type ChatCompletionAudio = NonNullable<ChatCompletionMessage['audio']>
/** A tool call as the model made it. */
export type ChatCompletionMessageToolCall = ChatCompletionMessageFunctionToolCall | ChatCompletionMessageCustomToolCall

/** A call of a function. */
export interface ChatCompletionMessageFunctionToolCall extends CallOf<'function'> {}
/** Its parts. */
export declare namespace ChatCompletionMessageFunctionToolCall {
  type Function = ChatCompletionMessageFunctionToolCall['function']
}

/** A call of a custom tool. */
export interface ChatCompletionMessageCustomToolCall extends CallOf<'custom'> {}
/** Its parts. */
export declare namespace ChatCompletionMessageCustomToolCall {
  type Custom = ChatCompletionMessageCustomToolCall['custom']
}

/** One token and how probable it was. */
export interface ChatCompletionTokenLogprob extends Writable<chunk.TokenLogprob> {}
/** Its parts. */
export declare namespace ChatCompletionTokenLogprob {
  type TopLogprob = ChatCompletionTokenLogprob['top_logprobs'][number]
}

/** What a completion cost, in tokens. */
export interface CompletionUsage extends Writable<chunk.Usage> {}
/** Its parts. */
export declare namespace CompletionUsage {
  type CompletionTokensDetails = NonNullable<CompletionUsage['completion_tokens_details']>
  type PromptTokensDetails = NonNullable<CompletionUsage['prompt_tokens_details']>
}
