import type { Usage } from '../completion/chunk.ts'
import { isObject } from '../completion/json.ts'

/**
 * What a provider says itself that a completion cost, in whole billionths of a US dollar; `undefined` when it
 * says nothing, or nothing that can be a price. Its word counts more than any table: it knows of discounts,
 * fees and its own caches.
 *
 * - `cost`: OpenRouter, in credits, which are dollars; with a key of the caller's own at the maker
 *   (`is_byok`) the maker's bill comes on top;
 * - `cost.total_cost`: Perplexity, in dollars, the fee of the request included;
 * - `cost_in_usd_ticks`: xAI, in ten-billionths of a dollar;
 * - `cost_usd`: HolySheep.
 *
 * @example
 * toldCost({ prompt_tokens: 12, completion_tokens: 1, total_tokens: 13, cost: 0.00014 }) // 140_000
 */
export function toldCost(usage: Usage): number | undefined {
  const told: Told = usage
  const { cost, cost_in_usd_ticks: ticks, cost_usd: dollars } = told
  if (isObject(cost)) return nano(cost['total_cost'], 1e9)
  if (cost !== undefined && cost !== null) return together(nano(cost, 1e9), bringYourOwn(told))
  if (ticks !== undefined && ticks !== null) return nano(ticks, 0.1)
  return nano(dollars, 1e9)
}

/** What a usage may say beside its tokens. */
interface Told {
  readonly cost?: unknown
  readonly cost_in_usd_ticks?: unknown
  readonly cost_usd?: unknown
  readonly is_byok?: unknown
  readonly cost_details?: unknown
}

/** OpenRouter: what the maker bills the caller directly. */
function bringYourOwn({ is_byok: isOwn, cost_details: details }: Told): number {
  return isOwn === true && isObject(details) ? (nano(details['upstream_inference_cost'], 1e9) ?? 0) : 0
}

function together(one: number | undefined, more: number): number | undefined {
  return one === undefined ? undefined : one + more
}

/** A figure that is no price (negative, not finite, a thousand dollars for one answer) is no word to go by. */
function nano(value: unknown, scale: number): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) return undefined
  const billionths = Math.round(value * scale)
  return billionths <= 1e12 ? billionths : undefined
}
