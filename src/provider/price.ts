import type { Usage } from '../completion/chunk.ts'
import { isObject } from '../completion/json.ts'
import { LIST_PRICES } from './price-table.ts'
import type { Quirks } from './provider.ts'

/** Prices of a model, in US dollars per million tokens. */
export interface Price {
  readonly input: number
  readonly output: number
  /** Input that the provider's cache had. Without it, the price of such a request is unknown. */
  readonly cachedInput?: number | undefined
  /** Input that the provider put into its cache; as `input` unless told. */
  readonly cacheWrite?: number | undefined
  /** Reasoning tokens, which count as output; as `output` unless told. */
  readonly reasoning?: number | undefined
  /** A fee beside the tokens, in US dollars per thousand requests (Perplexity). */
  readonly request?: number | undefined
  /** The prices hold for prompts of up to so many tokens; longer ones cost `beyond`, or something unknown. */
  readonly upTo?: number | undefined
  readonly beyond?: Omit<Price, 'upTo' | 'beyond' | 'checked' | 'source'> | undefined
  /** When somebody looked: `2026-07-29`. */
  readonly checked?: string | undefined
  /** Where the prices are from. */
  readonly source?: string | undefined
}

/** Prices by model name, as the provider spells it. Another spelling is another model. */
export type PriceTable = Readonly<Record<string, Price>>

/** What a completion cost, in whole billionths of a US dollar: integers, so that sums stay exact. */
export interface Cost {
  readonly total: number
  readonly input: number
  readonly cachedInput: number
  readonly cacheWrite: number
  readonly output: number
  readonly reasoning: number
  /** The fee of the request itself. */
  readonly request: number
  /** The row that was used. */
  readonly price: Price
}

/**
 * What a completion cost; `undefined` when the table does not say, never a guess. The usage must be as
 * OpenAI counts it (`normaliseUsage`).
 *
 * @example
 * costOf(completion.usage, 'gpt-4o-mini')?.total // 75_000 for 100 tokens in and 100 out
 */
export function costOf(
  usage: Usage | null | undefined,
  model: string,
  table: PriceTable = LIST_PRICES,
): Cost | undefined {
  const price = Object.hasOwn(table, model) ? table[model] : undefined
  return price === undefined || !usage ? undefined : costAt(price, usage)
}

/** The same by a price that was found already. */
export function costAt(price: Price, usage: Usage): Cost | undefined {
  const counts = countsOf(usage)
  if (counts === undefined) return undefined
  const rates = price.upTo !== undefined && counts.prompt > price.upTo ? price.beyond : price
  if (rates === undefined || (counts.cached > 0 && rates.cachedInput === undefined)) return undefined
  const input = nano(counts.prompt - counts.cached - counts.written, rates.input)
  const cachedInput = nano(counts.cached, rates.cachedInput ?? 0)
  const cacheWrite = nano(counts.written, rates.cacheWrite ?? rates.input)
  const output = nano(counts.completion - counts.reasoning, rates.output)
  const reasoning = nano(counts.reasoning, rates.reasoning ?? rates.output)
  const request = nano(1_000, price.request ?? 0)
  const total = input + cachedInput + cacheWrite + output + reasoning + request
  return { total, input, cachedInput, cacheWrite, output, reasoning, request, price }
}

/**
 * A provider's usage as OpenAI would count it: reasoning inside of `completion_tokens` (xAI leaves it out),
 * cached input in `prompt_tokens_details` (DeepSeek has fields of its own), `total_tokens` the sum.
 * `undefined` when it does not say both counts (MiniMax's early chunks). Of usages that come with every
 * chunk (Perplexity) the last one counts, which the accumulator sees to.
 */
export function normaliseUsage(
  usage: Usage | null | undefined,
  quirks: Pick<Quirks, 'usageExcludesReasoning'> = {},
): Usage | undefined {
  if (!saysBothCounts(usage)) return undefined
  const reasoning = count(usage.completion_tokens_details?.reasoning_tokens)
  const said = usage.prompt_tokens + usage.completion_tokens
  // xAI's total tells: it has the reasoning in it. Were it ever counted in, nothing would be added twice.
  const isLeftOut = quirks.usageExcludesReasoning === true && usage.total_tokens !== said
  const completion = usage.completion_tokens + (isLeftOut ? reasoning : 0)
  const hit = usage.prompt_cache_hit_tokens
  const details = isObject(usage.prompt_tokens_details) ? usage.prompt_tokens_details : undefined
  const cached = details?.cached_tokens ?? (isCount(hit) ? hit : undefined)
  const total = usage.prompt_tokens + completion
  // Most say it as OpenAI does: a copy for each stream would be for nothing.
  if (usage.total_tokens === total && completion === usage.completion_tokens && cached === details?.cached_tokens) {
    return usage
  }
  return {
    ...usage,
    completion_tokens: completion,
    total_tokens: total,
    ...(cached === undefined ? {} : { prompt_tokens_details: { ...details, cached_tokens: cached } }),
  }
}

/** Whether a usage says how many tokens it was. */
export function saysBothCounts(usage: Usage | null | undefined): usage is Usage {
  return !!usage && isCount(usage.prompt_tokens) && isCount(usage.completion_tokens)
}

interface Counts {
  readonly prompt: number
  readonly cached: number
  readonly written: number
  readonly completion: number
  readonly reasoning: number
}

/** `undefined` for counts that contradict each other: nothing is billed on them. */
function countsOf(usage: Usage): Counts | undefined {
  if (!isCount(usage.prompt_tokens) || !isCount(usage.completion_tokens)) return undefined
  const cached = count(usage.prompt_tokens_details?.cached_tokens)
  const written = count(usage.prompt_tokens_details?.cache_write_tokens)
  const reasoning = count(usage.completion_tokens_details?.reasoning_tokens)
  const { prompt_tokens: prompt, completion_tokens: completion } = usage
  return cached + written > prompt || reasoning > completion
    ? undefined
    : { prompt, cached, written, completion, reasoning }
}

/** A price per million in millionths of a billionth per token is an integer for every price in use. */
function nano(tokens: number, usdPerMillion: number): number {
  return Math.round((tokens * Math.round(usdPerMillion * 1e6)) / 1_000)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function count(value: unknown): number {
  return isCount(value) ? value : 0
}
