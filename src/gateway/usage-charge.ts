import type { Usage } from '../completion/chunk.ts'
import type { SluiceError } from '../errors.ts'
import type { PriceList } from '../provider/price-list.ts'
import { saysBothCounts } from '../provider/price.ts'
import type { Target } from '../provider/provider.ts'
import type { StreamMeasure, Try } from './meter.ts'

/** What was delivered of a stream by a process that died. */
export interface Before {
  /** Entries of its log that are chunks. */
  readonly chunks: number
  /** As its provider told it, if it did. */
  readonly usage: Usage | undefined
  /** Who was asked; the route's first, because nobody wrote it down. */
  readonly target: Target
}

/** A try that has to be paid for. */
export interface PaidTry {
  readonly target: Target
  /** The chunks of the stream that are its own: from this one up to `to`. */
  readonly from: number
  readonly to: number
  /** The model that said it answers. */
  readonly answered: string | undefined
  /** As it told it; undefined where it has to be counted here. */
  readonly usage: Usage | undefined
}

/** Tokens that were counted here for a try that told none. */
export interface Counted {
  readonly prompt: number
  readonly completion: number
}

/** What a stream has to pay, all tries together. */
export interface Charge {
  readonly tries: readonly TryCharge[]
  /** Whole billionths of a US dollar, of the tries whose price is known. */
  readonly nanoDollars: number
  /** Tries whose price is not known. */
  readonly unpriced: number
  readonly promptTokens: number
  readonly cachedTokens: number
  readonly completionTokens: number
  readonly reasoningTokens: number
  /** Whether some of it was counted here. */
  readonly isEstimated: boolean
  /** Where the prices are from. */
  readonly priceSource: string
}

/** What one try has to pay. */
export interface TryCharge {
  readonly provider: string
  readonly model: string
  /** As OpenAI counts. */
  readonly usage: Usage
  readonly nanoDollars: number | undefined
  readonly priceSource: string
  readonly isEstimated: boolean
}

/**
 * The tries of a stream that somebody has to pay for: those whose provider told a usage, gave something, or was
 * working when it was us who hung up. One that refused, or that broke down before it gave anything, costs nothing.
 */
export function paidTries(measure: Pick<StreamMeasure, 'tries' | 'chunks' | 'error'>, before?: Before): PaidTry[] {
  const { tries, chunks, error } = measure
  const offset = before?.chunks ?? 0
  const paid: PaidTry[] = []
  if (before !== undefined && before.chunks > 0) {
    const { usage, target } = before
    paid.push({ target, from: 0, to: before.chunks, answered: undefined, usage: toldOf(usage, true, before.chunks) })
  }
  tries.forEach((one, i) => {
    const next = tries[i + 1]
    const failure = one.error ?? (next === undefined ? error : undefined)
    const delivered = (next?.from ?? chunks) - one.from
    const usage = toldOf(one.notes?.usage, failure !== undefined, delivered)
    if (usage === undefined && delivered === 0 && !isOwed(one, failure)) return
    const from = offset + one.from
    paid.push({ target: one.target, from, to: from + delivered, answered: one.notes?.model, usage })
  })
  return paid
}

/** A usage that says how many tokens it was. One of no tokens says nothing where something came and was cut. */
function toldOf(usage: Usage | undefined, isCut: boolean, delivered: number): Usage | undefined {
  if (!saysBothCounts(usage)) return undefined
  return isCut && delivered > 0 && usage.completion_tokens === 0 ? undefined : usage
}

/** Whether a provider that said yes and gave nothing had begun: then it was our own hanging up that ended it. */
function isOwed({ notes }: Try, failure: SluiceError | undefined): boolean {
  if (notes === undefined) return false
  if (failure === undefined) return true
  return !failure.code.startsWith('provider_') && !BROKE.has(failure.code)
}

const BROKE: ReadonlySet<string> = new Set(['upstream_reset', 'upstream_interrupted', 'upstream_malformed'])

/**
 * What these tries cost together.
 *
 * @param model The caller's name of the model, where a target has none of its own.
 * @param count What was counted here for the try at this place, where it told nothing.
 */
export function chargeOf(
  tries: readonly PaidTry[],
  model: string,
  prices: PriceList,
  at: Date,
  count: (place: number) => Counted,
): Charge {
  const charges: TryCharge[] = []
  tries.forEach((one, place) => {
    const asked = one.target.model ?? model
    const usage = one.usage ?? asUsage(count(place))
    const { provider } = one.target
    const priced = prices.cost({ provider, model: asked, answered: one.answered, usage }, at)
    if (priced === undefined) return
    const { nanoDollars, source, usage: normal } = priced
    const isEstimated = one.usage === undefined
    charges.push({
      provider: provider.name,
      model: asked,
      usage: normal,
      nanoDollars,
      priceSource: source,
      isEstimated,
    })
  })
  return together(charges)
}

/** In one pass: every stream pays for it. */
function together(tries: readonly TryCharge[]): Charge {
  let nanoDollars = 0
  let unpriced = 0
  let promptTokens = 0
  let cachedTokens = 0
  let completionTokens = 0
  let reasoningTokens = 0
  let isEstimated = false
  for (const charge of tries) {
    const { usage } = charge
    if (charge.nanoDollars === undefined) unpriced++
    nanoDollars += charge.nanoDollars ?? 0
    promptTokens += usage.prompt_tokens
    cachedTokens += usage.prompt_tokens_details?.cached_tokens ?? 0
    completionTokens += usage.completion_tokens
    reasoningTokens += usage.completion_tokens_details?.reasoning_tokens ?? 0
    isEstimated ||= charge.isEstimated
  }
  const priceSource = sourcesOf(tries)
  return {
    tries,
    nanoDollars,
    unpriced,
    promptTokens,
    cachedTokens,
    completionTokens,
    reasoningTokens,
    isEstimated,
    priceSource,
  }
}

/** Each source once. */
function sourcesOf(tries: readonly TryCharge[]): string {
  const [first] = tries
  if (first === undefined || tries.length === 1) return first?.priceSource ?? ''
  const sources = new Set(tries.map(({ priceSource }) => priceSource))
  sources.delete('')
  return [...sources].join(' + ')
}

function asUsage({ prompt, completion }: Counted): Usage {
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
}
