import type { CachePolicy, Route } from '../provider/provider.ts'
import type { CacheConfig } from './config.ts'
import { formatDuration } from './duration.ts'
import type { CachePolicySettings, LogSettings, ModelSettings, Settings } from './settings.ts'
import type { Problem } from './source.ts'

/** Of all answers in a cache whose size nobody said. */
const DEFAULT_BYTES = 256 * 1024 * 1024

/** How long the log keeps a stream that has ended, in milliseconds. */
export function retentionOf(log: LogSettings | undefined): number {
  return log?.retention ?? 3_600_000
}

/** The cache of a gateway; `undefined` where the configuration says nothing of one. */
export function toCache(settings: Settings): CacheConfig | undefined {
  const models = Object.values(settings.models ?? {})
  if (settings.cache === undefined && models.every((model) => model.cache === undefined)) return undefined
  return { maxBytes: settings.cache?.maxBytes ?? DEFAULT_BYTES, policy: policyOf(settings, undefined) }
}

/** The route with what its model says of the cache, where it says anything. */
export function withCache(route: Route, model: ModelSettings, settings: Settings): Route {
  return model.cache === undefined ? route : { ...route, cache: policyOf(settings, model.cache) }
}

/**
 * Answers that are to be given again for longer than the log keeps them. A cached answer is its stream's log:
 * a longer time could not be kept, and one that is cut in silence would be looked for long.
 */
export function findCacheProblems(settings: Settings): readonly Problem[] {
  const retention = retentionOf(settings.log)
  const tooLong = (cache: CachePolicySettings | undefined): boolean => (cache?.ttl ?? 0) > retention
  const message = `expected at most ${formatDuration(retention)}, for which log.retention keeps a stream`
  const problems: Problem[] = tooLong(settings.cache) ? [{ path: ['cache', 'ttl'], message }] : []
  for (const [name, { cache }] of Object.entries(settings.models ?? {})) {
    if (tooLong(cache)) problems.push({ path: ['models', name, 'cache', 'ttl'], message })
  }
  return problems
}

function policyOf({ cache, log }: Settings, own: CachePolicySettings | undefined): CachePolicy {
  return {
    enabled: own?.enabled ?? cache?.enabled ?? false,
    ttl: own?.ttl ?? cache?.ttl ?? retentionOf(log),
    pace: own?.pace ?? cache?.pace ?? 'at-once',
    coalesce: own?.coalesce ?? cache?.coalesce ?? false,
  }
}
