/** `sluice/chat`: a conversation's state, without a framework. */
export { Chat, createChat } from './chat.ts'
export { Chats, type ChatsOptions, type ListedChat } from './chats.ts'
export type { AnswerStream, AskOptions, ChatClient, StreamEvent } from './client.ts'
export { nextFrame, type Frame } from './frame.ts'
export { createIndexedDbStore } from './indexed-db.ts'
export {
  isOpen,
  type Answer,
  type AnswerError,
  type AnswerStatus,
  type ChatSettings,
  type Message,
  type Timings,
  type TypedEvent,
  type UserMessage,
} from './message.ts'
export type { ChatOptions, ChatSnapshot } from './options.ts'
export type { PriceOf } from './run.ts'
export { createMemoryStore, type ConversationStore, type ConversationSummary } from './store.ts'
export type { Conversation } from './tree.ts'
