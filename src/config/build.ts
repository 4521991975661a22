import { SluiceError } from '../errors.ts'
import { createProvider, type ProviderSettings } from '../provider/create.ts'
import { firstSet, type Environment } from '../provider/environment.ts'
import { PRESETS } from '../provider/presets.ts'
import { SECRET_NAME } from '../provider/redact.ts'
import { DEFAULT_DEADLINES, type Provider, type Route, type Target } from '../provider/provider.ts'
import { defaultAttempts, type AuthConfig, type GatewayConfig, type LogConfig, type ServerConfig } from './config.ts'
import { ownPrices } from './prices.ts'
import { configError } from './problems.ts'
import type { AuthSettings, LogSettings, ModelSettings, Settings, TargetSettings } from './settings.ts'
import { findCacheProblems, retentionOf, toCache, withCache } from './cache.ts'
import { findLooseEnds } from './loose-ends.ts'
import { toLimits } from './limits.ts'
import type { Problem } from './source.ts'

/** What holds where neither configuration nor command line says anything. */
const DEFAULT_SERVER: ServerConfig = {
  host: '127.0.0.1',
  port: 8787,
  allowedHosts: [],
  maxBodyBytes: 10 * 1024 * 1024,
  shutdownTimeout: 30_000,
  heartbeat: 15_000,
  maxLag: 100_000,
  readerPatience: 30_000,
  attachRetries: true,
  onDisconnect: { type: 'grace', ms: 30_000 },
}

/**
 * The configuration a gateway runs on, from checked settings.
 *
 * @throws SluiceError `config_invalid` with every provider that cannot be made and every name that leads nowhere.
 */
export function buildConfig(settings: Settings, env: Environment): GatewayConfig {
  const made = makeProviders(settings.providers ?? {}, env)
  const problems = [
    ...made.problems,
    ...findLooseEnds(settings),
    ...findLoops(settings, made.providers),
    ...findCacheProblems(settings),
  ]
  if (problems.length > 0) throw configError(problems)
  return assemble(settings, made.providers, env)
}

/** The same, when providers and names are known to be right. */
export function assemble(
  settings: Settings,
  providers: ReadonlyMap<string, Provider>,
  env: Environment,
): GatewayConfig {
  const routes = new Map<string, Route>()
  const prefixes = new Map<string, Route>()
  for (const [name, model] of Object.entries(settings.models ?? {})) {
    const route = withCache(toRoute(name, model, providers), model, settings)
    if (name.endsWith('*')) prefixes.set(name.slice(0, -1), route)
    else routes.set(name, route)
  }
  return {
    server: overlay(DEFAULT_SERVER, settings.server),
    log: toLog(settings.log ?? {}),
    providers,
    routes,
    prefixes,
    passthrough: settings.passthrough === undefined ? undefined : providers.get(settings.passthrough),
    auth: toAuth(settings.auth),
    prices: ownPrices(settings),
    usageRetention: settings.usage?.retention,
    ...(settings.admin === undefined
      ? {}
      : { admin: { host: settings.admin.host ?? '127.0.0.1', port: settings.admin.port } }),
    limits: toLimits(settings),
    ...(env['SLUICE_SECRET'] === undefined ? {} : { keySecret: env['SLUICE_SECRET'] }),
    cache: toCache(settings),
    secrets: [
      ...new Set([
        ...secretsOf(settings.providers ?? {}, env),
        ...(settings.auth?.clients ?? []).map(({ secret }) => secret),
        ...(env['SLUICE_SECRET'] === undefined ? [] : [env['SLUICE_SECRET']]),
      ]),
    ],
  }
}

/** Makes every provider; those that cannot be made are problems. */
export function makeProviders(
  providers: Readonly<Record<string, ProviderSettings>>,
  env: Environment,
): { readonly providers: ReadonlyMap<string, Provider>; readonly problems: readonly Problem[] } {
  const made = new Map<string, Provider>()
  const problems: Problem[] = []
  for (const [name, settings] of Object.entries(providers)) {
    try {
      made.set(name, createProvider(name, settings, env))
    } catch (thrown) {
      const error = SluiceError.from(thrown)
      if (error.code !== 'config_invalid') throw error
      const { param } = error.facts
      problems.push({ path: ['providers', name, ...(param === undefined ? [] : [param])], message: error.message })
    }
  }
  return { providers: made, problems }
}

/** A base URL that is the gateway's own address would send every request round until something breaks. */
export function findLoops(settings: Settings, providers: ReadonlyMap<string, Provider>): readonly Problem[] {
  const { host, port } = overlay(DEFAULT_SERVER, settings.server)
  if (port === 0) return []
  const own = new Set(['127.0.0.1', 'localhost', '[::1]', host])
  return [...providers.values()].flatMap((provider) => {
    const url = new URL(provider.baseUrl)
    const at = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
    if (at !== port || !own.has(url.hostname)) return []
    const message = `${provider.baseUrl} is this gateway's own address`
    return [{ path: ['providers', provider.name, 'baseUrl'], message }]
  })
}

function toRoute(name: string, model: ModelSettings, providers: ReadonlyMap<string, Provider>): Route {
  const targets = model.targets.map((target) => toTarget(target, model, providers))
  return {
    model: name,
    targets,
    strategy: model.strategy ?? 'ordered',
    maxAttempts: model.maxAttempts ?? defaultAttempts(targets.length),
    ...(model.maxExtraTokens === undefined ? {} : { maxExtraTokens: model.maxExtraTokens }),
  }
}

function toTarget(target: TargetSettings, model: ModelSettings, providers: ReadonlyMap<string, Provider>): Target {
  const provider = providers.get(target.provider)
  if (provider === undefined) throw new SluiceError('internal', `No provider ${target.provider}`)
  return {
    provider,
    model: target.model,
    deadlines: overlay(overlay(DEFAULT_DEADLINES, model.deadlines), target.deadlines),
    overrides: target.overrides ?? {},
    weight: target.weight ?? 1,
  }
}

function toAuth(auth: AuthSettings | undefined): AuthConfig | undefined {
  return auth === undefined ? undefined : { clients: auth.clients, tokenLifetime: auth.tokenLifetime ?? 3_600_000 }
}

function toLog(log: LogSettings): LogConfig {
  const retention = retentionOf(log)
  if (log.kind === 'memory') {
    return { kind: 'memory', retention, maxBytes: log.maxBytes, ...(log.dir === undefined ? {} : { dir: log.dir }) }
  }
  return {
    kind: 'file',
    retention,
    maxBytes: log.maxBytes,
    dir: log.dir ?? '.sluice',
    durability: log.durability ?? 'process',
  }
}

function secretsOf(providers: Readonly<Record<string, ProviderSettings>>, env: Environment): readonly string[] {
  const secrets = Object.values(providers).flatMap((settings) => [
    ...(typeof settings.apiKey === 'string' ? [settings.apiKey] : (settings.apiKey ?? [])),
    settings.keyId ?? '',
    settings.secret ?? '',
    ...(PRESETS.get(settings.preset)?.env.key ?? []).map((name) => firstSet([name], env)?.value ?? ''),
    ...Object.entries({ ...settings.headers, ...settings.query })
      .filter(([name]) => SECRET_NAME.test(name))
      // `Token abc123`: the scheme's name is no secret, and the rest must be found without it.
      .flatMap(([, value]) => value.split(/\s+/)),
  ])
  return [...new Set(secrets.filter((secret) => secret !== ''))]
}

/** `base` with what `layer` says; what is there and undefined says nothing. */
function overlay<T extends object>(base: T, layer: { readonly [K in keyof T]?: T[K] | undefined } | undefined): T {
  const said = Object.entries(layer ?? {}).filter(([, value]) => value !== undefined)
  return { ...base, ...Object.fromEntries(said) }
}
