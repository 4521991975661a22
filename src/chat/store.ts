import { merge, type Conversation } from './tree.ts'

/** A conversation as lists show it. */
export interface ConversationSummary {
  readonly id: string
  readonly title: string
  /** Milliseconds since 1970. */
  readonly updatedAt: number
}

/** Where conversations are kept. */
export interface ConversationStore {
  /** All conversations, in no particular order. */
  list(): Promise<readonly ConversationSummary[]>
  /** The conversation; `undefined` when there is none. */
  load(id: string): Promise<Conversation | undefined>
  /** Keeps a conversation, merged with what is kept of it already (`merge`): two tabs may write at once. */
  save(conversation: Conversation): Promise<void>
  remove(id: string): Promise<void>
  /** The ids of the conversations whose title or text holds these words, in any case. */
  search(query: string): Promise<readonly string[]>
  /** Tells of conversations that others (tabs) changed or removed, until the result is called. */
  watch(onChange: (id: string) => void): () => void
}

/** Keeps conversations as long as the page or process lives. */
export function createMemoryStore(): ConversationStore {
  const kept = new Map<string, Conversation>()
  const watchers = new Set<(id: string) => void>()
  return {
    list: async () => [...kept.values()].map(summaryOf),
    load: async (id) => kept.get(id),
    async save(conversation) {
      const before = kept.get(conversation.id)
      kept.set(conversation.id, before === undefined ? conversation : merge(before, conversation))
      for (const tell of watchers) tell(conversation.id)
    },
    async remove(id) {
      kept.delete(id)
      for (const tell of watchers) tell(id)
    },
    search: async (query) => [...kept.values()].filter((each) => matches(each, query)).map(({ id }) => id),
    watch(onChange) {
      watchers.add(onChange)
      return () => void watchers.delete(onChange)
    },
  }
}

/** What lists show of a conversation. */
export function summaryOf({ id, title, updatedAt }: Conversation): ConversationSummary {
  return { id, title, updatedAt }
}

/** Whether all words of the query are in the title or in one message. */
export function matches({ title, messages }: Conversation, query: string): boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const holds = (text: string): boolean => {
    const lower = text.toLowerCase()
    return words.every((word) => lower.includes(word))
  }
  return holds(title) || messages.some(({ text }) => holds(text))
}
