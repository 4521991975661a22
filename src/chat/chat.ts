import { systemClock, type Clock } from '../clock.ts'
import type { ChatClient } from './client.ts'
import { nextFrame, type Frame } from './frame.ts'
import { isOpen, type Answer, type ChatSettings, type Message } from './message.ts'
import { Run, type PriceOf } from './run.ts'
import type { ConversationStore } from './store.ts'
import { alternativesOf, further, newestLeaf, pathTo, titleOf, type Conversation } from './tree.ts'

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

const SAVE_MS = 1_000

/**
 * A conversation: what was said, in branches, and the answers that are being read. Without a framework;
 * does nothing, not even load, before it is subscribed to or told to do something, so that it can be made
 * while a page is rendered on a server.
 */
export class Chat {
  readonly id: string
  readonly #options: ChatOptions
  readonly #clock: Clock
  readonly #newId: () => string
  readonly #messages = new Map<string, Message>()
  readonly #runs = new Map<string, Run>()
  readonly #listeners = new Set<() => void>()
  #queue: readonly string[] = []
  #settings: ChatSettings
  #title = ''
  #createdAt = 0
  #updatedAt = 0
  #leaf: string | undefined = undefined
  #snapshot: ChatSnapshot
  #loading: Promise<void> | undefined = undefined
  #isLoaded: boolean
  #isNotifying = false
  #callOffSave: (() => void) | undefined = undefined
  #unwatch: (() => void) | undefined = undefined

  constructor(options: ChatOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#newId = options.newId ?? randomId
    this.id = options.id ?? this.#newId()
    this.#settings = options.settings ?? { model: 'default' }
    this.#isLoaded = options.store === undefined
    this.#snapshot = this.#look()
  }

  /** For `useSyncExternalStore`. */
  readonly getSnapshot = (): ChatSnapshot => this.#snapshot

  /** Calls `listener` after changes, at most once per frame while an answer comes. The result ends it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    void this.load()
    return () => void this.#listeners.delete(listener)
  }

  /** Reads the conversation from the store and goes on with the answers that were open. Once. */
  load(): Promise<void> {
    return (this.#loading ??= this.#load())
  }

  /**
   * Says something; waits in the queue while an answer is coming. Resolves when the answer has ended,
   * however it did, or when it was queued.
   *
   * @param options.fresh Begins anew, without what was said before.
   */
  async send(text: string, options: { readonly fresh?: boolean } = {}): Promise<void> {
    await this.load()
    if (this.#isBusy) {
      this.#queue = [...this.#queue, text]
      return this.#changed()
    }
    const user = this.#say(text, options.fresh ? undefined : this.#leaf)
    await this.#ask(user)
  }

  /** Takes something back that waits in the queue. */
  unqueue(index: number): void {
    this.#queue = this.#queue.filter((_, at) => at !== index)
    this.#changed()
  }

  /** Stops the answer that is coming; the model stops too. What waits in the queue stays there. */
  stop(): void {
    for (const message of this.#snapshot.messages) this.#runs.get(message.id)?.stop()
    this.#changed()
  }

  /** Asks again: for another answer in place of this one, or to this message of the user's. The last one unless told. */
  async regenerate(id?: string): Promise<void> {
    await this.load()
    const message = this.#messages.get(id ?? this.#leaf ?? '')
    const user = message?.role === 'assistant' ? message.parent : message?.id
    if (user === undefined) return
    this.stop()
    await this.#ask(user)
  }

  /** Says something else in place of a message of the user's, and asks; the other branch stays. */
  async edit(id: string, text: string): Promise<void> {
    await this.load()
    const message = this.#messages.get(id)
    if (message?.role !== 'user') return
    this.stop()
    await this.#ask(this.#say(text, message.parent))
  }

  /** Asks for the rest of an answer that was stopped, cut or ended at its limit; the last one unless told. */
  async continue(id?: string): Promise<void> {
    await this.load()
    const answer = this.#messages.get(id ?? this.#leaf ?? '')
    if (answer?.role !== 'assistant' || isOpen(answer)) return
    const { finishReason: _, error: _error, streamId: _stream, ...kept } = answer
    const next: Answer = {
      ...kept,
      status: 'waiting',
      part: answer.text === '' ? answer.part : answer.part + 1,
      partAt: { text: answer.text.length, reasoning: answer.reasoning.length },
      askedAt: this.#clock.date(),
      timings: { arrivals: [] },
    }
    // Nothing was said: that is a new attempt, and must not find the failed stream by its key.
    if (answer.text === '') return this.regenerate(answer.id)
    this.#put(next)
    await this.#read(next, false)
  }

  /** Takes up the answers that were open when the page went away, or whose connection broke. */
  async resume(): Promise<void> {
    await this.load()
    const broken = [...this.#messages.values()].filter(
      (message): message is Answer =>
        message.role === 'assistant' &&
        !this.#runs.has(message.id) &&
        (isOpen(message) || (message.status === 'failed' && message.error?.resumable === true)),
    )
    await Promise.all(broken.map((answer) => this.#read(answer, true)))
  }

  /** Shows the branch that this message is in. */
  choose(id: string): void {
    if (!this.#messages.has(id)) return
    this.#leaf = newestLeaf(this.#messages, id)
    this.#touch()
  }

  /** The ids of the messages that stand in the same place (edited, regenerated), oldest first. */
  alternatives(id: string): readonly string[] {
    return alternativesOf(this.#messages, id)
  }

  /** How further answers are asked for. */
  configure(settings: Partial<ChatSettings>): void {
    this.#settings = { ...this.#settings, ...settings }
    this.#touch()
  }

  rename(title: string): void {
    this.#title = title
    this.#touch()
  }

  /** All of it, with every branch. */
  export(): Conversation {
    return {
      id: this.id,
      title: this.#title,
      createdAt: this.#createdAt,
      updatedAt: this.#updatedAt,
      settings: this.#settings,
      messages: [...this.#messages.values()],
      leaf: this.#leaf,
    }
  }

  /** Lets go: answers that are coming are no longer read here (their model goes on), nothing more is kept. */
  dispose(): void {
    for (const run of this.#runs.values()) run.leave()
    this.#runs.clear()
    this.#listeners.clear()
    this.#callOffSave?.()
    this.#unwatch?.()
  }

  get #isBusy(): boolean {
    return pathTo(this.#messages, this.#leaf).some((message) => this.#runs.has(message.id) && isOpen(message))
  }

  async #load(): Promise<void> {
    const { store } = this.#options
    if (store === undefined) return
    const take = async (): Promise<void> => {
      const kept = await store.load(this.id).catch(() => undefined)
      if (kept !== undefined) this.#takeIn(kept)
      this.#isLoaded = true
      this.#changed()
    }
    await take()
    this.#unwatch = store.watch((id) => void (id === this.id ? take().then(() => this.resume()) : undefined))
    // Not waited for: loading is done, reading goes on.
    void Promise.resolve().then(() => this.resume())
  }

  /** What the store has, beside what is here: another tab may have gone on. */
  #takeIn(kept: Conversation): void {
    for (const message of kept.messages) {
      const own = this.#messages.get(message.id)
      if (own === undefined || (!this.#runs.has(message.id) && further(own, message) === message))
        this.#messages.set(message.id, message)
    }
    if (kept.updatedAt <= this.#updatedAt) return
    this.#leaf = kept.leaf
    this.#settings = kept.settings
    this.#title = kept.title
    this.#createdAt = kept.createdAt
    this.#updatedAt = kept.updatedAt
  }

  #say(text: string, parent: string | undefined): string {
    const id = this.#newId()
    const createdAt = this.#clock.date()
    if (this.#title === '') this.#title = titleOf(text)
    if (this.#createdAt === 0) this.#createdAt = createdAt
    this.#put({ role: 'user', id, parent, createdAt, text })
    this.#leaf = id
    return id
  }

  async #ask(parent: string): Promise<void> {
    const createdAt = this.#clock.date()
    const answer: Answer = {
      role: 'assistant',
      id: this.#newId(),
      parent,
      createdAt,
      askedAt: createdAt,
      settings: this.#settings,
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
    this.#put(answer)
    this.#leaf = answer.id
    await this.#read(answer, false)
  }

  async #read(answer: Answer, isAgain: boolean): Promise<void> {
    const run = new Run(answer, {
      client: this.#options.client,
      clock: this.#clock,
      conversation: this.id,
      onDisconnect: this.#options.onDisconnect ?? 'grace=300',
      before: pathTo(this.#messages, answer.parent),
      priceOf: this.#options.priceOf,
      onOpen: () => this.#touch(),
      onProgress: () => this.#soon(),
    })
    this.#runs.set(answer.id, run)
    this.#touch()
    // Before anything is asked for: a reload from here on finds the question, and its answer by the key.
    await this.#save()
    await run.read(isAgain)
    if (this.#runs.get(answer.id) !== run) return
    const ended = run.answer
    this.#runs.delete(answer.id)
    this.#put(ended)
    this.#touch()
    void this.#save()
    const [next, ...later] = this.#queue
    if (next === undefined || ended.status === 'failed' || this.#isBusy) return
    this.#queue = later
    await this.send(next)
  }

  #put(message: Message): void {
    this.#messages.set(message.id, message)
  }

  #touch(): void {
    this.#updatedAt = Math.max(this.#clock.date(), this.#updatedAt + 1)
    this.#changed()
    if (this.#options.store === undefined || this.#callOffSave !== undefined) return
    this.#callOffSave = this.#clock.after(SAVE_MS, () => void this.#save())
  }

  async #save(): Promise<void> {
    this.#callOffSave?.()
    this.#callOffSave = undefined
    const { store } = this.#options
    if (store === undefined || this.#messages.size === 0) return
    for (const [id, run] of this.#runs) this.#put(run.answer ?? this.#messages.get(id))
    // A store that fails (no space, a private window) must not end the conversation.
    await store.save(this.export()).catch(() => undefined)
  }

  #soon(): void {
    if (this.#isNotifying) return
    this.#isNotifying = true
    const frame = this.#options.frame ?? nextFrame
    frame(() => {
      this.#isNotifying = false
      this.#touch()
    })
  }

  #changed(): void {
    for (const run of this.#runs.values()) this.#put(run.answer)
    this.#snapshot = this.#look()
    for (const listener of this.#listeners) listener()
  }

  #look(): ChatSnapshot {
    const messages = pathTo(this.#messages, this.#leaf)
    const isBusy = messages.some((message) => this.#runs.has(message.id) && isOpen(message))
    return {
      id: this.id,
      title: this.#title,
      status: this.#isLoaded ? (isBusy ? 'busy' : 'ready') : 'loading',
      messages,
      queue: this.#queue,
      settings: this.#settings,
      updatedAt: this.#updatedAt,
    }
  }
}

/** A conversation. See `Chat`. */
export function createChat(options: ChatOptions): Chat {
  return new Chat(options)
}

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
