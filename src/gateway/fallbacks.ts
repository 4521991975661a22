import { resolveModel, type GatewayConfig } from '../config/config.ts'
import type { Route, Target } from '../provider/provider.ts'

/** The fields by which a request names models to fall back on (MegaLLM). */
export interface FallbackFields {
  readonly fallback_models?: unknown
  readonly fallback_on_rate_limit?: unknown
  readonly fallback_on_error?: unknown
}

/**
 * A request's own fallbacks behind the targets of its route, in their order. Only models that are
 * configured here: a name that would just be passed through is left to the provider, and so is one that
 * nobody knows. Both switches are on unless the request says `false`.
 */
export function withFallbacks(config: GatewayConfig, route: Route, body: FallbackFields): Route {
  const { fallback_models: models } = body
  if (!Array.isArray(models) || models.length === 0) return route
  const fallbackOn = { rateLimit: body.fallback_on_rate_limit !== false, error: body.fallback_on_error !== false }
  const known = { routes: config.routes, prefixes: config.prefixes, passthrough: undefined }
  const targets = [...route.targets]
  for (const name of models) {
    if (typeof name !== 'string') continue
    for (const target of resolveModel(known, name)?.targets ?? []) {
      const model = target.model ?? name
      // Weight 0: never the first try of a weighted route.
      if (!isAmong(targets, target, model)) targets.push({ ...target, model, weight: 0, fallbackOn })
    }
  }
  const added = targets.length - route.targets.length
  return added === 0 ? route : { ...route, targets, maxAttempts: route.maxAttempts + added }
}

function isAmong(targets: readonly Target[], { provider }: Target, model: string): boolean {
  return targets.some((target) => target.provider === provider && target.model === model)
}
