import type { calcPrice } from '@pydantic/genai-prices'
import type { PriceBook } from './price-list.ts'
import { shippedPrices } from './price-list.ts'
import type { Price } from './price.ts'
import type { Provider } from './provider.ts'

/** The package and the day its data was published: kept with every price from it. */
const SOURCE = { source: '@pydantic/genai-prices 0.1.8', checked: '2026-09-23' } as const

/** Our presets as the package names these services. Where a service has no name there, it has no price there. */
const SERVICES: Readonly<Record<string, string>> = {
  openai: 'openai',
  azure: 'azure',
  openrouter: 'openrouter',
  deepseek: 'deepseek',
  groq: 'groq',
  mistral: 'mistral',
  together: 'together',
  xai: 'x-ai',
  gemini: 'google',
}

/** Rows remembered; model names can come from callers. */
const MOST_ROWS = 2_000
/** A price that depends on the hour is asked for anew after so many milliseconds. */
const HOURLY = 60_000

interface Remembered {
  readonly price: Price | undefined
  readonly until: number
}

/**
 * The list prices of the package @pydantic/genai-prices: its data is in it, nothing is fetched. Importing it
 * takes 30 ms and 3 MB, which is why it is imported when there is somebody to bill; asking it takes 10 to 40
 * microseconds, which is why each model is asked for once. Its rates are read and not its sums, so that ours stay
 * integers. Prices of services that it does not know are those that ship with the source.
 */
export async function loadPriceBook(): Promise<PriceBook> {
  const { calcPrice: calculate } = await import('@pydantic/genai-prices')
  // By provider, which the configuration makes anew when it is read again, and then by model.
  let rows = new WeakMap<Provider, Map<string, Remembered>>()
  let count = 0
  return (provider, model, at) => {
    const known = rows.get(provider)?.get(model)
    if (known !== undefined && known.until > at.getTime()) return known.price
    if (known === undefined && ++count > MOST_ROWS) [rows, count] = [new WeakMap(), 1]
    const found = lookUp(calculate, provider, model, at)
    const price = found.price ?? shippedPrices(provider, model)
    const ofProvider = rows.get(provider) ?? new Map<string, Remembered>()
    rows.set(provider, ofProvider.set(model, { ...found, price }))
    return price
  }
}

function lookUp(calculate: typeof calcPrice, provider: Provider, model: string, at: Date): Remembered {
  const service = Object.hasOwn(SERVICES, provider.preset) ? SERVICES[provider.preset] : undefined
  const where = service === undefined ? { providerApiUrl: provider.baseUrl } : { providerId: service }
  try {
    // A request of no tokens: what is wanted is which row it finds.
    const found = calculate({ input_tokens: 0, output_tokens: 0 }, model, { ...where, timestamp: at })
    if (found === null) return { price: undefined, until: Infinity }
    const isHourly = Array.isArray(found.model.prices)
    return { price: toPrice(found.model_price), until: isHourly ? at.getTime() + HOURLY : Infinity }
  } catch {
    // It throws for an address that it does not know, and for models that are not billed by tokens.
    return { price: undefined, until: Infinity }
  }
}

interface Rate {
  readonly base: number
  /** From so many tokens of the prompt on all of the request costs `beyond`. */
  readonly from?: number
  readonly beyond?: number
}

const OPTIONAL = ['cache_read_mtok', 'cache_write_mtok', 'output_reasoning_mtok'] as const

/** A row of the package as ours; `undefined` where it has no price for text, or steps that we could not tell apart. */
function toPrice(rates: Readonly<Record<string, unknown>>): Price | undefined {
  const input = toRate(rates['input_mtok'])
  // Embeddings give no tokens.
  const output = rates['output_mtok'] === undefined ? { base: 0 } : toRate(rates['output_mtok'])
  if (input === undefined || output === undefined) return undefined
  if (OPTIONAL.some((name) => rates[name] !== undefined && toRate(rates[name]) === undefined)) return undefined
  const all = {
    input,
    output,
    // Where a cache has no price of its own its tokens cost what all others do.
    cachedInput: toRate(rates['cache_read_mtok']) ?? input,
    cacheWrite: toRate(rates['cache_write_mtok']) ?? input,
    reasoning: toRate(rates['output_reasoning_mtok']) ?? output,
  }
  const steps = new Set(Object.values(all).flatMap(({ from }) => from ?? []))
  if (steps.size > 1) return undefined
  const [upTo] = steps
  const request = typeof rates['requests_kcount'] === 'number' ? { request: rates['requests_kcount'] } : {}
  const step = upTo === undefined ? {} : { upTo, beyond: ratesOf(all, ({ base, beyond = base }) => beyond) }
  return { ...ratesOf(all, ({ base }) => base), ...request, ...step, ...SOURCE }
}

type Rates = Record<'input' | 'output' | 'cachedInput' | 'cacheWrite' | 'reasoning', Rate>

function ratesOf(all: Rates, pick: (rate: Rate) => number): Record<keyof Rates, number> {
  return {
    input: pick(all.input),
    output: pick(all.output),
    cachedInput: pick(all.cachedInput),
    cacheWrite: pick(all.cacheWrite),
    reasoning: pick(all.reasoning),
  }
}

/** A number, or `{ base, tiers: [{ start, price }] }`. */
function toRate(value: unknown): Rate | undefined {
  if (typeof value === 'number') return { base: value }
  if (typeof value !== 'object' || value === null || !('base' in value) || typeof value.base !== 'number')
    return undefined
  const tiers: readonly unknown[] = 'tiers' in value && Array.isArray(value.tiers) ? value.tiers : []
  const [tier] = tiers
  if (tier === undefined) return { base: value.base }
  if (tiers.length > 1 || typeof tier !== 'object' || tier === null) return undefined
  if (!('start' in tier) || typeof tier.start !== 'number') return undefined
  if (!('price' in tier) || typeof tier.price !== 'number') return undefined
  return { base: value.base, from: tier.start, beyond: tier.price }
}
