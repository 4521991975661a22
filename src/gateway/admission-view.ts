import type { BudgetAccount } from '../ledger/budget.ts'
import type { Scope, ScopeKind } from '../limit/scope.ts'

/** Scopes in one answer; of many keys those that run most come first. */
const MOST = 200

/** Every scope as an operator sees it; wire names. `now`: of the clock that limits are counted by. */
export function scopesInUse(
  scopes: Readonly<Record<ScopeKind, ReadonlyMap<string, Scope>>>,
  now: number,
): readonly object[] {
  const all = [...scopes.provider.values(), ...scopes.model.values(), ...scopes.key.values()]
  const order = (scope: Scope): number => scope.budget.running + scope.line.size
  return all
    .toSorted((a, b) => order(b) - order(a))
    .slice(0, MOST)
    .map(({ kind, name, limits, budget, line }) => {
      const { requests, tokens } = budget.counted(now)
      return {
        scope: kind,
        name,
        requests: requests,
        requests_per_minute: limits.requestsPerMinute ?? null,
        tokens,
        tokens_per_minute: limits.tokensPerMinute ?? null,
        running: budget.running,
        max_concurrent: limits.maxConcurrent ?? null,
        waiting: line.size,
      }
    })
}

/** What an account has spent; wire names. */
export function spentToWire({ budget, spent, running, renewsInMs }: BudgetAccount): object {
  return {
    nano_dollars: spent,
    running_nano_dollars: Math.round(running),
    budget_nano_dollars: budget.nanoDollars,
    renews_in: renewsInMs === undefined ? null : Math.ceil(renewsInMs / 1_000),
  }
}
