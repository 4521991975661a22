import type { CancelSignal } from '../cancel.ts'
import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/config.ts'
import { DEFAULT_LIMITS, type LimitsConfig } from '../config/limits.ts'
import { SluiceError } from '../errors.ts'
import type { BudgetAccount } from '../ledger/budget.ts'
import type { BudgetTable } from '../ledger/budget-table.ts'
import type { KeyRecord } from '../ledger/key.ts'
import { estimateAnswerTokens, estimatePromptTokens } from '../limit/estimate.ts'
import type { Reservation } from '../limit/reservation.ts'
import type { Scope, ScopeKind } from '../limit/scope.ts'
import { Turnstile } from '../limit/turnstile.ts'
import type { Price } from '../provider/price.ts'
import type { Target } from '../provider/provider.ts'
import { NO_RETRY, type Asked, type Claim } from './admission-asked.ts'
import { Spending } from './admission-budget.ts'
import { Lease, type LeaseHouse } from './admission-lease.ts'
import { Scopes } from './admission-scopes.ts'
import { spentToWire } from './admission-view.ts'

/** What admission needs of its gateway. */
export interface AdmissionOptions {
  /** As it is when it is asked: a configuration can be read anew. */
  readonly config: () => GatewayConfig
  readonly clock: Clock
  readonly budgets: BudgetTable
  /** What a target costs now, for the caller's `model`; `undefined`: nobody knows. */
  readonly priceOf: (target: Target, model: string) => Price | undefined
  /** Is told of every refusal: whose limit it was, and which. */
  readonly onRefusal: (scope: string, limit: string) => void
  /** Is told how long one waited for a place, milliseconds. */
  readonly onWaited: (ms: number) => void
}

/**
 * Who may begin, by requests and tokens per minute, concurrency and money: of the caller, of the model, of the
 * provider. What is taken is one lease, whose end gives it back.
 */
export class Admission {
  readonly #options: AdmissionOptions
  readonly #turnstile: Turnstile
  readonly #scopes = new Scopes()
  readonly #spending: Spending
  /** What all leases share. */
  readonly #house: LeaseHouse

  constructor(options: AdmissionOptions) {
    const { clock, budgets, priceOf, onRefusal } = options
    this.#options = options
    this.#turnstile = new Turnstile(clock)
    this.#spending = new Spending({
      budgets,
      now: () => clock.date(),
      priceOf,
      onRefusal: (limit) => onRefusal('key', limit),
    })
    this.#house = { turnstile: this.#turnstile, scopes: this.#scopes, spending: this.#spending, priceOf }
  }

  /** How many requests wait for a place. */
  get waiting(): number {
    return this.#turnstile.waiting
  }

  /** Places that are taken, of all scopes of a kind. */
  running(kind: ScopeKind): number {
    return this.#scopes.running(kind)
  }

  /** Every set of limits that something was taken of since the start, for the operator; wire names. */
  inUse(): readonly object[] {
    return this.#scopes.inUse(this.#options.clock.now())
  }

  /** What a key has spent of its budget in the period that is running. Throws `log_unavailable`. */
  spentBy({ id, limits: { budget } }: KeyRecord): object | undefined {
    return budget === undefined ? undefined : spentToWire(this.#spending.accountOf(id, budget))
  }

  /**
   * A lease at once, or a promise of one where it has to wait; `undefined` where nothing is limited.
   *
   * @throws SluiceError `rate_limit_exceeded`, `insufficient_quota`; `cancelled` when `signal` aborts.
   */
  enter(asked: Asked, signal: CancelSignal): Lease | Promise<Lease> | undefined {
    const limits = this.#limits
    const scopes = this.#scopes.of(asked, limits)
    const account = this.#spending.enter(asked, limits.unknownPrice)
    if (isFree(scopes, account, limits)) return undefined
    const claim = claimOf(asked, scopes, account, limits)
    if (scopes.length === 0) return this.#lease(claim, undefined)
    const place = this.#turnstile.enter(scopes, claim.prompt + claim.answer)
    return place === undefined ? this.#inTurn(claim, signal) : this.#lease(claim, place)
  }

  /** A lease for a stream that goes on after its process died, whatever the limits say now. */
  resume(asked: Asked): Lease | undefined {
    const limits = this.#limits
    const scopes = this.#scopes.of(asked, limits)
    const account = this.#spending.resume(asked)
    if (isFree(scopes, account, limits)) return undefined
    const claim = claimOf(asked, scopes, account, limits)
    return this.#lease(
      claim,
      scopes.length === 0 ? undefined : this.#turnstile.force(scopes, claim.prompt + claim.answer),
    )
  }

  /** A stream's tokens have been counted: what was charged for it too much or too little is put right. */
  correct(stream: string, nanoDollars: number): void {
    this.#spending.correct(stream, nanoDollars)
  }

  get #limits(): LimitsConfig {
    return this.#options.config().limits ?? DEFAULT_LIMITS
  }

  #lease(claim: Claim, place: Reservation | undefined): Lease {
    return new Lease(this.#house, claim, place)
  }

  async #inTurn(claim: Claim, signal: CancelSignal): Promise<Lease> {
    const { scopes, limits, account, prompt, answer } = claim
    const { clock } = this.#options
    const since = clock.now()
    let place: Reservation
    try {
      place = await this.#turnstile.wait(scopes, prompt + answer, { ms: limits.wait, signal })
    } catch (thrown) {
      throw this.#refused(SluiceError.from(thrown), scopes)
    } finally {
      if (limits.wait > 0) this.#options.onWaited(clock.now() - since)
    }
    try {
      // Others have spent meanwhile.
      if (account !== undefined) this.#spending.refuseEmpty(account)
      return this.#lease(claim, place)
    } catch (thrown) {
      place.refund()
      throw thrown
    }
  }

  /** The same refusal with the fields that tell a client how to behave. */
  #refused(error: SluiceError, scopes: readonly Scope[]): SluiceError {
    if (error.code !== 'rate_limit_exceeded') return error
    const [scope = 'key', limit = 'requests'] = (error.facts.limit ?? '').split(' ')
    this.#options.onRefusal(scope, limit)
    const headers = { ...this.#turnstile.headers(scopes), ...(error.facts.shouldRetry === false ? NO_RETRY : {}) }
    return new SluiceError(error.code, error.message, { ...error.facts, headers })
  }
}

function claimOf(
  { model, route: { targets }, body }: Asked,
  scopes: readonly Scope[],
  account: BudgetAccount | undefined,
  limits: LimitsConfig,
): Claim {
  const prompt = estimatePromptTokens(body)
  const answer = estimateAnswerTokens(body, limits.expectedTokens)
  return { scopes, account, prompt, answer, model, targets, limits }
}

function isFree(scopes: readonly Scope[], account: BudgetAccount | undefined, { providers }: LimitsConfig): boolean {
  return scopes.length === 0 && account === undefined && providers.size === 0
}
