import { useEffect, useState, useSyncExternalStore } from 'react'
import { Chats, createIndexedDbStore, createMemoryStore, type Chat, type ListedChat } from '../../src/chat/index.ts'
import { OpenAI, type Model } from '../../src/client/index.ts'
import { databaseName } from './session.ts'

/** The gateway that served this page. It knows this browser as a local user, or by its session: there is no key here. */
export const client: OpenAI = new OpenAI({ baseURL: `${location.origin}/v1`, apiKey: null })

const store = typeof indexedDB === 'undefined' ? createMemoryStore() : createIndexedDbStore(databaseName)

/** All conversations of this browser. */
export const chats: Chats = new Chats({ client, store, settings: { model: lastModel() } })

// After a long sleep, or a loss of network that the client gave up on.
addEventListener('online', () => void chats.resume())
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') void chats.resume()
})

/** The list of conversations. */
export function useChatList(): readonly ListedChat[] {
  return useSyncExternalStore(chats.subscribe, chats.getSnapshot)
}

/** The conversation that the address names, or a new one; and the way to another one. */
export function useCurrentChat(): readonly [Chat, (id?: string) => void] {
  const [chat, setChat] = useState(() => chats.open(idFromAddress()))
  useEffect(() => {
    const onAddress = (): void => setChat(chats.open(idFromAddress()))
    addEventListener('hashchange', onAddress)
    return () => removeEventListener('hashchange', onAddress)
  }, [])
  useEffect(() => {
    // So that a reload finds it, and its answer.
    if (idFromAddress() !== chat.id) history.replaceState(null, '', `#${chat.id}`)
  }, [chat])
  const go = (id?: string): void => {
    const next = chats.open(id)
    history.pushState(null, '', `#${next.id}`)
    setChat(next)
  }
  return [chat, go]
}

/** The models of the gateway; `undefined` until they are known, an error where they cannot be had. */
export function useModels(): readonly Model[] | 'failed' | undefined {
  const [models, setModels] = useState<readonly Model[] | 'failed'>()
  useEffect(() => {
    let isCurrent = true
    client.models.list().then(
      ({ data }) => isCurrent && setModels(data),
      () => isCurrent && setModels('failed'),
    )
    return () => {
      isCurrent = false
    }
  }, [])
  return models
}

/** Whether the device thinks it has a network. */
export function useOnline(): boolean {
  return useSyncExternalStore(
    (tell) => {
      addEventListener('online', tell)
      addEventListener('offline', tell)
      return () => {
        removeEventListener('online', tell)
        removeEventListener('offline', tell)
      }
    },
    () => navigator.onLine,
  )
}

/** The model that new conversations begin with. */
export function rememberModel(model: string): void {
  try {
    localStorage.setItem('sluice.model', model)
  } catch {
    // A private window.
  }
}

function lastModel(): string {
  try {
    return localStorage.getItem('sluice.model') ?? 'default'
  } catch {
    return 'default'
  }
}

function idFromAddress(): string | undefined {
  const id = location.hash.slice(1)
  return /^[\w-]{1,64}$/.test(id) ? id : undefined
}
