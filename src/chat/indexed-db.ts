import { matches, summaryOf, type ConversationStore, type ConversationSummary } from './store.ts'
import { merge, type Conversation } from './tree.ts'

const STORE = 'conversations'

/**
 * Keeps conversations in the browser, for all tabs of this origin: what one tab writes, the others are told.
 * Opens the database when it is first used. A browser without one (some private modes) makes every call
 * reject.
 *
 * @param nameOf The database, and the channel that tells other tabs; a function is asked when it is first used.
 */
export function createIndexedDbStore(nameOf: string | (() => string) = 'sluice'): ConversationStore {
  let opened: Promise<IDBDatabase> | undefined
  let channel: BroadcastChannel | undefined
  const name = (): string => (typeof nameOf === 'string' ? nameOf : nameOf())
  const database = (): Promise<IDBDatabase> => (opened ??= open(name()))
  // Only this file writes here: what is there are conversations.
  const all = async (): Promise<readonly Conversation[]> => settled(reading(await database()).getAll())
  const tell = (id: string): void => {
    channel ??= new BroadcastChannel(name())
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel is of one origin.
    channel.postMessage(id)
  }
  return {
    list: async (): Promise<readonly ConversationSummary[]> => (await all()).map(summaryOf),
    load: async (id) => settled(reading(await database()).get(id)),
    async save(conversation) {
      await mergeInto(await database(), conversation)
      tell(conversation.id)
    },
    async remove(id) {
      const transaction = (await database()).transaction(STORE, 'readwrite')
      transaction.objectStore(STORE).delete(id)
      await done(transaction)
      tell(id)
    },
    search: async (query) => (await all()).filter((each) => matches(each, query)).map(({ id }) => id),
    watch(onChange) {
      channel ??= new BroadcastChannel(name())
      const listener = ({ data }: MessageEvent<unknown>): void => {
        if (typeof data === 'string') onChange(data)
      }
      channel.addEventListener('message', listener)
      return () => channel?.removeEventListener('message', listener)
    },
  }
}

function reading(database: IDBDatabase): IDBObjectStore {
  return database.transaction(STORE, 'readonly').objectStore(STORE)
}

/** One transaction reads, merges and writes, so that no tab overwrites what another wrote meanwhile. */
function mergeInto(database: IDBDatabase, conversation: Conversation): Promise<void> {
  const transaction = database.transaction(STORE, 'readwrite')
  const store = transaction.objectStore(STORE)
  const before: IDBRequest<Conversation | undefined> = store.get(conversation.id)
  before.addEventListener('success', () => {
    store.put(before.result === undefined ? conversation : merge(before.result, conversation))
  })
  return done(transaction)
}

function open(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1)
  request.addEventListener('upgradeneeded', () => void request.result.createObjectStore(STORE, { keyPath: 'id' }))
  return settled(request)
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('IndexedDB failed')))
  })
}

function done(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.addEventListener('complete', () => resolve())
    transaction.addEventListener('abort', () => reject(transaction.error ?? new Error('IndexedDB gave up')))
  })
}
