import type { Provider, Route } from '../provider/provider.ts'
import type { GatewayConfig, ServerConfig } from './config.ts'
import type { LoadedConfig } from './load.ts'

/** Where a configuration comes from, so that it can be read again. */
export interface ConfigSource {
  readonly file: string
  /** What is in use now. */
  readonly loaded: LoadedConfig
  /** The file's text; `undefined` when there is no such file. */
  read(): Promise<string | undefined>
  /** Throws `SluiceError` `config_invalid` as `loadConfig` does. */
  parse(text: string): LoadedConfig
}

/** A configuration that can take the place of one that is in use. */
export interface Reloaded {
  readonly loaded: LoadedConfig
  /** Settings that changed and only count after a restart, as they are written: `server.port`. */
  readonly needsRestart: readonly string[]
}

/** Sockets, timers and files that were made from these stay as they are. */
const PINNED_SERVER = ['host', 'port', 'allowedHosts', 'heartbeat', 'readerPatience', 'shutdownTimeout'] as const
const PINNED = ['log', 'admin', 'keySecret', 'usageRetention'] as const

/**
 * A newly read configuration made to fit a gateway that runs on another one. What cannot change while it runs
 * keeps its value and is told; a provider whose settings are the same stays the very object it was, with its
 * tokens and resting keys.
 */
export function reloaded(running: LoadedConfig, next: LoadedConfig): Reloaded {
  const needsRestart = [
    ...PINNED_SERVER.filter((name) => differ(running.config.server[name], next.config.server[name])).map(
      (name) => `server.${name}`,
    ),
    ...PINNED.filter((name) => differ(running.config[name], next.config[name])),
  ]
  const config = withKept(next.config, unchangedProviders(running, next))
  return { loaded: { ...next, config: withPinned(config, running.config) }, needsRestart }
}

function withPinned(next: GatewayConfig, running: GatewayConfig): GatewayConfig {
  const { host, port, allowedHosts, heartbeat, readerPatience, shutdownTimeout } = running.server
  const server: ServerConfig = { ...next.server, host, port, allowedHosts, heartbeat, readerPatience, shutdownTimeout }
  const { log, admin, keySecret, usageRetention } = running
  // Streams that are open may still speak of the old ones.
  const secrets = [...new Set([...running.secrets, ...next.secrets])]
  return { ...next, server, log, admin, keySecret, usageRetention, secrets }
}

/** From the newly made provider to the one that is in use. */
function unchangedProviders(running: LoadedConfig, next: LoadedConfig): ReadonlyMap<Provider, Provider> {
  const kept = new Map<Provider, Provider>()
  for (const [name, made] of next.config.providers) {
    const before = running.config.providers.get(name)
    const isSame = !differ(running.settings.providers?.[name], next.settings.providers?.[name])
    if (before !== undefined && isSame) kept.set(made, before)
  }
  return kept
}

function withKept(config: GatewayConfig, kept: ReadonlyMap<Provider, Provider>): GatewayConfig {
  const one = (provider: Provider): Provider => kept.get(provider) ?? provider
  const routed = (route: Route): Route => ({
    ...route,
    targets: route.targets.map((target) => ({ ...target, provider: one(target.provider) })),
  })
  const all = <K, V>(map: ReadonlyMap<K, V>, change: (value: V) => V): ReadonlyMap<K, V> =>
    new Map([...map].map(([key, value]) => [key, change(value)]))
  return {
    ...config,
    providers: all(config.providers, one),
    routes: all(config.routes, routed),
    prefixes: all(config.prefixes, routed),
    passthrough: config.passthrough === undefined ? undefined : one(config.passthrough),
  }
}

/** Settings are plain data. */
function differ(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) !== JSON.stringify(b)
}
