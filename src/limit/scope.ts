import { Budget, type Limits } from './budget.ts'
import { Chain, type Link } from './chain.ts'
import type { Reservation } from './reservation.ts'

/** What requests share a set of limits by. */
export type ScopeKind = 'key' | 'model' | 'provider'

/** What may be used. What is left out is not limited; 0 lets nothing through. */
export interface ScopeLimits {
  readonly requestsPerMinute?: number | undefined
  readonly tokensPerMinute?: number | undefined
  /** Requests at the same time. */
  readonly maxConcurrent?: number | undefined
}

/** Somebody who waits for a place in several scopes. In the line of one of them: the one that refuses. */
export interface Waiting {
  readonly scopes: readonly Scope[]
  readonly tokens: number
  /** Grows with every request that comes. */
  readonly turn: number
  readonly admitted: (place: Reservation) => void
  scope: Scope
  /** Its place in the line; undefined once it left. */
  link: Link<Waiting> | undefined
}

const MINUTE = 60_000

/** One set of limits that requests share: a key's, a model's or a provider's. */
export class Scope {
  readonly kind: ScopeKind
  readonly name: string
  readonly budget: Budget
  /** Those whom this scope refused, in the order in which they came. */
  readonly line: Chain<Waiting> = new Chain<Waiting>()
  /** When the first of them may go, as far as time decides it. */
  timer: { readonly at: number; readonly callOff: () => void } | undefined
  #limits: ScopeLimits

  constructor(kind: ScopeKind, name: string, limits: ScopeLimits) {
    this.kind = kind
    this.name = name
    this.#limits = limits
    this.budget = new Budget(inMinutes(limits))
  }

  get limits(): ScopeLimits {
    return this.#limits
  }

  /** Other limits from now on, when they are others; what is taken stays taken. */
  adjust(limits: ScopeLimits): void {
    const { requestsPerMinute, tokensPerMinute, maxConcurrent } = this.#limits
    const isSame =
      limits === this.#limits ||
      (limits.requestsPerMinute === requestsPerMinute &&
        limits.tokensPerMinute === tokensPerMinute &&
        limits.maxConcurrent === maxConcurrent)
    if (isSame) return
    this.#limits = limits
    this.budget.limit(inMinutes(limits))
  }
}

/** Whether there is any limit at all. */
export function isLimited(limits: ScopeLimits | undefined): limits is ScopeLimits {
  return (
    limits !== undefined &&
    (limits.requestsPerMinute !== undefined ||
      limits.tokensPerMinute !== undefined ||
      limits.maxConcurrent !== undefined)
  )
}

function inMinutes({ requestsPerMinute, tokensPerMinute, maxConcurrent }: ScopeLimits): Limits {
  return { requests: requestsPerMinute, tokens: tokensPerMinute, concurrent: maxConcurrent, window: MINUTE }
}
