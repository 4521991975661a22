import type { Clock } from '../clock.ts'
import type { ChatClient } from './client.ts'
import type { Frame } from './frame.ts'
import type { ChatSettings, Message } from './message.ts'
import type { PriceOf } from './run.ts'
import type { ConversationStore } from './store.ts'

/** What a conversation is made of. */
export interface ChatOptions {
  readonly client: ChatClient
  /** The conversation to go on with; a new one unless told. */
  readonly id?: string | undefined
  /** `{ model: 'default' }` unless told. */
  readonly settings?: ChatSettings | undefined
  /** Nothing is kept unless told. */
  readonly store?: ConversationStore | undefined
  readonly clock?: Clock | undefined
  /** Makes ids that are never made twice, also not by other tabs. */
  readonly newId?: (() => string) | undefined
  readonly frame?: Frame | undefined
  readonly priceOf?: PriceOf | undefined
  /** `X-Stream-On-Disconnect` (PROTOCOL 7); `grace=300` unless told: who reloads or loses the network finds it again. */
  readonly onDisconnect?: string | undefined
}

/** A conversation at one moment. The same object until something changes. */
export interface ChatSnapshot {
  readonly id: string
  readonly title: string
  /** `loading`: the store has not answered yet; `busy`: an answer is being waited for or is coming. */
  readonly status: 'loading' | 'ready' | 'busy'
  /** The branch that is shown. Objects of messages that did not change are the same as before. */
  readonly messages: readonly Message[]
  /** What is sent when the present answer has ended. */
  readonly queue: readonly string[]
  readonly settings: ChatSettings
  /** Milliseconds since 1970; 0 before the first message. */
  readonly updatedAt: number
}
