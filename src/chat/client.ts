import type { ChatCompletionChunk } from '../completion/chunk.ts'
import type { ChatRequest } from '../completion/request.ts'

/** A chunk, or a named event, of an answer's stream. */
export type StreamEvent =
  | { readonly type: 'chunk'; readonly chunk: ChatCompletionChunk }
  | { readonly type: 'event'; readonly name: string; readonly data: unknown }

/** What a conversation needs of a stream; the SDK's `ChatStream` is one. */
export interface AnswerStream {
  /** Its id at a gateway; `undefined` without one, and then it cannot be taken up after a reload. */
  readonly id: string | undefined
  readonly metrics?: { readonly reconnects: number; readonly rescues: number } | undefined
  /** Ends without an error only when the answer is whole, or after `cancel`. */
  events(): AsyncIterable<StreamEvent>
  /** The model is to stop. */
  cancel(): Promise<void>
}

/** What a conversation says beside its request. */
export interface AskOptions {
  /** The same key never starts two answers. */
  readonly idempotencyKey: string
  readonly headers: Readonly<Record<string, string>>
}

/** What a conversation needs of a client; the SDK's `OpenAI` is one. */
export interface ChatClient {
  readonly chat: {
    readonly completions: {
      create(request: ChatRequest & { readonly stream: true }, options: AskOptions): PromiseLike<AnswerStream>
    }
  }
  readonly streams: {
    /** The stream from its start: what there is of it at once, then what comes. */
    resume(id: string): PromiseLike<AnswerStream>
  }
}
