import { systemClock, type Clock } from '../clock.ts'
import type { ChatClient } from './client.ts'
import { nextFrame, type Frame } from './frame.ts'
import { isOpen, type Answer, type ChatSettings, type Message } from './message.ts'
import { Run, type PriceOf } from './run.ts'
import type { ConversationStore } from './store.ts'
import { Transcript } from './transcript.ts'
import { alternativesOf, pathTo, type Conversation } from './tree.ts'

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
  readonly #options: ChatOptions
  readonly #clock: Clock
  readonly #newId: () => string
  readonly #said: Transcript
  readonly #runs = new Map<string, Run>()
  readonly #listeners = new Set<() => void>()
  #queue: readonly string[] = []
  #snapshot: ChatSnapshot
  #loading: Promise<void> | undefined = undefined
  #isLoaded: boolean
  #isNotifying = false
  #isDisposed = false
  #callOffSave: (() => void) | undefined = undefined
  #unwatch: (() => void) | undefined = undefined

  constructor(options: ChatOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#newId = options.newId ?? randomId
    this.#said = new Transcript(options.id ?? this.#newId(), options.settings ?? { model: 'default' }, this.#clock)
    this.#isLoaded = options.store === undefined
    this.#snapshot = this.#look()
  }

  get id(): string {
    return this.#said.id
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
    const user = this.#newId()
    this.#said.say(user, text, options.fresh ? undefined : this.#said.leaf)
    await this.#ask(user)
  }

  /** Takes something back that waits in the queue. */
  unqueue(index: number): void {
    this.#queue = this.#queue.filter((_, at) => at !== index)
    this.#changed()
  }

  /** Stops the answer that is coming; the model stops too. What waits in the queue is sent next. */
  stop(): void {
    for (const message of this.#said.path) this.#runs.get(message.id)?.stop()
    this.#changed()
  }

  /** Asks again: for another answer in place of this one, or to this message of the user's. The last one unless told. */
  async regenerate(id?: string): Promise<void> {
    await this.load()
    const message = this.#find(id)
    const user = message?.role === 'assistant' ? message.parent : message?.id
    if (user === undefined) return
    this.stop()
    await this.#ask(user)
  }

  /** Says something else in place of a message of the user's, and asks; the other branch stays. */
  async edit(id: string, text: string): Promise<void> {
    await this.load()
    const message = this.#find(id)
    if (message?.role !== 'user') return
    this.stop()
    const user = this.#newId()
    this.#said.say(user, text, message.parent)
    await this.#ask(user)
  }

  /** Asks for the rest of an answer that was stopped, cut or ended at its limit; the last one unless told. */
  async continue(id?: string): Promise<void> {
    await this.load()
    const answer = this.#find(id)
    if (answer?.role !== 'assistant' || isOpen(answer)) return
    // Where nothing was said there is nothing to go on with: that is another attempt.
    if (answer.text === '') return this.regenerate(answer.id)
    await this.#read(this.#said.extend(answer), false)
  }

  /** Takes up the answers that were open when the page went away, and those whose connection broke. */
  async resume(): Promise<void> {
    await this.load()
    await this.#takeUp((answer) => isOpen(answer) || answer.error?.resumable === true)
  }

  /** Shows the branch that this message is in. */
  choose(id: string): void {
    this.#said.choose(id)
    this.#changedByUser()
  }

  /** The ids of the messages that stand in the same place (edited, regenerated), oldest first. */
  alternatives(id: string): readonly string[] {
    return alternativesOf(this.#said.messages, id)
  }

  /** How further answers are asked for. */
  configure(settings: Partial<ChatSettings>): void {
    this.#said.settings = { ...this.#said.settings, ...settings }
    this.#said.touch()
    this.#changedByUser()
  }

  rename(title: string): void {
    this.#said.title = title
    this.#said.touch()
    this.#changedByUser()
  }

  /** All of it, with every branch. */
  export(): Conversation {
    return this.#said.export()
  }

  /** Nobody is told anything any more, and nothing more is kept. Answers that are coming are read to their end. */
  dispose(): void {
    this.#isDisposed = true
    this.#listeners.clear()
    this.#callOffSave?.()
    this.#unwatch?.()
  }

  get #isBusy(): boolean {
    return this.#said.path.some(({ id }) => isOpen(this.#runs.get(id)?.answer))
  }

  #find(id: string | undefined): Message | undefined {
    return this.#said.messages.get(id ?? this.#said.leaf ?? '')
  }

  async #load(): Promise<void> {
    const { store } = this.#options
    if (store === undefined) return
    const take = async (): Promise<void> => {
      const kept = await store.load(this.id).catch(() => undefined)
      if (kept !== undefined) this.#said.takeIn(kept, (id) => this.#runs.has(id))
      this.#isLoaded = true
      this.#changed()
    }
    await take()
    // Of what another tab has, only what is open is read here too: two tabs without a network must not
    // set each other off.
    this.#unwatch = store.watch((id) => void (id === this.id ? take().then(() => this.#takeUp(isOpen)) : undefined))
    void this.#takeUp((answer) => isOpen(answer) || answer.error?.resumable === true)
  }

  async #takeUp(which: (answer: Answer) => boolean): Promise<void> {
    const found: Answer[] = []
    for (const message of this.#said.messages.values()) {
      if (message.role === 'assistant' && !this.#runs.has(message.id) && which(message)) found.push(message)
    }
    await Promise.all(found.map((answer) => this.#read(answer, true)))
  }

  #ask(parent: string): Promise<void> {
    return this.#read(this.#said.expect(this.#newId(), parent), false)
  }

  async #read(answer: Answer, isAgain: boolean): Promise<void> {
    const run = new Run(answer, {
      client: this.#options.client,
      clock: this.#clock,
      conversation: this.id,
      onDisconnect: this.#options.onDisconnect ?? 'grace=300',
      before: pathTo(this.#said.messages, answer.parent),
      priceOf: this.#options.priceOf,
      onOpen: () => void this.#save(),
      onProgress: () => this.#soon(),
    })
    this.#runs.set(answer.id, run)
    this.#changed()
    // Before anything is asked for: a reload from here on finds the question, and its answer by the key.
    await this.#save()
    await run.read(isAgain)
    this.#said.messages.set(answer.id, run.answer)
    this.#runs.delete(answer.id)
    this.#changed()
    await this.#save()
    if (run.answer.status !== 'failed') await this.#sendNext()
  }

  async #sendNext(): Promise<void> {
    const [next, ...later] = this.#queue
    if (next === undefined || this.#isBusy) return
    this.#queue = later
    await this.send(next)
  }

  #changedByUser(): void {
    this.#changed()
    this.#saveSoon()
  }

  #saveSoon(): void {
    if (this.#options.store === undefined || this.#isDisposed) return
    this.#callOffSave ??= this.#clock.after(SAVE_MS, () => void this.#save())
  }

  async #save(): Promise<void> {
    this.#callOffSave?.()
    this.#callOffSave = undefined
    const { store } = this.#options
    if (store === undefined || this.#isDisposed || this.#said.messages.size === 0) return
    this.#fill()
    // A store that fails (no space, a private window) must not end the conversation.
    await store.save(this.export()).catch(() => undefined)
  }

  #soon(): void {
    if (this.#isNotifying || this.#isDisposed) return
    this.#isNotifying = true
    const frame = this.#options.frame ?? nextFrame
    frame(() => {
      this.#isNotifying = false
      this.#changed()
      this.#saveSoon()
    })
  }

  #changed(): void {
    this.#fill()
    this.#snapshot = this.#look()
    for (const listener of this.#listeners) listener()
  }

  #fill(): void {
    for (const [id, run] of this.#runs) this.#said.messages.set(id, run.answer)
  }

  #look(): ChatSnapshot {
    const { id, title, path, settings, updatedAt } = this.#said
    const status = !this.#isLoaded ? 'loading' : this.#isBusy ? 'busy' : 'ready'
    return { id, title, status, messages: path, queue: this.#queue, settings, updatedAt }
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
