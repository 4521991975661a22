import type { ChatCompletionChunk, Usage } from '../completion/chunk.ts'
import { quarterTokens } from '../limit/estimate.ts'
import type { Rates } from './admission-price.ts'

/** One try of one target, as far as it counts. `quarters` is always what the stream has delivered in all. */
export class Try {
  readonly rates: Rates | undefined
  /** What its prompt costs. */
  readonly promptCost: number
  /** Its provider said yes. */
  isOpen = false
  usage: Usage | undefined
  readonly #prompt: number
  readonly #from: number

  /** `prompt`: estimated tokens; `from`: what the stream had delivered before it, in quarters of a token. */
  constructor(rates: Rates | undefined, prompt: number, from: number) {
    this.rates = rates
    this.promptCost = rates === undefined ? 0 : rates.input * prompt
    this.#prompt = prompt
    this.#from = from
  }

  /** What it gave, in quarters of a token. */
  given(quarters: number): number {
    return quarters - this.#from
  }

  /** Whether its prompt was read. */
  isAsked(quarters: number): boolean {
    return this.isOpen || quarters > this.#from
  }

  /** What it used of its provider's tokens: as that says, or counted here. */
  tokens(quarters: number): number {
    const told = usageTokens(this.usage)
    if (told > 0) return told
    return this.isAsked(quarters) ? this.#prompt + Math.ceil(this.given(quarters) / 4) : 0
  }
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
