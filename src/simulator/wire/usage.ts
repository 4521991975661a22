import type { Plan } from '../answer/plan.ts'
import type { UsageMode } from '../model-name.ts'

/** Token counts as OpenAI reports them. */
export type Usage = Readonly<Record<string, unknown>>

/** How much of a plan has been said. */
export interface Progress {
  readonly completion: number
  readonly reasoning: number
}

/** The usage of a whole response. */
export function usageOf(plan: Plan, mode: UsageMode): Usage {
  return usageAt(plan, { completion: plan.completionTokens, reasoning: plan.reasoningTokens }, mode)
}

/** The usage so far. */
export function usageAt(plan: Plan, so: Progress, mode: UsageMode): Usage {
  const told = mode === 'no-reasoning' ? so.completion - so.reasoning : so.completion
  return {
    prompt_tokens: plan.promptTokens,
    completion_tokens: told,
    total_tokens: plan.promptTokens + so.completion,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: so.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

/** What a provider sends that has nothing to say yet. */
export const ZERO_USAGE: Usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
