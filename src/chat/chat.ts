import { systemClock } from '../clock.ts'
import type { ChatSettings } from './message.ts'
import type { ChatOptions, ChatSnapshot } from './options.ts'
import type { Talk } from './talk.ts'
import type { Conversation } from './tree.ts'

/**
 * A conversation: what was said, in branches, and the answers that are being read. Without a framework;
 * does nothing, not even load, before it is subscribed to or told to do something, so that it can be made
 * while a page is rendered on a server. What it does then (`Talk`) is loaded then: a page is shown before
 * that is there, and nothing that is asked for meanwhile is lost.
 */
export class Chat {
  readonly #options: ChatOptions
  readonly #newId: () => string
  readonly #listeners = new Set<() => void>()
  #snapshot: ChatSnapshot
  #talk: Talk | undefined = undefined
  #loading: Promise<Talk> | undefined = undefined
  #isDisposed = false

  constructor(options: ChatOptions) {
    this.#options = options
    this.#newId = options.newId ?? randomId
    this.#snapshot = {
      id: options.id ?? this.#newId(),
      title: '',
      status: options.store === undefined ? 'ready' : 'loading',
      messages: [],
      queue: [],
      settings: options.settings ?? { model: 'default' },
      updatedAt: 0,
    }
  }

  get id(): string {
    return this.#snapshot.id
  }

  /** For `useSyncExternalStore`. */
  readonly getSnapshot = (): ChatSnapshot => this.#snapshot

  /** Calls `listener` after changes, at most once per frame while an answer comes. The result ends it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    this.#load().catch(() => undefined)
    return () => void this.#listeners.delete(listener)
  }

  /** Reads the conversation from the store and goes on with the answers that were open. Once. */
  async load(): Promise<void> {
    await this.#load()
  }

  /**
   * Says something; waits in the queue while an answer is coming. Resolves when the answer has ended,
   * however it did, or when it was queued.
   *
   * @param options.fresh Begins anew, without what was said before.
   */
  async send(text: string, options: { readonly fresh?: boolean } = {}): Promise<void> {
    await (await this.#load()).send(text, options.fresh === true)
  }

  /** Takes something back that waits in the queue. */
  unqueue(index: number): void {
    this.#talk?.unqueue(index)
  }

  /** Stops the answer that is coming; the model stops too. What waits in the queue is sent next. */
  stop(): void {
    this.#talk?.stop()
  }

  /** Asks again: for another answer in place of this one, or to this message of the user's. The last one unless told. */
  async regenerate(id?: string): Promise<void> {
    await (await this.#load()).regenerate(id)
  }

  /** Says something else in place of a message of the user's, and asks; the other branch stays. */
  async edit(id: string, text: string): Promise<void> {
    await (await this.#load()).edit(id, text)
  }

  /** Asks for the rest of an answer that was stopped, cut or ended at its limit; the last one unless told. */
  async continue(id?: string): Promise<void> {
    await (await this.#load()).continue(id)
  }

  /** Takes up the answers that were open when the page went away, and those whose connection broke. */
  async resume(): Promise<void> {
    await (await this.#load()).resume()
  }

  /** Shows the branch that this message is in. */
  choose(id: string): void {
    this.#talk?.choose(id)
  }

  /** The ids of the messages that stand in the same place (edited, regenerated), oldest first. */
  alternatives(id: string): readonly string[] {
    return this.#talk?.alternatives(id) ?? []
  }

  /** How further answers are asked for. */
  configure(settings: Partial<ChatSettings>): void {
    if (this.#talk !== undefined) return this.#talk.configure(settings)
    this.#tell({ ...this.#snapshot, settings: { ...this.#snapshot.settings, ...settings } })
    this.#whenLoaded((talk) => talk.configure(settings))
  }

  rename(title: string): void {
    if (this.#talk !== undefined) return this.#talk.rename(title)
    this.#tell({ ...this.#snapshot, title })
    this.#whenLoaded((talk) => talk.rename(title))
  }

  /** All of it, with every branch. */
  export(): Conversation {
    const { id, title, settings } = this.#snapshot
    const nothing = { id, title, settings, leaf: undefined, messages: [], createdAt: 0, updatedAt: 0 }
    return this.#talk?.export() ?? nothing
  }

  /** Nobody is told anything any more, and nothing more is kept. Answers that are coming are read to their end. */
  dispose(): void {
    this.#isDisposed = true
    this.#listeners.clear()
    this.#talk?.dispose()
  }

  /** Once; again where it failed. */
  #load(): Promise<Talk> {
    if (this.#loading === undefined) {
      this.#loading = this.#open()
      this.#loading.catch(() => (this.#loading = undefined))
    }
    return this.#loading
  }

  async #open(): Promise<Talk> {
    const { Talk } = await import('./talk.ts')
    const { id, settings } = this.#snapshot
    const clock = this.#options.clock ?? systemClock
    const talk = new Talk({ ...this.#options, id, settings, clock, newId: this.#newId }, this.#tell)
    this.#talk = talk
    if (this.#isDisposed) talk.dispose()
    else await talk.open()
    return talk
  }

  #whenLoaded(run: (talk: Talk) => void): void {
    this.#load().then(run, () => undefined)
  }

  readonly #tell = (snapshot: ChatSnapshot): void => {
    this.#snapshot = snapshot
    for (const listener of this.#listeners) listener()
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
