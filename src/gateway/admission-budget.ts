import { SluiceError } from '../errors.ts'
import { BudgetAccounts, type BudgetAccount } from '../ledger/budget.ts'
import type { BudgetTable } from '../ledger/budget-table.ts'
import type { KeyBudget } from '../ledger/key.ts'
import type { Price } from '../provider/price.ts'
import type { Target } from '../provider/provider.ts'
import { NO_RETRY, type Asked } from './admission-asked.ts'

/** What budgets need of their gateway. */
export interface SpendingOptions {
  readonly budgets: BudgetTable
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** What a target costs now, for the caller's `model`; `undefined`: nobody knows. */
  readonly priceOf: (target: Target, model: string) => Price | undefined
  /** Is told of every refusal: which limit it was. */
  readonly onRefusal: (limit: string) => void
}

/** Streams whose charge may still be put right. */
const MOST_ROUGH = 10_000

/** The budgets of keys, as far as they decide who may begin. */
export class Spending {
  readonly #options: SpendingOptions
  readonly #accounts: BudgetAccounts
  /** Charges of streams whose tokens are still being counted. */
  readonly #rough = new Map<string, { readonly account: BudgetAccount; readonly nanoDollars: number }>()

  constructor(options: SpendingOptions) {
    this.#options = options
    this.#accounts = new BudgetAccounts(options.budgets, options.now)
  }

  /**
   * The account of a request that wants to begin; `undefined` where its key has no budget.
   * Throws `insufficient_quota`, and `log_unavailable` when it cannot be known what was spent.
   */
  enter({ owner, key, model, route }: Asked, unknownPrice: 'refuse' | 'allow'): BudgetAccount | undefined {
    const budget = key?.limits.budget
    if (budget === undefined) return undefined
    const account = this.accountOf(owner, budget)
    this.refuseEmpty(account)
    if (unknownPrice === 'allow') return account
    const unknown = route.targets.find((target) => this.#options.priceOf(target, model) === undefined)
    if (unknown === undefined) return account
    this.#options.onRefusal('price')
    const where = `${unknown.model ?? model} at ${unknown.provider.name}`
    const text = `This key has a budget, and the price of ${where} is not known here: set it in the configuration`
    throw new SluiceError('insufficient_quota', text, { limit: 'price', headers: NO_RETRY })
  }

  /** That of a stream that goes on, whatever is left. Throws what the ledger throws. */
  resume({ owner, key }: Asked): BudgetAccount | undefined {
    const budget = key?.limits.budget
    return budget === undefined ? undefined : this.#accounts.of(owner, budget)
  }

  /** Fails closed: where it cannot be read what was spent, nothing more is. Throws `log_unavailable`. */
  accountOf(owner: string, budget: KeyBudget): BudgetAccount {
    try {
      return this.#accounts.of(owner, budget)
    } catch (cause) {
      throw new SluiceError('log_unavailable', 'Budgets cannot be read now', { cause, retryAfterMs: 1_000 })
    }
  }

  /** Throws `insufficient_quota` when nothing is left. */
  refuseEmpty(account: BudgetAccount): void {
    if (!account.isEmpty) return
    this.#options.onRefusal('budget')
    const { period, nanoDollars } = account.budget
    const text = `The budget of this key for ${words(period)}, $${nanoDollars / 1e9}, is used up`
    throw new SluiceError('insufficient_quota', text, {
      limit: 'budget',
      retryAfterMs: account.renewsInMs,
      headers: NO_RETRY,
    })
  }

  /** A charge that will be known better when the stream's tokens have been counted. */
  awaitCount(stream: string, account: BudgetAccount, nanoDollars: number): void {
    // Where nobody counts, nothing is put right: the oldest are past waiting.
    const oldest = this.#rough.size >= MOST_ROUGH ? this.#rough.keys().next().value : undefined
    if (oldest !== undefined) this.#rough.delete(oldest)
    this.#rough.set(stream, { account, nanoDollars })
  }

  /** A stream's tokens have been counted: what was charged for it too much or too little is put right. */
  correct(stream: string, nanoDollars: number): void {
    const rough = this.#rough.get(stream)
    if (rough === undefined) return
    this.#rough.delete(stream)
    rough.account.charge(nanoDollars - rough.nanoDollars)
  }
}

/** What ends a stream in the middle. */
export function exceeded({ budget }: BudgetAccount): SluiceError {
  const text = `The budget of this key for ${words(budget.period)} was used up in the middle of this answer`
  return new SluiceError('budget_exceeded', text, { limit: 'budget', shouldRetry: false })
}

/** A period as a person says it. */
function words(period: KeyBudget['period']): string {
  return period === 'total' ? 'all time' : `this ${period} (UTC)`
}
