import type { z } from 'zod'
import type { OwnPrices } from '../provider/price-list.ts'
import type { Price, PriceTable } from '../provider/price.ts'
import type { Settings } from './settings.ts'
import { named, number, section, text } from './values.ts'

/** `prices:` as far as it is said, in US dollars per million tokens. */
export type PriceSettings = Readonly<Record<string, Price>>

const MODEL = /^[^\s\x00-\x1f\x7f]{1,500}$/
const rate = (): z.ZodType<number, string | number> => number(0, 1_000_000, false)

const price: z.ZodType<Price> = section({
  input: rate().describe('US dollars per million tokens of the prompt'),
  output: rate().describe('US dollars per million tokens of the answer'),
  cachedInput: rate().describe("Prompt tokens that the provider's cache had; as input unless told").optional(),
  cacheWrite: rate().describe('Prompt tokens put into that cache; as input unless told').optional(),
  reasoning: rate().describe('Reasoning tokens; as output unless told').optional(),
  request: rate().describe('A fee per thousand requests').optional(),
  checked: text().describe('When somebody looked').optional(),
  source: text().describe('Where the price is from').optional(),
})

/** A table of prices by model name. */
export function priceTable(): z.ZodType<PriceSettings> {
  return named(MODEL, "expected a model's name", price)
}

/** The prices of a configuration, or nothing where it says none. */
export function ownPrices({ prices, providers = {} }: Settings): OwnPrices | undefined {
  const tables = Object.entries(providers).flatMap(([name, provider]) =>
    provider.prices === undefined ? [] : [[name, complete(provider.prices)] as const],
  )
  if (prices === undefined && tables.length === 0) return undefined
  return { models: complete(prices ?? {}), providers: new Map(tables) }
}

/** Who names two prices means them for all tokens: without a price of its own a cached one costs as much. */
function complete(prices: PriceSettings): PriceTable {
  return Object.fromEntries(
    Object.entries(prices).map(([model, given]) => [
      model,
      { ...given, cachedInput: given.cachedInput ?? given.input },
    ]),
  )
}
