import type { Clock } from '../clock.ts'
import type { Answer, ChatSettings, Message } from './message.ts'
import { further, newestLeaf, pathTo, titleOf, type Conversation } from './tree.ts'

/** What was said in one conversation, with all its branches, and which of them is shown. */
export class Transcript {
  readonly id: string
  readonly messages: Map<string, Message> = new Map()
  readonly #clock: Clock
  settings: ChatSettings
  title = ''
  leaf: string | undefined = undefined
  #createdAt = 0
  #updatedAt = 0

  constructor(id: string, settings: ChatSettings, clock: Clock) {
    this.id = id
    this.settings = settings
    this.#clock = clock
  }

  /** Milliseconds since 1970; 0 before the first message. */
  get updatedAt(): number {
    return this.#updatedAt
  }

  /** The branch that is shown. */
  get path(): readonly Message[] {
    return pathTo(this.messages, this.leaf)
  }

  /**
   * The user did something. Of two tabs the one where that was later decides what is shown; an answer that
   * grows decides nothing.
   */
  touch(): void {
    this.#updatedAt = Math.max(this.#clock.date(), this.#updatedAt + 1)
    if (this.#createdAt === 0) this.#createdAt = this.#updatedAt
  }

  /** Adds a message of the user's and shows it. */
  say(id: string, text: string, parent: string | undefined): void {
    if (this.title === '') this.title = titleOf(text)
    this.messages.set(id, { role: 'user', id, parent, createdAt: this.#clock.date(), text })
    this.leaf = id
    this.touch()
  }

  /** Adds an answer of which nothing is there yet, and shows it. */
  expect(id: string, parent: string): Answer {
    const createdAt = this.#clock.date()
    const answer: Answer = {
      role: 'assistant',
      id,
      parent,
      createdAt,
      askedAt: createdAt,
      settings: this.settings,
      status: 'waiting',
      text: '',
      reasoning: '',
      toolCalls: [],
      events: [],
      timings: { arrivals: [] },
      resumed: 0,
      part: 1,
      partAt: { text: 0, reasoning: 0 },
    }
    this.messages.set(id, answer)
    this.leaf = id
    this.touch()
    return answer
  }

  /** An answer is to become longer by another part. */
  extend(answer: Answer): Answer {
    const { finishReason: _finish, error: _error, streamId: _stream, ...kept } = answer
    const longer: Answer = {
      ...kept,
      status: 'waiting',
      part: answer.part + 1,
      partAt: { text: answer.text.length, reasoning: answer.reasoning.length },
      askedAt: this.#clock.date(),
      timings: { arrivals: [] },
    }
    this.messages.set(answer.id, longer)
    this.touch()
    return longer
  }

  /** Shows the branch that a message is in. */
  choose(id: string): void {
    if (!this.messages.has(id)) return
    this.leaf = newestLeaf(this.messages, id)
    this.touch()
  }

  /** Takes in what a store has: another tab may have gone on. Messages for which `isOurs` holds stay as they are. */
  takeIn(kept: Conversation, isOurs: (id: string) => boolean): void {
    for (const message of kept.messages) {
      const own = this.messages.get(message.id)
      if (own === undefined || (!isOurs(message.id) && further(own, message) === message))
        this.messages.set(message.id, message)
    }
    if (kept.updatedAt <= this.#updatedAt) return
    this.leaf = kept.leaf
    this.settings = kept.settings
    this.title = kept.title
    this.#createdAt = kept.createdAt
    this.#updatedAt = kept.updatedAt
  }

  /** All of it. */
  export(): Conversation {
    const { id, title, settings, leaf } = this
    const messages = [...this.messages.values()]
    return { id, title, settings, leaf, messages, createdAt: this.#createdAt, updatedAt: this.#updatedAt }
  }
}
