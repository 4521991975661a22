import type { UsageRow } from '../ledger/usage.ts'
import { Counter, Histogram, MODEL, PROVIDER, type Family, type Spread, type Sum } from './metrics-count.ts'
import type { ModelLabels } from './metrics-models.ts'

/** The buckets of OpenTelemetry's GenAI conventions for each token of an answer, in seconds. */
const PER_TOKEN = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]

/** What is counted under one model at one provider. A series appears with the first stream that has something for it. */
class OfPair {
  readonly charged: Sum
  readonly cost: Sum
  input: Sum | undefined
  cached: Sum | undefined
  output: Sum | undefined
  reasoning: Sum | undefined
  unpriced: Sum | undefined
  estimated: Sum | undefined
  perToken: Spread | undefined

  constructor(charged: Sum, cost: Sum) {
    this.charged = charged
    this.cost = cost
  }
}

/** Tokens and money, once they are known. */
export class UsageCounts {
  readonly #labels: ModelLabels
  readonly #tokens = new Counter(
    'sluice_tokens_total',
    'Tokens: input (cached among it), cached, output (reasoning among it), reasoning',
    ['model', 'provider', 'type'],
  )
  readonly #cost = pairs('sluice_cost_dollars_total', 'What streams cost, in US dollars, as far as prices are known')
  readonly #charged = pairs('sluice_charged_streams_total', 'Streams that have been charged for good')
  readonly #unpriced = pairs('sluice_unpriced_streams_total', 'Streams with a try whose price nobody knows')
  readonly #estimated = pairs('sluice_estimated_streams_total', 'Streams whose tokens were counted here')
  readonly #perToken = new Histogram(
    'gen_ai_server_time_per_output_token_seconds',
    'Time per token of completed answers, after the first one',
    [MODEL, PROVIDER],
    PER_TOKEN,
  )
  /** By the model's label, then by provider. */
  readonly #pairs = new Map<string, Map<string, OfPair>>()

  constructor(labels: ModelLabels) {
    this.#labels = labels
  }

  /** In the order in which they are written. */
  get families(): readonly Family[] {
    return [this.#tokens, this.#cost, this.#charged, this.#unpriced, this.#estimated, this.#perToken]
  }

  /** What a stream used and cost is known for good. */
  add(row: UsageRow): void {
    const { provider, promptTokens, cachedTokens, completionTokens, reasoningTokens, ttft } = row
    const model = this.#labels.of(row.model)
    const of = this.#pairs.get(model)?.get(provider) ?? this.#learn(model, provider)
    const tokens = (type: string): Sum => this.#tokens.of(model, provider, type)
    if (promptTokens > 0) (of.input ??= tokens('input')).value += promptTokens
    if (cachedTokens > 0) (of.cached ??= tokens('cached')).value += cachedTokens
    if (completionTokens > 0) (of.output ??= tokens('output')).value += completionTokens
    if (reasoningTokens > 0) (of.reasoning ??= tokens('reasoning')).value += reasoningTokens
    of.charged.value++
    of.cost.value += row.nanoDollars / 1e9
    if (row.unpriced > 0) (of.unpriced ??= this.#unpriced.of(model, provider)).value++
    if (row.estimated) (of.estimated ??= this.#estimated.of(model, provider)).value++
    if (ttft === null || row.outcome !== 'completed' || completionTokens < 2) return
    const seconds = (row.duration - ttft) / 1_000 / (completionTokens - 1)
    ;(of.perToken ??= this.#perToken.of(model, provider)).observe(seconds)
  }

  #learn(model: string, provider: string): OfPair {
    const pair = new OfPair(this.#charged.of(model, provider), this.#cost.of(model, provider))
    const ofModel = this.#pairs.get(model) ?? new Map<string, OfPair>()
    this.#pairs.set(model, ofModel.set(provider, pair))
    return pair
  }
}

function pairs(name: string, help: string): Counter {
  return new Counter(name, help, ['model', 'provider'])
}
