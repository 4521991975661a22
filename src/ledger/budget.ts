import { periodAt, type BudgetTable, type Period, type SpentRow } from './budget-table.ts'
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
  #period: Period
  #spent: SpentRow

  /** `now`: milliseconds since 1970. Throws what the ledger throws. */
  constructor(key: string, budget: KeyBudget, table: BudgetTable, now: () => number) {
    this.key = key
    this.#budget = budget
    this.#table = table
    this.#now = now
    this.#period = periodAt(budget.period, now())
    this.#spent = table.row(key, this.#period.name)
  }

  get budget(): KeyBudget {
    return this.#budget
  }

  /** What was spent in this period, without what is running. */
  get spent(): number {
    return this.#spent.nanoDollars
  }

  /** Whether more is spent and running than there is. Looks at no clock. */
  get isOver(): boolean {
    return this.#spent.nanoDollars + this.running > this.#budget.nanoDollars
  }

  /** Whether nothing is left for another request. */
  get isEmpty(): boolean {
    return this.#spent.nanoDollars + this.running >= this.#budget.nanoDollars
  }

  /** When there is a new budget, in milliseconds from now; `undefined`: never. */
  get renewsInMs(): number | undefined {
    const now = this.#now()
    const { to } = periodAt(this.#budget.period, now)
    return to === Infinity ? undefined : to - now
  }

  /** The period that is running now, and the budget that the key has now. Throws what the ledger throws. */
  refresh(budget: KeyBudget = this.#budget): void {
    const now = this.#now()
    // A date made and written out for each request, twice, was 6 us of a short stream's CPU.
    if (budget.period !== this.#budget.period || now < this.#period.from || now >= this.#period.to) {
      const period = periodAt(budget.period, now)
      this.#spent = this.#table.row(this.key, period.name)
      this.#period = period
    }
    this.#budget = budget
  }

  /** A stream of the key has ended and cost so much: charged to the period in which it ended. */
  charge(nanoDollars: number): void {
    this.refresh()
    this.#spent.nanoDollars += nanoDollars
    this.#table.put(this.#spent)
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
