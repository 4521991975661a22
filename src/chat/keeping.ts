import type { Clock } from '../clock.ts'
import type { ConversationStore } from './store.ts'
import type { Conversation } from './tree.ts'

/** A conversation that changes is kept no more often than this, unless something must be kept now. */
const SAVE_MS = 1_000

/** Sees to it that a conversation is kept: at once where a reload must find it, soon while it grows. */
export class Keeping {
  readonly #store: ConversationStore | undefined
  readonly #clock: Clock
  readonly #conversation: () => Conversation
  #isOver = false
  #callOff: (() => void) | undefined = undefined

  /** `conversation`: as it is now. Nothing is kept without a store, or before there is a message. */
  constructor(store: ConversationStore | undefined, clock: Clock, conversation: () => Conversation) {
    this.#store = store
    this.#clock = clock
    this.#conversation = conversation
  }

  /** Keeps it before long, with all that changes until then. */
  soon(): void {
    if (this.#store === undefined || this.#isOver) return
    this.#callOff ??= this.#clock.after(SAVE_MS, () => void this.now())
  }

  /** Keeps it. Never throws: a store that fails (no space, a private window) must not end the conversation. */
  async now(): Promise<void> {
    this.#callOff?.()
    this.#callOff = undefined
    if (this.#store === undefined || this.#isOver) return
    const conversation = this.#conversation()
    if (conversation.messages.length > 0) await this.#store.save(conversation).catch(() => undefined)
  }

  /** Nothing more is kept. */
  end(): void {
    this.#isOver = true
    this.#callOff?.()
  }
}
