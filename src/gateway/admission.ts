import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/config.ts'
import { DEFAULT_LIMITS, limitedName, type LimitsConfig } from '../config/limits.ts'
import { SluiceError } from '../errors.ts'
import { BudgetAccounts, type BudgetAccount } from '../ledger/budget.ts'
import type { BudgetTable } from '../ledger/budget-table.ts'
import type { KeyRecord } from '../ledger/key.ts'
import { estimateAnswerTokens, estimatePromptTokens } from '../limit/estimate.ts'
import type { Reservation } from '../limit/reservation.ts'
import { isLimited, Scope, type ScopeKind, type ScopeLimits } from '../limit/scope.ts'
import { Turnstile } from '../limit/turnstile.ts'
import type { Price } from '../provider/price.ts'
import type { Route, Target } from '../provider/provider.ts'
import type { ChatBody } from '../upstream/outgoing.ts'
import { Lease, words } from './admission-lease.ts'
import { scopesInUse, spentToWire } from './admission-view.ts'

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

/** Streams whose charge may still be put right. */
const MOST_ROUGH = 10_000

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

/**
 * Who may begin, by requests and tokens per minute, concurrency and money: of the caller, of the model, of the
 * provider. What is taken is one lease, whose end gives it back.
 */
export class Admission {
  readonly #options: AdmissionOptions
  readonly #turnstile: Turnstile
  readonly #accounts: BudgetAccounts
  /** Charges of streams whose tokens are still being counted. */
  readonly #rough = new Map<string, { readonly account: BudgetAccount; readonly nanoDollars: number }>()
  /** By kind and name, made when they are first needed. */
  readonly #scopes: Readonly<Record<ScopeKind, Map<string, Scope>>> = {
    key: new Map(),
    model: new Map(),
    provider: new Map(),
  }

  constructor(options: AdmissionOptions) {
    this.#options = options
    this.#turnstile = new Turnstile(options.clock)
    this.#accounts = new BudgetAccounts(options.budgets, () => options.clock.date())
  }

  /** How many requests wait for a place. */
  get waiting(): number {
    return this.#turnstile.waiting
  }

  /** Places that are taken, of all scopes of a kind. */
  running(kind: ScopeKind): number {
    let sum = 0
    for (const { budget } of this.#scopes[kind].values()) sum += budget.running
    return sum
  }

  /** Every set of limits that something was taken of since the start, for the operator; wire names. */
  inUse(): readonly object[] {
    return scopesInUse(this.#scopes, this.#options.clock.now())
  }

  /** What a key has spent of its budget in the period that is running. Throws `log_unavailable`. */
  spentBy({ id, limits: { budget } }: KeyRecord): object | undefined {
    return budget === undefined ? undefined : spentToWire(this.#account(id, budget))
  }

  /**
   * A lease at once, or a promise of one where it has to wait; `undefined` where nothing is limited.
   *
   * @throws SluiceError `rate_limit_exceeded`, `insufficient_quota`; `cancelled` when `signal` aborts.
   */
  enter(asked: Asked, signal: AbortSignal): Lease | Promise<Lease> | undefined {
    const limits = this.#limits
    const scopes = this.#scopesOf(asked, limits)
    const account = this.#accountOf(asked, limits)
    if (scopes.length === 0 && account === undefined && limits.providers.size === 0) return undefined
    const prompt = estimatePromptTokens(asked.body)
    const answer = estimateAnswerTokens(asked.body, limits.expectedTokens)
    const place = scopes.length === 0 ? undefined : this.#turnstile.enter(scopes, prompt + answer)
    const parts = { scopes, account, prompt, answer, limits }
    if (place !== undefined || scopes.length === 0) return this.#lease(asked, parts, place)
    return this.#inTurn(asked, parts, signal)
  }

  /** A lease for a stream that goes on after its process died, whatever the limits say now. */
  resume(asked: Asked): Lease | undefined {
    const limits = this.#limits
    const scopes = this.#scopesOf(asked, limits)
    const budget = asked.key?.limits.budget
    const account = budget === undefined ? undefined : this.#accounts.of(asked.owner, budget)
    if (scopes.length === 0 && account === undefined && limits.providers.size === 0) return undefined
    const prompt = estimatePromptTokens(asked.body)
    const answer = estimateAnswerTokens(asked.body, limits.expectedTokens)
    const place = scopes.length === 0 ? undefined : this.#turnstile.force(scopes, prompt + answer)
    return this.#lease(asked, { scopes, account, prompt, answer, limits }, place)
  }

  /** A stream's tokens have been counted: what was charged for it too much or too little is put right. */
  correct(stream: string, nanoDollars: number): void {
    const rough = this.#rough.get(stream)
    if (rough === undefined) return
    this.#rough.delete(stream)
    rough.account.charge(nanoDollars - rough.nanoDollars)
  }

  #awaitCount(stream: string, account: BudgetAccount, nanoDollars: number): void {
    // Where nobody counts, nothing is put right: the oldest are past waiting.
    const oldest = this.#rough.size >= MOST_ROUGH ? this.#rough.keys().next().value : undefined
    if (oldest !== undefined) this.#rough.delete(oldest)
    this.#rough.set(stream, { account, nanoDollars })
  }

  get #limits(): LimitsConfig {
    return this.#options.config().limits ?? DEFAULT_LIMITS
  }

  async #inTurn(asked: Asked, parts: Parts, signal: AbortSignal): Promise<Lease> {
    const { clock } = this.#options
    const since = clock.now()
    let place: Reservation
    try {
      const patience = { ms: parts.limits.wait, signal }
      place = await this.#turnstile.wait(parts.scopes, parts.prompt + parts.answer, patience)
    } catch (thrown) {
      throw this.#refused(SluiceError.from(thrown), parts.scopes)
    } finally {
      if (parts.limits.wait > 0) this.#options.onWaited(clock.now() - since)
    }
    try {
      // Others have spent meanwhile.
      if (parts.account !== undefined) this.#refuseEmpty(parts.account)
      return this.#lease(asked, parts, place)
    } catch (thrown) {
      place.refund()
      throw thrown
    }
  }

  #lease(asked: Asked, { scopes, account, prompt, answer, limits }: Parts, place: Reservation | undefined): Lease {
    const { providers } = limits
    return new Lease({
      turnstile: this.#turnstile,
      scopes,
      place,
      prompt,
      answer,
      account,
      priceOf: (target) => this.#options.priceOf(target, asked.model),
      providerScope: (name) => {
        const limit = providers.get(name)
        return isLimited(limit) ? this.#scope('provider', name, limit) : undefined
      },
      providers: providers.size === 0 ? NO_NAMES : new Set(asked.route.targets.map(({ provider }) => provider.name)),
      wait: limits.wait,
      onRough: (stream, charged, nano) => this.#awaitCount(stream, charged, nano),
    })
  }

  /** The caller's, the model's and those of the models that the request may fall back on. */
  #scopesOf({ owner, key, model, body }: Asked, limits: LimitsConfig): readonly Scope[] {
    const scopes: Scope[] = []
    const own = ofCaller(key, limits.callers)
    if (isLimited(own)) scopes.push(this.#scope('key', owner, own))
    if (limits.models.size === 0) return scopes
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

  #scope(kind: ScopeKind, name: string, limits: ScopeLimits): Scope {
    let scope = this.#scopes[kind].get(name)
    if (scope === undefined) {
      scope = new Scope(kind, name, limits)
      this.#scopes[kind].set(name, scope)
    } else scope.adjust(limits)
    return scope
  }

  #accountOf({ owner, key, model, route }: Asked, limits: LimitsConfig): BudgetAccount | undefined {
    const budget = key?.limits.budget
    if (budget === undefined) return undefined
    const account = this.#account(owner, budget)
    this.#refuseEmpty(account)
    if (limits.unknownPrice === 'allow') return account
    const unknown = route.targets.find((target) => this.#options.priceOf(target, model) === undefined)
    if (unknown === undefined) return account
    this.#options.onRefusal('key', 'price')
    const where = `${unknown.model ?? model} at ${unknown.provider.name}`
    const text = `This key has a budget, and the price of ${where} is not known here: set it in the configuration`
    throw new SluiceError('insufficient_quota', text, { limit: 'price', headers: NO_RETRY })
  }

  /** Fails closed: where it cannot be read what was spent, nothing more is. */
  #account(owner: string, budget: NonNullable<KeyRecord['limits']['budget']>): BudgetAccount {
    try {
      return this.#accounts.of(owner, budget)
    } catch (cause) {
      throw new SluiceError('log_unavailable', 'Budgets cannot be read now', { cause, retryAfterMs: 1_000 })
    }
  }

  #refuseEmpty(account: BudgetAccount): void {
    if (!account.isEmpty) return
    this.#options.onRefusal('key', 'budget')
    const { period, nanoDollars } = account.budget
    const text = `The budget of this key for ${words(period)}, $${nanoDollars / 1e9}, is used up`
    throw new SluiceError('insufficient_quota', text, {
      limit: 'budget',
      retryAfterMs: account.renewsInMs,
      headers: NO_RETRY,
    })
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

/** What is known of a request before it has its place. */
interface Parts {
  readonly scopes: readonly Scope[]
  readonly account: BudgetAccount | undefined
  readonly prompt: number
  readonly answer: number
  readonly limits: LimitsConfig
}

const NO_NAMES: ReadonlySet<string> = new Set()

/** What official SDKs obey: they would try at once, twice, what cannot succeed. */
const NO_RETRY: Readonly<Record<string, string>> = { 'x-should-retry': 'false' }

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
