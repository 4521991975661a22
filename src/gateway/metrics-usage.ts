import type { Counter } from '@prometheus-io/client'
import type { UsageRow } from '../ledger/usage.ts'
import type { ModelLabels } from './metrics-models.ts'
import { counter, histogram, MODEL, PROVIDER, type Registers } from './metrics-register.ts'

/** The buckets of OpenTelemetry's GenAI conventions for each token of an answer, in seconds. */
const PER_TOKEN = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]

/** Tokens and money, once they are known. */
export function usageMetrics(registers: Registers, labels: ModelLabels): (row: UsageRow) => void {
  const count = (name: string, help: string, names: string[]): Counter<string> => counter(registers, name, help, names)
  const tokens = count(
    'sluice_tokens_total',
    'Tokens: input (cached among it), cached, output (reasoning among it), reasoning',
    ['model', 'provider', 'type'],
  )
  const cost = count('sluice_cost_dollars_total', 'What streams cost, in US dollars, as far as prices are known', [
    'model',
    'provider',
  ])
  const charged = count('sluice_charged_streams_total', 'Streams that have been charged for good', [
    'model',
    'provider',
  ])
  const unpriced = count('sluice_unpriced_streams_total', 'Streams with a try whose price nobody knows', [
    'model',
    'provider',
  ])
  const estimated = count('sluice_estimated_streams_total', 'Streams whose tokens were counted here', [
    'model',
    'provider',
  ])
  const perToken = histogram(
    registers,
    'gen_ai_server_time_per_output_token_seconds',
    'Time per token of completed answers, after the first one',
    [MODEL, PROVIDER],
    PER_TOKEN,
  )
  return (row) => {
    const { provider } = row
    const names = { model: labels.of(row.model), provider }
    if (row.promptTokens > 0) tokens.inc({ ...names, type: 'input' }, row.promptTokens)
    if (row.cachedTokens > 0) tokens.inc({ ...names, type: 'cached' }, row.cachedTokens)
    if (row.completionTokens > 0) tokens.inc({ ...names, type: 'output' }, row.completionTokens)
    if (row.reasoningTokens > 0) tokens.inc({ ...names, type: 'reasoning' }, row.reasoningTokens)
    charged.inc(names)
    cost.inc(names, row.nanoDollars / 1e9)
    if (row.unpriced > 0) unpriced.inc(names)
    if (row.estimated) estimated.inc(names)
    if (row.ttft === null || row.outcome !== 'completed' || row.completionTokens < 2) return
    const seconds = (row.duration - row.ttft) / 1_000 / (row.completionTokens - 1)
    perToken.observe({ [MODEL]: names.model, [PROVIDER]: provider }, seconds)
  }
}
