import type { ChatCompletionChunk, Usage } from '../completion/chunk.ts'
import { quarterTokens } from '../limit/estimate.ts'

/** What is known of a try's use. */
export interface Use {
  /** Its provider said yes. */
  readonly isOpen: boolean
  /** What it gave, in quarters of a token. */
  readonly quarters: number
  readonly usage: Usage | undefined
}

/** What a try used of its provider's tokens: as that says, or counted here. */
export function tokensOf({ isOpen, quarters, usage }: Use, prompt: number): number {
  const told = usageTokens(usage)
  if (told > 0) return told
  return isOpen || quarters > 0 ? prompt + Math.ceil(quarters / 4) : 0
}

/** 0 where nothing, or nothing sensible, was told. */
export function usageTokens(usage: Usage | undefined): number {
  if (usage === undefined) return 0
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = usage
  const told = Math.max(count(total), count(prompt) + count(completion))
  return Number.isSafeInteger(told) ? told : 0
}

function count(value: unknown): number {
  return typeof value === 'number' && value > 0 ? Math.ceil(value) : 0
}

/** Everything in a chunk that a model made, in quarters of a token. */
export function quartersOf({ choices }: ChatCompletionChunk): number {
  let quarters = 0
  for (const { delta } of choices) {
    const { content, refusal, reasoning_content: reasoning = delta.reasoning, tool_calls: calls } = delta
    for (const text of [content, refusal, reasoning]) if (typeof text === 'string') quarters += quarterTokens(text)
    for (const call of calls ?? []) {
      const made = call.function ?? call.custom
      if (made !== undefined) quarters += quarterTokens(JSON.stringify(made))
    }
    if (delta.function_call !== undefined) quarters += quarterTokens(JSON.stringify(delta.function_call))
  }
  return quarters
}
