import type { ChatMessage, ChatRequest } from '../completion/request.ts'
import type { Answer, Message } from './message.ts'

/** A request for a streamed answer. */
type StreamedRequest = ChatRequest & { readonly stream: true }

/**
 * The request for an answer. The same messages give the same request, byte for byte: after a reload it
 * finds the stream it started before by its Idempotency-Key.
 *
 * @param before The messages that the answer follows, the user's last.
 */
export async function requestFor(answer: Answer, before: readonly Message[]): Promise<StreamedRequest> {
  const { model, system, temperature, maxTokens, extra } = answer.settings
  const first: readonly ChatMessage[] = system ? [{ role: 'system', content: system }] : []
  const request = {
    ...extra,
    model,
    messages: [...first, ...before.flatMap(turnOf)],
    stream: true,
    stream_options: { include_usage: true },
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
  } as const
  if (answer.part === 1) return request
  const sent = answer.text.slice(0, answer.partAt.text)
  // Late: few answers are continued.
  const { continuationOf } = await import('../completion/continuation.ts')
  return continuationOf(request, sent, Math.ceil(sent.length / 4))
}

/**
 * A tool call without its result is refused by most services, and an empty answer by some: only what was
 * said is sent back.
 */
function turnOf({ role, text }: Message): readonly ChatMessage[] {
  return role === 'assistant' && text === '' ? [] : [{ role, content: text }]
}
