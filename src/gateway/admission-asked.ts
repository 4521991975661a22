import type { LimitsConfig } from '../config/limits.ts'
import type { BudgetAccount } from '../ledger/budget.ts'
import type { KeyRecord } from '../ledger/key.ts'
import type { Scope } from '../limit/scope.ts'
import type { Route, Target } from '../provider/provider.ts'
import type { ChatBody } from '../upstream/outgoing.ts'

/** A request that wants to begin. */
export interface Asked {
  /** A key's id, a client's name, or `local`. */
  readonly owner: string
  readonly key: KeyRecord | undefined
  /** The caller's name of the model. */
  readonly model: string
  readonly route: Route
  readonly body: ChatBody
}

/** What a request is measured by, before it has its place. */
export interface Claim {
  /** The key's and the model's. */
  readonly scopes: readonly Scope[]
  readonly account: BudgetAccount | undefined
  /** Estimated tokens of the prompt, and of the answer at most. */
  readonly prompt: number
  readonly answer: number
  /** The caller's name of the model. */
  readonly model: string
  /** Whom it may turn to. */
  readonly targets: readonly Target[]
  /** As they were when it came. */
  readonly limits: LimitsConfig
}

/** What official SDKs obey: they would try at once, twice, what cannot succeed. */
export const NO_RETRY: Readonly<Record<string, string>> = { 'x-should-retry': 'false' }
