import { measureCache } from './cache-use.ts'
import type { GatewayContext } from './context.ts'
import type { Metrics } from './metrics.ts'
import { measureConfigAge } from './reload.ts'

/** Adds figures that are read when somebody asks for the metrics. */
export type AddGauges = (metrics: Pick<Metrics, 'gauge' | 'gauges'>) => void

/** Adds those of a gateway, and of the process it runs in. */
export function addGauges(context: GatewayContext, process: readonly AddGauges[]): void {
  const { metrics, live, log, admission } = context
  for (const add of process) add(metrics)
  metrics.gauge('sluice_streams_open', 'Streams being produced now', () => live.count)
  metrics.gauges('sluice_breaker_open', 'Targets that are left out now', 'target', () => openBreakers(context))
  metrics.gauge('sluice_limit_waiting', 'Requests waiting for a place under a limit', () => admission.waiting)
  metrics.gauge('sluice_limit_places', 'Places taken under limits of callers', () => admission.running('key'))
  metrics.gauge('sluice_log_degraded', '1 while entries are not kept as promised', () =>
    log.health().degraded ? 1 : 0,
  )
  measureConfigAge(context)
  measureCache(context)
}

/** Only targets of the configuration: where names are passed through, callers choose them. */
function* openBreakers({ breakers, config }: GatewayContext): Generator<readonly [string, number]> {
  const states = breakers.states()
  for (const { model: asked, targets } of config.routes.values()) {
    for (const { provider, model = asked } of targets) {
      const name = `${provider.name}/${model}`
      yield [name, states.get(name) === 'open' ? 1 : 0]
    }
  }
}
