import { anchorOf } from '../completion/anchor.ts'
import { instructionFor } from '../completion/instruction.ts'
import type { SeamMode } from '../completion/seam.ts'
import { estimateTokens } from '../limit/estimate.ts'
import type { Continuation, Target } from '../provider/provider.ts'
import type { ChatBody } from './outgoing.ts'
import { tokensLeft } from './token-limit.ts'

/** What an instructed continuation may use beyond the words it says again: an introduction, other tokens than ours. */
const SPARE_TOKENS = 16

/** One way to go on with a cut answer: whom to ask, and how. */
export interface Rescue {
  readonly target: Target
  readonly mode: SeamMode
}

/**
 * The ways to rescue an answer, in the order to try them (PROTOCOL 8): the targets after the one that
 * failed, then that one again; with each, prefill where it can, else an instruction; regenerating where
 * neither is possible and the same text can be expected.
 *
 * @param isPlain Whether what was shown is plain text of one choice.
 */
export function rescues(
  targets: readonly Target[],
  failed: number,
  body: ChatBody,
  isPlain: boolean,
): readonly Rescue[] {
  const current = targets[failed]
  const following = targets.slice(failed + 1).filter(({ fallbackOn }) => fallbackOn?.error !== false)
  const ordered = [...following, ...(current === undefined ? [] : [current])]
  if (isPlain && asksForPlainText(body)) return ordered.flatMap(waysToContinue)
  const repeats = isPlain && body['temperature'] === 0 && typeof body['seed'] === 'number'
  return repeats && current !== undefined ? [{ target: current, mode: 'regenerate' }] : []
}

function waysToContinue(target: Target): readonly Rescue[] {
  // What answers there is a workflow with a memory: asked again, it would do its work again and remember both.
  if (target.provider.dialect === 'fastgpt') return []
  const instruct: Rescue = { target, mode: 'instruct' }
  return target.provider.continuation === 'none' ? [instruct] : [{ target, mode: 'prefill' }, instruct]
}

/** One choice, without tools, schema or logprobs. */
function asksForPlainText(body: ChatBody): boolean {
  const { n, tools, functions, response_format: format, logprobs } = body
  const isText = format == null || (typeof format === 'object' && 'type' in format && format.type === 'text')
  const hasTools = (Array.isArray(tools) && tools.length > 0) || (Array.isArray(functions) && functions.length > 0)
  return (n == null || n === 1) && !hasTools && isText && logprobs !== true
}

/** The request that asks for the rest of an answer of which `text` was shown. The caller's own is not changed. */
export function continuationBody(body: ChatBody, rescue: Rescue, text: string, tokens: number): ChatBody {
  if (rescue.mode === 'regenerate') return body
  const partial = { role: 'assistant', content: text }
  const messages = Array.isArray(body['messages']) ? body['messages'] : []
  const again = rescue.mode === 'instruct' ? estimateTokens(anchorOf(text)) + SPARE_TOKENS : 0
  const limited = { ...body, ...limits(body, tokens, again) }
  if (rescue.mode === 'instruct') {
    return { ...limited, messages: [...messages, partial, { role: 'user', content: instructionFor(text) }] }
  }
  return { ...limited, ...prefilled(rescue.target.provider.continuation, messages, partial) }
}

function prefilled(
  continuation: Continuation,
  messages: readonly unknown[],
  partial: { readonly role: string; readonly content: string },
): ChatBody {
  switch (continuation) {
    case 'continue_final_message':
      return { messages: [...messages, partial], continue_final_message: true, add_generation_prompt: false }
    case 'prefix':
      return { messages: [...messages, { ...partial, prefix: true }] }
    case 'trailing_assistant':
    case 'none':
      return { messages: [...messages, partial] }
    default:
      return continuation satisfies never
  }
}

/** Whether the caller's token limit is used up. */
export function isSpent(body: ChatBody, tokens: number): boolean {
  return Object.values(tokensLeft(body, tokens)).some((left) => left <= 0)
}

/** What is left of the caller's token limits, and what is said again. */
function limits(body: ChatBody, tokens: number, again: number): Readonly<Record<string, number>> {
  const left = Object.entries(tokensLeft(body, tokens))
  return Object.fromEntries(left.map(([name, count]) => [name, Math.max(1, count) + again]))
}
