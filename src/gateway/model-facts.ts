import { Cancellation } from '../cancel.ts'
import { isObject, parseJson } from '../completion/json.ts'
import { SluiceError } from '../errors.ts'
import type { Target } from '../provider/provider.ts'
import { readText } from '../upstream/body.ts'
import { openFresh } from '../upstream/fresh.ts'
import type { Dialer } from '../upstream/open.ts'

/** What a provider tells of a model beside its name: context length, price, capabilities, by its own field names. */
export interface ModelFacts {
  readonly [field: string]: unknown
}

/** How long a provider's list is believed, and how long one that could not be had is not asked for. In milliseconds. */
const LIFETIME = 300_000
const FAILED = 60_000
/** How long a list may take: somebody waits for ours. In milliseconds. */
const TIMEOUT = 1_500
/** Bytes of a list, characters of one model's facts. */
const MAX_LIST = 8 * 1024 * 1024
const MAX_FACTS = 16 * 1024
/**
 * What is passed on: what is known to describe a model. Not everything, because some lists also say whose
 * account it is or where the weights lie (vLLM's `root`).
 */
const PASSED: ReadonlySet<string> = new Set([
  // MegaLLM; some are Together's and OpenRouter's too
  'type',
  'created_at',
  'display_name',
  'capabilities',
  'pricing',
  'context_length',
  'max_output_tokens',
  // OpenRouter
  'name',
  'description',
  'architecture',
  'top_provider',
  'supported_parameters',
  // Groq, Mistral, vLLM
  'context_window',
  'max_completion_tokens',
  'max_context_length',
  'max_model_len',
])

const NOTHING: ModelFacts = {}

interface Listing {
  readonly models: Promise<ReadonlyMap<string, ModelFacts>>
  goodUntil: number
}

/** The lists of models of the providers, asked for when somebody wants ours. */
export class ModelDirectory {
  readonly #dialer: Dialer
  readonly #listings = new Map<string, Listing>()

  constructor(dialer: Dialer) {
    this.#dialer = dialer
  }

  /** What the provider of `target` tells of a model of its; nothing where it tells nothing in time. */
  async factsOf(target: Target, model: string): Promise<ModelFacts> {
    if (target.provider.dialect !== 'openai') return NOTHING
    const { name } = target.provider
    const now = this.#dialer.clock.now()
    let listing = this.#listings.get(name)
    if (listing === undefined || listing.goodUntil <= now) {
      listing = this.#ask(target, now)
      this.#listings.set(name, listing)
    }
    return (await listing.models).get(model) ?? NOTHING
  }

  /** A provider is another one now. */
  forget(provider: string): void {
    this.#listings.delete(provider)
  }

  #ask(target: Target, now: number): Listing {
    const listing: Listing = {
      goodUntil: now + LIFETIME,
      models: this.#list(target).catch(() => {
        listing.goodUntil = now + FAILED
        return new Map()
      }),
    }
    return listing
  }

  async #list(target: Target): Promise<ReadonlyMap<string, ModelFacts>> {
    const limit = new Cancellation()
    const late = new SluiceError('upstream_head_timeout', `${target.provider.name}: no list of models in time`)
    const stop = this.#dialer.clock.after(TIMEOUT, () => limit.abort(late))
    try {
      const outgoing = { method: 'GET', path: '/models', body: undefined } as const
      const exchange = await openFresh(this.#dialer, target, outgoing, limit)
      const text = await readText(exchange.bytes, MAX_LIST, target.provider.name)
      if (exchange.status !== 200) throw new SluiceError('provider_bad_response', `HTTP ${exchange.status}`)
      return modelsIn(text)
    } finally {
      stop()
    }
  }
}

function modelsIn(text: string): ReadonlyMap<string, ModelFacts> {
  const body = parseJson(text)
  const list = isObject(body) ? body['data'] : body
  const models = new Map<string, ModelFacts>()
  if (!Array.isArray(list)) return models
  for (const item of list) {
    if (!isObject(item) || typeof item['id'] !== 'string') continue
    const facts = Object.fromEntries(Object.entries(item).filter(([field]) => PASSED.has(field)))
    if (JSON.stringify(facts).length <= MAX_FACTS) models.set(item['id'], facts)
  }
  return models
}
