import type { Usage } from '../completion/chunk.ts'
import { costAt, type Price } from '../provider/price.ts'

/** What counting on the way needs of a price: whole billionths of a dollar, rounded up. */
export interface Rates {
  readonly price: Price
  /** Of a token of the prompt. */
  readonly input: number
  /** Of a quarter of a token of the answer. */
  readonly quarter: number
}

/** A dollar per million tokens, in billionths of a dollar per token. */
const NANO_PER_TOKEN = 1_000

/** The rates that hold for a prompt of this length. */
export function ratesOf(price: Price, prompt: number): Rates {
  const { input, output } =
    price.upTo !== undefined && prompt > price.upTo && price.beyond !== undefined ? price.beyond : price
  return { price, input: Math.ceil(input * NANO_PER_TOKEN), quarter: Math.ceil((output * NANO_PER_TOKEN) / 4) }
}

/** What this usage costs. Where the price does not say it all (cached input), as if nothing were cached. */
export function chargeOf(usage: Usage, rates: Rates): number {
  return (
    costAt(rates.price, usage)?.total ??
    rates.input * count(usage.prompt_tokens) + rates.quarter * 4 * count(usage.completion_tokens)
  )
}

/** An embedding's usage has no completion; others may say anything. */
function count(value: unknown): number {
  return typeof value === 'number' && value > 0 ? Math.ceil(value) : 0
}
