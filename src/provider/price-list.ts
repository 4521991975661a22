import type { Usage } from '../completion/chunk.ts'
import { costAt, normaliseUsage, type Price, type PriceTable } from './price.ts'
import { HOLYSHEEP_PRICES, LIST_PRICES } from './price-table.ts'
import { toldCost } from './price-told.ts'
import type { Provider } from './provider.ts'

/** The prices that the configuration sets. They win over all others. */
export interface OwnPrices {
  /** By model name: the one that is asked for at the provider, or the one it says it is. */
  readonly models: PriceTable
  /** The same by provider, stronger; `*` stands for every model of it. */
  readonly providers: ReadonlyMap<string, PriceTable>
}

/** Where a list price can be looked up. At once, and never over a network. */
export type PriceBook = (provider: Provider, model: string, at: Date) => Price | undefined

/** What was used of whom. */
export interface PricedUse {
  readonly provider: Provider
  /** The model that was asked for there. */
  readonly model: string
  /** The model that it says answered. */
  readonly answered: string | undefined
  /** As the provider said it. */
  readonly usage: Usage
}

/** What one use cost. */
export interface Priced {
  /** Whole billionths of a US dollar; undefined: nobody knows. */
  readonly nanoDollars: number | undefined
  /** Where the price is from: `config`, `provider`, `local`, or a source with its date; `''` where there is none. */
  readonly source: string
  /** As OpenAI would have counted. */
  readonly usage: Usage
}

const FREE: Price = { input: 0, output: 0, cachedInput: 0, source: 'local' }

/** Presets whose services bill at the makers' own list prices. */
const MAKERS: ReadonlySet<string> = new Set(['openai', 'azure', 'gemini'])

/**
 * Prices by provider and model, in this order: what the configuration says, what the provider itself said it
 * cost, what runs on this machine and is billed by nobody, the book. What none of them knows has no price:
 * nothing is guessed from a similar name.
 */
export class PriceList {
  readonly #own: () => OwnPrices | undefined
  #book: PriceBook

  /** `own`: asked each time, because the configuration can be read anew. */
  constructor(own: () => OwnPrices | undefined, book: PriceBook = shippedPrices) {
    this.#own = own
    this.#book = book
  }

  /**
   * Loads a book, if one of these providers sends bills, and looks list prices up there from then on. One that
   * cannot be loaded leaves the prices that ship with the source.
   */
  loadWhenBilled(load: (() => Promise<PriceBook>) | undefined, providers: Iterable<Provider>): void {
    if (load === undefined || ![...providers].some((provider) => !isLocal(provider))) return
    void load().then(
      (book) => (this.#book = book),
      () => {},
    )
  }

  /** The price per token, before anything is used: for reservations. */
  find(provider: Provider, model: string, at: Date): Price | undefined {
    return this.#ownPrice(provider, model, undefined) ?? this.#listPrice(provider, model, undefined, at)
  }

  /** What a use cost; `undefined` when its usage does not say how many tokens it was. */
  cost({ provider, model, answered, usage }: PricedUse, at: Date): Priced | undefined {
    const normal = normaliseUsage(usage, provider.quirks)
    if (normal === undefined) return undefined
    const own = this.#ownPrice(provider, model, answered)
    if (own !== undefined) return { nanoDollars: costAt(own, normal)?.total, source: 'config', usage: normal }
    const told = toldCost(usage)
    if (told !== undefined) return { nanoDollars: told, source: 'provider', usage: normal }
    const price = this.#listPrice(provider, model, answered, at)
    if (price === undefined) return { nanoDollars: undefined, source: '', usage: normal }
    return { nanoDollars: costAt(price, normal)?.total, source: sourceOf(price), usage: normal }
  }

  #ownPrice(provider: Provider, model: string, answered: string | undefined): Price | undefined {
    const own = this.#own()
    if (own === undefined) return undefined
    const table = own.providers.get(provider.name)
    const fromProvider = row(table, model) ?? row(table, answered) ?? row(table, '*')
    return fromProvider ?? row(own.models, model) ?? row(own.models, answered)
  }

  #listPrice(provider: Provider, model: string, answered: string | undefined, at: Date): Price | undefined {
    if (isLocal(provider)) return FREE
    // What answered is the truth: an Azure deployment's name says nothing of its model.
    const isAnother = answered !== undefined && answered !== '' && answered !== model
    const exact = isAnother ? this.#book(provider, answered, at) : undefined
    return exact ?? this.#book(provider, model, at)
  }
}

/** The tables that ship with the source, without a package. */
export function shippedPrices({ preset }: Provider, model: string): Price | undefined {
  if (preset === 'holysheep') return row(HOLYSHEEP_PRICES, model)
  return MAKERS.has(preset) ? row(LIST_PRICES, model) : undefined
}

function row(table: PriceTable | undefined, model: string | undefined): Price | undefined {
  return table !== undefined && model !== undefined && Object.hasOwn(table, model) ? table[model] : undefined
}

/** Engines on this machine send no bill. The same engine at another address may be somebody's service. */
function isLocal({ preset, baseUrl }: Provider): boolean {
  if (preset === 'simulator') return true
  return ENGINES.has(preset) && /^https?:\/\/(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?=[:/]|$)/i.test(baseUrl)
}

const ENGINES: ReadonlySet<string> = new Set(['ollama', 'lm-studio', 'llama.cpp', 'vllm'])

function sourceOf({ source, checked }: Price): string {
  if (source === undefined || checked === undefined) return source ?? checked ?? ''
  return `${source}, ${checked}`
}
