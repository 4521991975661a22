import type { Clock } from '../clock.ts'
import { SluiceError } from '../errors.ts'

/** One turn, as it goes to a provider. */
export interface Turn {
  readonly role: string
  readonly content?: unknown
}

/** How much is remembered. */
export interface ChatLimits {
  readonly chats: number
  /** Turns of one chat; beyond, the oldest are forgotten. */
  readonly turns: number
  /** Characters of one chat's turns, as JSON. */
  readonly size: number
  /** How long a chat that nobody goes on with is remembered, in milliseconds. */
  readonly ttl: number
}

const LIMITS: ChatLimits = { chats: 1_000, turns: 100, size: 256 * 1024, ttl: 3_600_000 }

interface Chat {
  turns: readonly { readonly turn: Turn; readonly size: number }[]
  usedAt: number
  isBusy: boolean
}

/**
 * What was said in chats that are known by an id (FastGPT's `chatId`): in memory, for an hour, each
 * owner's by itself. Bounded: the chat that was not used for longest goes first.
 */
export class Chats {
  readonly #clock: Clock
  readonly #limits: ChatLimits
  /** In the order of their last use. */
  readonly #chats = new Map<string, Chat>()

  constructor(clock: Clock, limits: ChatLimits = LIMITS) {
    this.#clock = clock
    this.#limits = limits
  }

  /** How many are remembered. */
  get count(): number {
    return this.#chats.size
  }

  /**
   * What was said so far; the chat is busy until `end`. With `alone` an answer that is still coming is in
   * the way: throws `conflict`.
   */
  begin(owner: string, chatId: string, alone: boolean): readonly Turn[] {
    this.#forget(this.#limits.ttl)
    const key = keyOf(owner, chatId)
    const chat = this.#chats.get(key) ?? this.#add()
    if (alone && chat.isBusy)
      throw new SluiceError('conflict', 'This chat is generating an answer', { param: 'chatId' })
    this.#use(key, chat)
    chat.isBusy = true
    return chat.turns.map(({ turn }) => turn)
  }

  /** The answer has come; `said`: the question and the answer, or nothing when there was none. */
  end(owner: string, chatId: string, said: readonly Turn[]): void {
    const key = keyOf(owner, chatId)
    const chat = this.#chats.get(key) ?? this.#add()
    chat.isBusy = false
    let turns = [...chat.turns, ...said.map((turn) => ({ turn, size: JSON.stringify(turn).length }))]
    let size = turns.reduce((sum, turn) => sum + turn.size, 0)
    while (turns.length > this.#limits.turns || size > this.#limits.size) {
      const [oldest, ...rest] = turns
      size -= oldest?.size ?? 0
      turns = rest
    }
    chat.turns = turns
    if (turns.length === 0) this.#chats.delete(key)
    else this.#use(key, chat)
  }

  #use(key: string, chat: Chat): void {
    chat.usedAt = this.#clock.now()
    this.#chats.delete(key)
    this.#chats.set(key, chat)
  }

  /** A new one, and room for it. */
  #add(): Chat {
    for (const key of this.#chats.keys()) {
      if (this.#chats.size < this.#limits.chats) break
      this.#chats.delete(key)
    }
    return { turns: [], usedAt: 0, isBusy: false }
  }

  /** Forgets what was not used for so long. */
  #forget(ms: number): void {
    const oldest = this.#clock.now() - ms
    for (const [key, chat] of this.#chats) {
      if (chat.usedAt > oldest) return
      this.#chats.delete(key)
    }
  }
}

function keyOf(owner: string, chatId: string): string {
  return JSON.stringify([owner, chatId])
}
