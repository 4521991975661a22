import { endOfPeriod, periodOf, type BudgetTable } from './budget-table.ts'
import type { KeyBudget } from './key.ts'

/**
 * What one key has spent in the period that is running, and what its open streams have cost so far. Open
 * streams only ever add to `running`, so that a token costs an addition.
 */
export class BudgetAccount {
  readonly key: string
  /** What open streams have cost so far, estimated; whole billionths of a dollar. */
  running = 0
  readonly #table: BudgetTable
  readonly #now: () => number
  #budget: KeyBudget
  #period = ''
  #spent = 0

  /** `now`: milliseconds since 1970. */
  constructor(key: string, budget: KeyBudget, table: BudgetTable, now: () => number) {
    this.key = key
    this.#budget = budget
    this.#table = table
    this.#now = now
  }

  get budget(): KeyBudget {
    return this.#budget
  }

  /** What was spent in this period, without what is running. */
  get spent(): number {
    return this.#spent
  }

  /** Whether more is spent and running than there is. Looks at no clock. */
  get isOver(): boolean {
    return this.#spent + this.running > this.#budget.nanoDollars
  }

  /** Whether nothing is left for another request. */
  get isEmpty(): boolean {
    return this.#spent + this.running >= this.#budget.nanoDollars
  }

  /** When there is a new budget, in milliseconds from now; `undefined`: never. */
  get renewsInMs(): number | undefined {
    const now = this.#now()
    const end = endOfPeriod(this.#budget.period, now)
    return end === undefined ? undefined : end - now
  }

  /** The period that is running now, and the budget that the key has now. Throws what the ledger throws. */
  refresh(budget: KeyBudget = this.#budget): void {
    this.#budget = budget
    const period = periodOf(budget.period, this.#now())
    if (period === this.#period) return
    this.#spent = this.#table.spent(this.key, period)
    this.#period = period
  }

  /** A stream of the key has ended and cost so much: charged to the period in which it ended. */
  charge(nanoDollars: number): void {
    this.refresh()
    this.#spent += nanoDollars
    this.#table.put({ key: this.key, period: this.#period, nanoDollars: this.#spent })
  }
}

/** The accounts of all keys that have a budget, each made when it is first needed. */
export class BudgetAccounts {
  readonly #table: BudgetTable
  readonly #now: () => number
  readonly #accounts = new Map<string, BudgetAccount>()

  /** `now`: milliseconds since 1970. */
  constructor(table: BudgetTable, now: () => number) {
    this.#table = table
    this.#now = now
  }

  /** A key's account, as it stands in the period that is running. Throws what the ledger throws. */
  of(key: string, budget: KeyBudget): BudgetAccount {
    let account = this.#accounts.get(key)
    if (account === undefined) {
      account = new BudgetAccount(key, budget, this.#table, this.#now)
      this.#accounts.set(key, account)
    }
    account.refresh(budget)
    return account
  }
}
