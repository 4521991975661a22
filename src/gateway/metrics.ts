import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'
import type { StreamMeasure } from './meter.ts'

/** What the gateway counts. The only place that knows the metrics library. */
export interface Metrics {
  /** A stream has ended. */
  stream(model: string, measure: StreamMeasure): void
  /** A figure that is read when somebody asks for the metrics. */
  gauge(name: string, help: string, read: () => number): void
  /** Prometheus text. */
  text(): Promise<string>
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

/** Metrics in a registry of their own, so that two gateways in one process do not mix. */
export function createMetrics(): Metrics {
  const registers = [new Registry()]
  const streams = new Counter({
    name: 'sluice_streams_total',
    help: 'Streams that ended, by model, outcome and error code',
    labelNames: ['model', 'outcome', 'code'],
    registers,
  })
  const chunks = new Counter({ name: 'sluice_chunks_total', help: 'Chunks relayed', labelNames: ['model'], registers })
  const tokens = new Counter({
    name: 'sluice_tokens_total',
    help: 'Tokens as the providers counted them',
    labelNames: ['model', 'type'],
    registers,
  })
  const attempts = new Counter({
    name: 'sluice_attempts_total',
    help: 'Tries of a provider, by result',
    labelNames: ['provider', 'result'],
    registers,
  })
  const ttft = new Histogram({
    name: 'sluice_time_to_first_token_seconds',
    help: 'From the request to the first visible delta',
    labelNames: ['model'],
    buckets: SECONDS,
    registers,
  })
  const duration = new Histogram({
    name: 'sluice_stream_duration_seconds',
    help: 'From the request to the end',
    labelNames: ['model'],
    buckets: SECONDS,
    registers,
  })
  return {
    stream(model, measure) {
      streams.inc({ model, outcome: measure.outcome.status, code: measure.error?.code ?? 'none' })
      chunks.inc({ model }, measure.chunks)
      duration.observe({ model }, measure.duration / 1_000)
      if (measure.ttft !== undefined) ttft.observe({ model }, measure.ttft / 1_000)
      if (measure.usage !== undefined) {
        tokens.inc({ model, type: 'input' }, measure.usage.prompt_tokens)
        tokens.inc({ model, type: 'output' }, measure.usage.completion_tokens)
      }
      for (const [provider, result] of results(measure)) attempts.inc({ provider, result })
    },
    gauge(name, help, read) {
      const gauge: Gauge = new Gauge({ name, help, registers, collect: () => gauge.set(read()) })
    },
    text: async () => (await Promise.all(registers.map((registry) => registry.metrics()))).join('\n'),
  }
}

/** Each try's provider and how it went, from the timeline. */
function* results({ timeline, error }: StreamMeasure): Generator<readonly [provider: string, result: string]> {
  let provider: string | undefined
  for (const event of timeline) {
    if (event.type === 'attempt') provider = String(event['provider'])
    else if (event.type === 'failed' && provider !== undefined) {
      yield [provider, String(event['code'])]
      provider = undefined
    }
  }
  if (provider !== undefined) yield [provider, error?.code ?? 'ok']
}
