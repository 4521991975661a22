import { Gauge, Registry, type Counter } from '@prometheus-io/client'
import type { UsageRow } from '../ledger/usage.ts'
import type { StreamMeasure } from './meter.ts'
import { GapHistogram } from './metrics-gaps.ts'
import { ModelLabels } from './metrics-models.ts'
import { counter, histogram, MODEL, type Registers } from './metrics-register.ts'
import { usageMetrics } from './metrics-usage.ts'

/** What the gateway counts. The only place that knows the metrics library. */
export interface Metrics {
  /** A stream has ended. */
  stream(model: string, measure: StreamMeasure): void
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
  text(): Promise<string>
}

/** The buckets of OpenTelemetry's GenAI conventions for time to first token, in seconds, and a few longer ones. */
const TTFT = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 120]
/** The same for whole requests. */
const DURATION = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 300, 1_800]
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

/**
 * Metrics in a registry of their own, so that two gateways in one process do not mix. Names are OpenTelemetry's GenAI
 * conventions where these have one, else ours; a model's name is bounded (`ModelLabels`), a provider's is the
 * configuration's, all other labels are closed sets.
 */
export function createMetrics(isConfigured: (model: string) => boolean = () => true): Metrics {
  const registers = [new Registry()]
  const labels = new ModelLabels(isConfigured)
  const streams = streamMetrics(registers, labels)
  const money = usageMetrics(registers, labels)
  const limits = limitMetrics(registers)
  const cached = counter(registers, 'sluice_cache_requests_total', CACHE_HELP, ['model', 'result'])
  return {
    ...limits,
    cache: (model, result) => cached.inc({ model: labels.of(model), result }),
    stream: streams.stream,
    charged: money,
    gauge(name, help, read) {
      const gauge: Gauge = new Gauge({ name, help, registers, collect: () => gauge.set(read()) })
    },
    gauges(name, help, label, read) {
      const gauge: Gauge<string> = new Gauge({
        name,
        help,
        registers,
        labelNames: [label],
        collect() {
          gauge.reset()
          for (const [value, figure] of read()) gauge.set({ [label]: value }, figure)
        },
      })
    },
    async text() {
      const texts = await Promise.all(registers.map((registry) => registry.metrics()))
      return `${texts.join('\n')}\n${streams.gaps.text()}`
    },
  }
}

const CACHE_HELP = 'Requests that asked the cache, by what it did: hit, miss, coalesced, bypass'

function streamMetrics(
  registers: Registers,
  labels: ModelLabels,
): { readonly stream: Metrics['stream']; readonly gaps: GapHistogram } {
  const count = (name: string, help: string, names: string[]): Counter<string> => counter(registers, name, help, names)
  const streams = count('sluice_streams_total', 'Streams that ended', ['model', 'outcome', 'code'])
  const chunks = count('sluice_chunks_total', 'Chunks relayed', ['model'])
  const attempts = count('sluice_attempts_total', 'Tries of a provider, by result', ['provider', 'result'])
  const rescues = count('sluice_rescues_total', 'Cut answers that somebody was asked to continue', [
    'provider',
    'mode',
    'result',
  ])
  const seams = count('sluice_seams_total', 'Continuations joined to what was sent', ['mode'])
  const ttft = histogram(
    registers,
    'gen_ai_server_time_to_first_token_seconds',
    'From the request to the first visible delta',
    [MODEL],
    TTFT,
  )
  const duration = histogram(
    registers,
    'gen_ai_server_request_duration_seconds',
    'From the request to the end of its stream',
    [MODEL],
    DURATION,
  )
  const gaps = new GapHistogram()
  return {
    gaps,
    stream(name, measure) {
      const { outcome, error, timeline } = measure
      const model = labels.of(name, outcome.status === 'completed')
      streams.inc({ model, outcome: outcome.status, code: error?.code ?? 'none' })
      chunks.inc({ model }, measure.chunks)
      duration.observe({ [MODEL]: model }, measure.duration / 1_000)
      if (measure.ttft !== undefined) {
        ttft.observe({ [MODEL]: model }, measure.ttft / 1_000)
        gaps.add(model, measure.gaps, (measure.duration - measure.ttft) / 1_000)
      }
      for (const { provider, mode, result } of triesOf(measure)) {
        attempts.inc({ provider, result })
        if (mode !== undefined) rescues.inc({ provider, mode, result })
      }
      for (const { type, mode } of timeline) if (type === 'seam') seams.inc({ mode: String(mode) })
    },
  }
}

function limitMetrics(registers: Registers): Pick<Metrics, 'refused' | 'waited'> {
  const refusals = counter(registers, 'sluice_limit_refused_total', 'Requests refused by a limit, by whose and which', [
    'scope',
    'limit',
  ])
  const waits = histogram(
    registers,
    'sluice_limit_wait_seconds',
    'How long requests waited for a place under a limit',
    [],
    SECONDS,
  )
  return {
    refused: (scope, limit) => refusals.inc({ scope, limit }),
    waited: (ms) => waits.observe(ms / 1_000),
  }
}

/** A try of a provider, as it is counted. */
export interface TriedProvider {
  readonly provider: string
  /** How a cut answer was to be continued; undefined for a first try. */
  readonly mode: string | undefined
  readonly result: string
}

/** Each try's provider and how it went. */
export function triesOf({ timeline, error }: StreamMeasure): readonly TriedProvider[] {
  const tries: TriedProvider[] = []
  let open: Omit<TriedProvider, 'result'> | undefined
  for (const event of timeline) {
    if (event.type === 'attempt') {
      const mode = event['mode']
      open = { provider: String(event['provider']), mode: typeof mode === 'string' ? mode : undefined }
    } else if (event.type === 'failed' && open !== undefined) {
      tries.push({ ...open, result: String(event['code']) })
      open = undefined
    }
  }
  if (open !== undefined) tries.push({ ...open, result: error?.code ?? 'ok' })
  return tries
}
