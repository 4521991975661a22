import type { UsageRow } from '../ledger/usage.ts'
import type { StreamMeasure } from './meter.ts'
import { Counter, Gauge, Histogram, type Family } from './metrics-count.ts'
import { ModelLabels } from './metrics-models.ts'
import { StreamCounts } from './metrics-streams.ts'
import { UsageCounts } from './metrics-usage.ts'
import { triedOf, type Tried } from './tried.ts'

/** What the gateway counts. */
export interface Metrics {
  /** A stream has ended. `tried`: its timeline's tries, where somebody has read them already. */
  stream(model: string, measure: StreamMeasure, tried?: Tried): void
  /** What a stream used and cost is known; once for each. */
  charged(row: UsageRow): void
  /** What the cache did for a request: `hit`, `miss`, `coalesced` or `bypass`. */
  cache(model: string, result: string): void
  /** A limit refused a request: whose (`key`, `model`), and which (`requests`, `tokens`, `concurrency`, `budget`, `price`). */
  refused(scope: string, limit: string): void
  /** A request waited for its place, milliseconds; also one that got none. */
  waited(ms: number): void
  /** A figure that is read when somebody asks for the metrics. */
  gauge(name: string, help: string, read: () => number): void
  /** The same, several with a label. Labels must be of a closed set. */
  gauges(
    name: string,
    help: string,
    label: string,
    read: () => Iterable<readonly [value: string, figure: number]>,
  ): void
  /** Prometheus text. */
  text(): string
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

/**
 * The metrics of one gateway; those of two in one process do not mix. Names are OpenTelemetry's GenAI
 * conventions where these have one, else ours; a model's name is bounded (`ModelLabels`), a provider's is the
 * configuration's, all other labels are closed sets.
 */
export function createMetrics(isConfigured: (model: string) => boolean = () => true): Metrics {
  const labels = new ModelLabels(isConfigured)
  const streams = new StreamCounts(labels)
  const usage = new UsageCounts(labels)
  const limits = limitMetrics()
  const cached = new Counter('sluice_cache_requests_total', CACHE_HELP, ['model', 'result'])
  const families: Family[] = [...streams.families, ...usage.families, ...limits.families, cached]
  return {
    refused: limits.refused,
    waited: limits.waited,
    cache: (model, result) => void cached.of(labels.of(model), result).value++,
    stream: (model, measure, tried = triedOf(measure)) => streams.add(model, measure, tried),
    charged: (row) => usage.add(row),
    gauge: (name, help, read) => void families.push(new Gauge(name, help, undefined, () => [['', read()]])),
    gauges: (name, help, label, read) => void families.push(new Gauge(name, help, label, read)),
    text: () => `${[...families, streams.gaps].map((family) => family.text()).join('\n\n')}\n`,
  }
}

const CACHE_HELP = 'Requests that asked the cache, by what it did: hit, miss, coalesced, bypass'

function limitMetrics(): Pick<Metrics, 'refused' | 'waited'> & { readonly families: readonly Family[] } {
  const refusals = new Counter('sluice_limit_refused_total', 'Requests refused by a limit, by whose and which', [
    'scope',
    'limit',
  ])
  const waits = new Histogram(
    'sluice_limit_wait_seconds',
    'How long requests waited for a place under a limit',
    [],
    SECONDS,
  )
  const wait = waits.of()
  return {
    families: [refusals, waits],
    refused: (scope, limit) => void refusals.of(scope, limit).value++,
    waited: (ms) => wait.observe(ms / 1_000),
  }
}
