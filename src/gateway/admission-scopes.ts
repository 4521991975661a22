import { limitedName, type LimitsConfig } from '../config/limits.ts'
import type { KeyRecord } from '../ledger/key.ts'
import { isLimited, Scope, type ScopeKind, type ScopeLimits } from '../limit/scope.ts'
import type { Asked } from './admission-asked.ts'
import { scopesInUse } from './admission-view.ts'

/** Every set of limits that something was taken of since the start, each made when it is first needed. */
export class Scopes {
  /** By kind and name. */
  readonly #scopes: Readonly<Record<ScopeKind, Map<string, Scope>>> = {
    key: new Map(),
    model: new Map(),
    provider: new Map(),
  }

  /** The caller's, the model's and those of the models that the request may fall back on. */
  of({ owner, key, model, body }: Asked, limits: LimitsConfig): readonly Scope[] {
    const own = ofCaller(key, limits.callers)
    const caller = isLimited(own) ? this.#scope('key', owner, own) : undefined
    if (limits.models.size === 0) return caller === undefined ? NONE : [caller]
    const scopes = caller === undefined ? [] : [caller]
    const { fallback_models: others } = body
    for (const name of Array.isArray(others) ? [model, ...others] : [model]) {
      const limited = typeof name === 'string' ? limitedName(limits, name) : undefined
      const limit = limited === undefined ? undefined : limits.models.get(limited)
      if (limited === undefined || !isLimited(limit)) continue
      const scope = this.#scope('model', limited, limit)
      if (!scopes.includes(scope)) scopes.push(scope)
    }
    return scopes
  }

  /** The scope of a provider, where it has limits of its own. */
  ofProvider(name: string, { providers }: LimitsConfig): Scope | undefined {
    const limit = providers.get(name)
    return isLimited(limit) ? this.#scope('provider', name, limit) : undefined
  }

  /** Places that are taken, of all scopes of a kind. */
  running(kind: ScopeKind): number {
    let sum = 0
    for (const { budget } of this.#scopes[kind].values()) sum += budget.running
    return sum
  }

  /** All of them for the operator; wire names. `now`: of the clock that limits are counted by. */
  inUse(now: number): readonly object[] {
    return scopesInUse(this.#scopes, now)
  }

  #scope(kind: ScopeKind, name: string, limits: ScopeLimits): Scope {
    let scope = this.#scopes[kind].get(name)
    if (scope === undefined) {
      scope = new Scope(kind, name, limits)
      this.#scopes[kind].set(name, scope)
    } else scope.adjust(limits)
    return scope
  }
}

const NONE: readonly Scope[] = []

/** What a key says, and where it says nothing, what holds for every caller. */
function ofCaller(key: KeyRecord | undefined, defaults: ScopeLimits): ScopeLimits {
  if (key === undefined) return defaults
  const { requestsPerMinute, tokensPerMinute, maxConcurrent } = key.limits
  return {
    requestsPerMinute: requestsPerMinute ?? defaults.requestsPerMinute,
    tokensPerMinute: tokensPerMinute ?? defaults.tokensPerMinute,
    maxConcurrent: maxConcurrent ?? defaults.maxConcurrent,
  }
}
