import type { GatewayConfig } from '../config/config.ts'
import type { Clients } from './clients.ts'
import type { GatewayContext } from './context.ts'

/** When the configuration was read, and whether the last try of it went wrong. Milliseconds since 1970. */
export interface ConfigAge {
  loadedAt: number
  failedAt: number | undefined
}

/**
 * Puts another configuration in the place of the one in use, between two turns of the event loop. Open
 * streams hold the routes they began with and see nothing of it. Breakers, kept connections and lists of
 * models stay with providers that are the same object as before.
 */
export function applyConfig(context: GatewayContext, config: GatewayConfig, clients: Clients): void {
  for (const [name, provider] of context.config.providers) {
    if (config.providers.get(name) === provider) continue
    context.breakers.reset(name)
    context.models.forget(name)
  }
  context.config = config
  context.clients = clients
  context.configAge.loadedAt = context.clock.date()
  context.configAge.failedAt = undefined
}

/** What readiness says of the configuration: not what is wrong with it, since anybody may ask. */
export function configReadiness({ configAge: { loadedAt, failedAt } }: GatewayContext): object {
  if (failedAt === undefined) return {}
  const [failed, loaded] = [failedAt, loadedAt].map((at) => new Date(at).toISOString())
  return { config: `could not be reloaded at ${failed}, and that of ${loaded} stays in use; the log has the reasons` }
}

/** Figures of the configuration's age. */
export function measureConfigAge({ metrics, configAge }: GatewayContext): void {
  metrics.gauge('sluice_config_reload_successful', '0 when the configuration could not be read the last time', () =>
    configAge.failedAt === undefined ? 1 : 0,
  )
  metrics.gauge(
    'sluice_config_reload_success_timestamp_seconds',
    'When the configuration in use was read',
    () => configAge.loadedAt / 1_000,
  )
}
