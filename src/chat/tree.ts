import { isOpen, type Answer, type ChatSettings, type Message } from './message.ts'

/**
 * A conversation as it is kept. Messages form a tree: an edited message is a second child of what it
 * follows. What is shown is the path from the start to `leaf`.
 */
export interface Conversation {
  readonly id: string
  readonly title: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly updatedAt: number
  readonly settings: ChatSettings
  /** All messages, in the order in which they were made. */
  readonly messages: readonly Message[]
  readonly leaf: string | undefined
}

/** The messages from the start of the conversation to `leaf`. */
export function pathTo(messages: ReadonlyMap<string, Message>, leaf: string | undefined): Message[] {
  const path: Message[] = []
  const seen = new Set<string>()
  // What a store gave back may be damaged: a circle must not hang the page.
  for (let at = leaf; at !== undefined && !seen.has(at);) {
    seen.add(at)
    const message = messages.get(at)
    if (message === undefined) break
    path.push(message)
    at = message.parent
  }
  return path.reverse()
}

/** The ids of the messages that stand in the same place, oldest first, its own among them. */
export function alternativesOf(messages: ReadonlyMap<string, Message>, id: string): readonly string[] {
  const own = messages.get(id)
  if (own === undefined) return []
  const found: string[] = []
  for (const message of messages.values()) {
    if (message.parent === own.parent && message.role === own.role) found.push(message.id)
  }
  return found
}

/** The newest message below this one, following the newest child each time. */
export function newestLeaf(messages: ReadonlyMap<string, Message>, id: string): string {
  let leaf = id
  for (const message of messages.values()) if (message.parent === leaf) leaf = lastChild(messages, leaf)
  return leaf
}

function lastChild(messages: ReadonlyMap<string, Message>, parent: string): string {
  let last = parent
  for (const message of messages.values()) if (message.parent === parent) last = message.id
  return last
}

/**
 * Two versions of a conversation, from two tabs, as one: nothing that either has is lost, and of an answer
 * that both have the one that is further on is taken. The title, settings and leaf are the later one's.
 */
export function merge(a: Conversation, b: Conversation): Conversation {
  const [older, newer] = a.updatedAt <= b.updatedAt ? [a, b] : [b, a]
  const messages = new Map(older.messages.map((message) => [message.id, message]))
  for (const message of newer.messages) {
    const other = messages.get(message.id)
    messages.set(message.id, other === undefined ? message : further(other, message))
  }
  const inOrder = [...messages.values()].toSorted((one, two) => one.createdAt - two.createdAt)
  return { ...newer, createdAt: Math.min(a.createdAt, b.createdAt), messages: inOrder }
}

/** Of two versions of a message the one that is further on; `b` where they are equally far. */
export function further(a: Message, b: Message): Message {
  if (a.role !== 'assistant' || b.role !== 'assistant') return b
  return rank(a) > rank(b) || (rank(a) === rank(b) && lengthOf(a) > lengthOf(b)) ? a : b
}

function rank(answer: Answer): number {
  return answer.part * 2 + (isOpen(answer) ? 0 : 1)
}

function lengthOf(answer: Answer): number {
  return answer.text.length + answer.reasoning.length
}

/** The first line of a text as a title. */
export function titleOf(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? ''
  const letters = Array.from(line)
  return letters.length <= 60 ? line : `${letters.slice(0, 59).join('').trimEnd()}…`
}
