import { monitorEventLoopDelay, performance, type EventLoopUtilization } from 'node:perf_hooks'
import type { Environment } from '../provider/environment.ts'
import type { Metrics } from '../gateway/metrics.ts'

/** How finely the loop's delay is looked at, in milliseconds: a timer each. */
const RESOLUTION = 20

/** What measures a process. */
export interface ProcessGauges {
  /** Adds its figures to a gateway's metrics. */
  readonly add: (metrics: Pick<Metrics, 'gauge' | 'gauges'>) => void
  stop(): void
}

/**
 * Figures of the process: how late the event loop is and how busy, memory, CPU. The delay's quantiles are of the
 * time since they were last asked for.
 */
export function measureProcess(): ProcessGauges {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION })
  delay.enable()
  let last: EventLoopUtilization = performance.eventLoopUtilization()
  return {
    add(metrics) {
      metrics.gauges('sluice_event_loop_delay_seconds', 'How late the event loop is', 'quantile', () => {
        const seconds = (nano: number): number => Math.max(0, nano / 1e6 - RESOLUTION) / 1_000
        const figures = [
          ['0.5', seconds(delay.percentile(50))],
          ['0.99', seconds(delay.percentile(99))],
          ['1', seconds(delay.max)],
        ] as const
        delay.reset()
        return figures
      })
      metrics.gauge(
        'sluice_event_loop_utilization',
        'Share of time the event loop was busy, since the last look',
        () => {
          const now = performance.eventLoopUtilization()
          const { utilization } = performance.eventLoopUtilization(now, last)
          last = now
          return utilization
        },
      )
      metrics.gauge('process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss())
      metrics.gauge('sluice_process_cpu_seconds', 'CPU time of user and system', () => {
        const { user, system } = process.cpuUsage()
        return (user + system) / 1e6
      })
      metrics.gauge('process_start_time_seconds', 'When the process began', () => performance.timeOrigin / 1_000)
    },
    stop: () => delay.disable(),
  }
}

/** Traces that are being sent. */
export interface Tracing {
  /** Sends what there is and ends. Never rejects. */
  shutdown(): Promise<void>
}

const PACKAGES = '@opentelemetry/sdk-trace-node @opentelemetry/exporter-trace-otlp-http'

/**
 * Sends traces where `OTEL_EXPORTER_OTLP_ENDPOINT` (or `…_TRACES_ENDPOINT`) says, by OTLP over HTTP. The SDK is not
 * ours to bring: it is used if it is installed, and else one line says how to have it. The exporter and the batches
 * read their own variables of OpenTelemetry (`OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER`, `OTEL_BSP_*`, headers).
 *
 * @param say Is given the line.
 */
export async function startTracing(env: Environment, say: (line: string) => void): Promise<Tracing | undefined> {
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? env['OTEL_EXPORTER_OTLP_ENDPOINT']
  const isOff = env['OTEL_SDK_DISABLED'] === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none'
  if (endpoint === undefined || endpoint === '' || isOff) return undefined
  try {
    const [{ NodeTracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }, { resourceFromAttributes }] =
      await Promise.all([
        import('@opentelemetry/sdk-trace-node'),
        import('@opentelemetry/exporter-trace-otlp-http'),
        import('@opentelemetry/resources'),
      ])
    const provider = new NodeTracerProvider({
      resource: resourceFromAttributes({ 'service.name': env['OTEL_SERVICE_NAME'] ?? 'sluice' }),
      spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
    })
    provider.register()
    return { shutdown: () => provider.shutdown().catch(() => {}) }
  } catch (error) {
    if (!isMissing(error)) throw error
    say(`traces are not sent to ${new URL(endpoint).origin}: npm install ${PACKAGES} first`)
    return undefined
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
}
