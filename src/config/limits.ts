import type { ScopeLimits } from '../limit/scope.ts'
import type { Settings } from './settings.ts'

/** Limits as a file says them. */
export interface LimitNumbers {
  readonly rpm?: number | undefined
  readonly tpm?: number | undefined
  readonly concurrency?: number | undefined
}

/** `limits:` as far as it is said; times in milliseconds. */
export interface LimitSettings extends LimitNumbers {
  readonly wait?: number | undefined
  readonly expectedTokens?: number | undefined
  readonly unknownPrice?: 'refuse' | 'allow' | undefined
}

/** What may be used, and what happens when that is too little. */
export interface LimitsConfig {
  /** Of each caller, where its key says nothing else. */
  readonly callers: ScopeLimits
  /** By model name, as callers say it; names that end in `/` or `:` stand for all that start so. */
  readonly models: ReadonlyMap<string, ScopeLimits>
  /** By the provider's name. */
  readonly providers: ReadonlyMap<string, ScopeLimits>
  /** How long a request may wait for a place, milliseconds; 0: not at all. */
  readonly wait: number
  /** Tokens that are kept for an answer whose request sets no limit. */
  readonly expectedTokens: number
  /** Whether a key with a budget may use a model whose price is not known. */
  readonly unknownPrice: 'refuse' | 'allow'
}

/** What holds where the configuration says nothing. */
export const DEFAULT_LIMITS: LimitsConfig = {
  callers: {},
  models: new Map(),
  providers: new Map(),
  wait: 0,
  expectedTokens: 1_024,
  unknownPrice: 'refuse',
}

/** All limits of a configuration. */
export function toLimits({ limits, models, providers }: Settings): LimitsConfig {
  return {
    callers: toScopeLimits(limits ?? {}),
    models: collect(models ?? {}, (name) => (name.endsWith('*') ? name.slice(0, -1) : name)),
    providers: collect(providers ?? {}, (name) => name),
    wait: limits?.wait ?? DEFAULT_LIMITS.wait,
    expectedTokens: limits?.expectedTokens ?? DEFAULT_LIMITS.expectedTokens,
    unknownPrice: limits?.unknownPrice ?? DEFAULT_LIMITS.unknownPrice,
  }
}

/**
 * The name under which a model's limits stand: its own, or the longest beginning that has any. All models of
 * a beginning share them.
 */
export function limitedName({ models }: LimitsConfig, model: string): string | undefined {
  if (models.size === 0 || models.has(model)) return models.size === 0 ? undefined : model
  for (let end = model.length - 1; end > 0; end -= 1) {
    const separator = model[end - 1]
    if ((separator === '/' || separator === ':') && models.has(model.slice(0, end))) return model.slice(0, end)
  }
  return undefined
}

function collect(
  entries: Readonly<Record<string, { readonly limits?: LimitNumbers | undefined }>>,
  nameOf: (name: string) => string,
): ReadonlyMap<string, ScopeLimits> {
  const found = new Map<string, ScopeLimits>()
  for (const [name, { limits }] of Object.entries(entries)) {
    if (limits !== undefined) found.set(nameOf(name), toScopeLimits(limits))
  }
  return found
}

function toScopeLimits({ rpm, tpm, concurrency }: LimitNumbers): ScopeLimits {
  return { requestsPerMinute: rpm, tokensPerMinute: tpm, maxConcurrent: concurrency }
}
