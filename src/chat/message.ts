import type { ToolCall, Usage } from '../completion/chunk.ts'
import type { ChatRequest } from '../completion/request.ts'

/** How answers of a conversation are asked for. */
export interface ChatSettings {
  readonly model: string
  readonly system?: string | undefined
  readonly temperature?: number | undefined
  /** The longest answer, in tokens. */
  readonly maxTokens?: number | undefined
  /** Further fields of the request: `seed`, `tools`, `reasoning_effort` … */
  readonly extra?: Partial<ChatRequest> | undefined
}

/** What the user said. */
export interface UserMessage {
  readonly role: 'user'
  readonly id: string
  /** The message it answers; `undefined` at the start of a conversation. */
  readonly parent: string | undefined
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly text: string
}

/**
 * How an answer is doing. `waiting`: asked for, nothing came yet; `stopped`: by the user, or by whoever
 * cancelled the stream. The first two are open, the others final.
 */
export type AnswerStatus = 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed'

/** A named event that a service sent beside the text (FastGPT: `flowNodeStatus`, `interactive` …). */
export interface TypedEvent {
  readonly name: string
  /** Its JSON, or its text where it is none. From outside: may be anything. */
  readonly data: unknown
}

/** What went wrong with an answer. */
export interface AnswerError {
  readonly message: string
  /** The service's code, or the name of the error class; nothing to show to people. */
  readonly code: string
  /** Whether `resume()` may bring the rest: the connection is at fault, not the service. */
  readonly resumable: boolean
}

/** When things happened, in milliseconds after the answer's newest part was asked for. */
export interface Timings {
  /** Until the first text, reasoning or tool call. */
  readonly firstTokenMs?: number | undefined
  readonly totalMs?: number | undefined
  /** When each chunk came; the first 5,000. Chunks that came again after a reload are not in it twice. */
  readonly arrivals: readonly number[]
}

/** What the model said. Its object is replaced when anything in it changes, and only then. */
export interface Answer {
  readonly role: 'assistant'
  readonly id: string
  /** The user's message that it answers. */
  readonly parent: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** When its newest part was asked for; `timings` count from here. Milliseconds since 1970. */
  readonly askedAt: number
  /** As they were when it was asked for: a reload asks the same again. */
  readonly settings: ChatSettings
  readonly status: AnswerStatus
  readonly text: string
  readonly reasoning: string
  readonly toolCalls: readonly ToolCall[]
  readonly events: readonly TypedEvent[]
  readonly finishReason?: string | undefined
  readonly usage?: Usage | undefined
  /** US dollars, where the service or `priceOf` says it. */
  readonly cost?: number | undefined
  readonly timings: Timings
  readonly error?: AnswerError | undefined
  /** The stream at a gateway that its newest part comes from. */
  readonly streamId?: string | undefined
  /** How often it was taken up: after a reload, or by the client after a broken connection. */
  readonly resumed: number
  /** 1, and one more for each `continue`. */
  readonly part: number
  /** Where the newest part begins, in characters of `text` and `reasoning`. */
  readonly partAt: { readonly text: number; readonly reasoning: number }
}

/** One turn of a conversation. */
export type Message = UserMessage | Answer

/** Whether more of it may come. */
export function isOpen(message: Message | undefined): boolean {
  return message?.role === 'assistant' && (message.status === 'waiting' || message.status === 'streaming')
}
