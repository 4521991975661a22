import type { Clock } from '../clock.ts'
import type { Taken } from './budget.ts'
import type { ReservationEnd } from './reservation.ts'
import type { Scope } from './scope.ts'

/** What one request has taken of several scopes. */
export class Places implements ReservationEnd {
  readonly #scopes: readonly Scope[]
  readonly #taken: readonly Taken[]
  readonly #clock: Clock
  readonly #serve: (scopes: readonly Scope[]) => void

  /** `serve`: lets go those who wait there for what is free again. */
  constructor(
    scopes: readonly Scope[],
    taken: readonly Taken[],
    clock: Clock,
    serve: (scopes: readonly Scope[]) => void,
  ) {
    this.#scopes = scopes
    this.#taken = taken
    this.#clock = clock
    this.#serve = serve
  }

  settle(used: number): void {
    const now = this.#clock.now()
    for (const taken of this.#taken) taken.budget.settle(taken, used, now)
    // After everything is given back: who waits may need several of the scopes.
    this.#serve(this.#scopes)
  }

  refund(): void {
    for (const taken of this.#taken) taken.budget.refund(taken)
    this.#serve(this.#scopes)
  }
}
