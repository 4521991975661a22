import { useState, useSyncExternalStore } from 'react'
import { Chat } from '../chat/chat.ts'
import type { ChatOptions, ChatSnapshot } from '../chat/options.ts'
import { OpenAI } from '../client/client.ts'

/** A conversation, or what one is made of; `baseURL` in place of a client: a gateway's `/v1`. */
export type UseChatOptions =
  | { readonly chat: Chat }
  | (Omit<ChatOptions, 'client'> & { readonly client?: ChatOptions['client']; readonly baseURL?: string | undefined })

/** A conversation in a component: what it is now, and what can be done with it. */
export type UsedChat = ChatSnapshot & { readonly chat: Chat }

/**
 * A conversation as React state. Renders at most once per frame while an answer comes, and then only what
 * shows its last message has a new object to show. An answer that was coming when the page was reloaded goes
 * on by itself, given an `id` and a `store`. Another `id` or `chat` is another conversation.
 *
 * @example
 * const { messages, status, chat } = useChat({ baseURL: '/v1' })
 * return <form action={(form) => chat.send(String(form.get('text')))}>…</form>
 */
export function useChat(options: UseChatOptions): UsedChat {
  const given = 'chat' in options ? options.chat : undefined
  const id = 'chat' in options ? undefined : options.id
  const [made, setMade] = useState(() => ({ id, chat: given ?? makeChat(options) }))
  let chat = given ?? made.chat
  if (given === undefined && made.id !== id) {
    chat = makeChat(options)
    setMade({ id, chat })
  }
  const snapshot = useSyncExternalStore(chat.subscribe, chat.getSnapshot, chat.getSnapshot)
  return { ...snapshot, chat }
}

/** A conversation for a component. Makes the client only when it is used: a server that renders has no origin. */
export function makeChat(options: UseChatOptions): Chat {
  if ('chat' in options) return options.chat
  const { baseURL = '/v1', client, ...rest } = options
  return new Chat({ ...rest, client: client ?? lateClient(baseURL) })
}

function lateClient(baseURL: string): ChatOptions['client'] {
  let made: OpenAI | undefined
  const client = (): OpenAI => (made ??= new OpenAI({ baseURL }))
  return {
    chat: { completions: { create: (request, options) => client().chat.completions.create(request, options) } },
    streams: { resume: (id) => client().streams.resume(id) },
  }
}
