/** The request for the rest of an answer that was cut (PROTOCOL 8, step 2). */
import { anchorOf } from './anchor.ts'
import { instructionFor } from './instruction.ts'
import type { ChatMessage, ChatRequest } from './request.ts'

/**
 * The request that asks for the rest of an answer: the caller's own, with what was sent as the assistant's
 * turn and an instruction in its language as the user's. The caller's request and messages stay as they are.
 *
 * @param spent Tokens of the answer so far; the limit on tokens is reduced by them.
 */
export function continuationOf<Request extends ChatRequest>(request: Request, sent: string, spent: number): Request {
  // What is said again must not come off what is left; a token is hardly longer than five letters.
  const again = Math.floor(anchorOf(sent).length / 5)
  const turns: readonly ChatMessage[] = [
    { role: 'assistant', content: sent },
    { role: 'user', content: instructionFor(sent) },
  ]
  return {
    ...request,
    messages: [...request.messages, ...turns],
    ...less('max_tokens', request.max_tokens, spent - again),
    ...less('max_completion_tokens', request.max_completion_tokens, spent - again),
  }
}

/**
 * Why an answer to this request cannot be continued by asking for it; `undefined` when it can. What was
 * sent of it is for the caller to look at: only text can be continued.
 */
export function whyNotContinuable(request: ChatRequest): string | undefined {
  if ((request.n ?? 1) > 1) return 'it has several choices'
  if (request.logprobs) return 'it has logprobs'
  if (request.response_format !== undefined && request.response_format.type !== 'text')
    return 'it has a response format'
  return undefined
}

function less(name: string, limit: number | null | undefined, spent: number): Readonly<Record<string, number>> {
  return typeof limit === 'number' ? { [name]: Math.max(1, limit - spent) } : {}
}
