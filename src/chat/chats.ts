import { Chat } from './chat.ts'
import type { ChatOptions } from './options.ts'
import type { ConversationStore, ConversationSummary } from './store.ts'

/** What all conversations of a page share. */
export type ChatsOptions = Omit<ChatOptions, 'id' | 'store'> & { readonly store: ConversationStore }

/** A conversation as a list shows it. */
export interface ListedChat extends ConversationSummary {
  /** An answer is coming. */
  readonly isBusy: boolean
}

/** All conversations: a list, and those that are open. Several may be answered at once. */
export class Chats {
  readonly #options: ChatsOptions
  readonly #open = new Map<string, Chat>()
  readonly #listeners = new Set<() => void>()
  #kept: readonly ConversationSummary[] = []
  #snapshot: readonly ListedChat[] = []
  #unwatch: (() => void) | undefined = undefined

  constructor(options: ChatsOptions) {
    this.#options = options
  }

  /** The list, newest first. The same array until something changes. */
  readonly getSnapshot = (): readonly ListedChat[] => this.#snapshot

  /** For `useSyncExternalStore`. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    if (this.#unwatch === undefined) {
      this.#unwatch = this.#options.store.watch(() => void this.#refresh())
      void this.#refresh()
    }
    return () => void this.#listeners.delete(listener)
  }

  /** The conversation with this id, or a new one. One object per id: leaving it and coming back disturbs nothing. */
  open(id?: string): Chat {
    const known = id === undefined ? undefined : this.#open.get(id)
    if (known !== undefined) return known
    const chat = new Chat({ ...this.#options, id })
    this.#open.set(chat.id, chat)
    chat.subscribe(() => this.#look())
    return chat
  }

  /** Takes up, in every open conversation, the answers whose connection broke. */
  async resume(): Promise<void> {
    await Promise.all([...this.#open.values()].map((chat) => chat.resume()))
  }

  /** Stops what is coming in a conversation and forgets it. */
  async remove(id: string): Promise<void> {
    const chat = this.#open.get(id)
    chat?.stop()
    chat?.dispose()
    this.#open.delete(id)
    await this.#options.store.remove(id)
    await this.#refresh()
  }

  /** The conversations that hold all words of the query, newest first. */
  async search(query: string): Promise<readonly ListedChat[]> {
    const found = new Set(await this.#options.store.search(query))
    return this.#snapshot.filter(({ id }) => found.has(id))
  }

  async #refresh(): Promise<void> {
    this.#kept = await this.#options.store.list().catch(() => [])
    this.#look()
  }

  /** Called for each frame of an answer; tells its own listeners only when the list reads otherwise. */
  #look(): void {
    const listed = new Map<string, ListedChat>(this.#kept.map((each) => [each.id, { ...each, isBusy: false }]))
    for (const chat of this.#open.values()) {
      const { id, title, messages, status, updatedAt } = chat.getSnapshot()
      // While an answer comes its time of change runs on; the list would be another one for each frame.
      const before = listed.get(id)
      if (messages.length === 0 && before === undefined) continue
      listed.set(id, { id, title, updatedAt: before?.updatedAt ?? updatedAt, isBusy: status === 'busy' })
    }
    const next = [...listed.values()].toSorted((a, b) => b.updatedAt - a.updatedAt)
    if (next.length === this.#snapshot.length && next.every((each, at) => isSame(each, this.#snapshot[at]))) return
    this.#snapshot = next
    for (const listener of this.#listeners) listener()
  }
}

function isSame(a: ListedChat, b: ListedChat | undefined): boolean {
  return a.id === b?.id && a.title === b.title && a.isBusy === b.isBusy
}
