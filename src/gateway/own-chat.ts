import { FASTGPT_FIELDS, type ChatBody } from '../upstream/outgoing.ts'
import { LOCAL } from './caller.ts'
import type { GatewayContext } from './context.ts'

/**
 * The id by which a FastGPT behind us is to know a caller's chat. It keeps chats by their ids and knows only us,
 * so two of our callers who chose the same id would meet there, and read what the other one said. Where everybody
 * is the local user, the id stays as it is.
 */
export function ownChatId({ hash }: Pick<GatewayContext, 'hash'>, owner: string, chatId: string): string {
  return owner === LOCAL ? chatId : hash(new TextEncoder().encode(JSON.stringify([owner, chatId])))
}

/** A request on OpenAI's surface with its `chatId`, if it has one, as a FastGPT is to get it. */
export function withOwnChat(context: Pick<GatewayContext, 'hash'>, owner: string, body: ChatBody): ChatBody {
  const chatId = body['chatId']
  const isOwn = typeof chatId === 'string' && owner !== LOCAL
  // The field is ours: a caller who sends it must not say by it what we say.
  if (!isOwn) return FASTGPT_FIELDS in body ? { ...body, [FASTGPT_FIELDS]: undefined } : body
  return { ...body, [FASTGPT_FIELDS]: { chatId: ownChatId(context, owner, chatId) } }
}
