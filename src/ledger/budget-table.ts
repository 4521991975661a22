import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { KeyBudget } from './key.ts'
import { WriteBehind } from './write-behind.ts'

/** What a key has spent in one period. Its account changes it; what it says is read when it is written. */
export interface SpentRow {
  readonly key: string
  /** `2026-11-20`, `2026-11` or `total`. */
  readonly period: string
  /** Whole billionths of a US dollar. */
  nanoDollars: number
}

/** When a period begins and ends, milliseconds since 1970, and its name. */
export interface Period {
  readonly name: string
  readonly from: number
  readonly to: number
}

/** Rows in one transaction: some milliseconds of the event loop at most. */
const ROWS_AT_ONCE = 500
/** From one transaction to the next: a busy key has one row for some hundred streams. In milliseconds. */
const GATHER_MS = 50

/**
 * What keys have spent, behind a layer of what was not written yet. Lookups see both. Written is in the turn of
 * the event loop after a change, and at most every 50 ms: one transaction, one row for each key that has changed.
 */
export class BudgetTable {
  readonly #database: DatabaseSync
  readonly #find: StatementSync
  readonly #put: StatementSync
  readonly #unwritten = new Set<SpentRow>()
  readonly #behind: WriteBehind

  /** The schema must be there. `now`: milliseconds of a clock that never goes back. */
  constructor(database: DatabaseSync, now: () => number = () => performance.now()) {
    this.#behind = new WriteBehind(
      () => this.#write(),
      () => this.#unwritten.size > 0,
      { ms: GATHER_MS, now },
    )
    this.#database = database
    this.#find = database.prepare('SELECT nano_dollars FROM budget WHERE key = ? AND period = ?')
    this.#put = database.prepare('INSERT OR REPLACE INTO budget (key, period, nano_dollars) VALUES (?, ?, ?)')
  }

  /** Why nothing can be written now; it is tried again. */
  get reason(): string | undefined {
    return this.#behind.reason
  }

  /** What the key has spent in this period. Throws what SQLite throws. */
  spent(key: string, period: string): number {
    return this.#waiting(key, period)?.nanoDollars ?? Number(this.#find.get(key, period)?.['nano_dollars'] ?? 0)
  }

  /** The same as a row to go on with: of a key and a period only one waits to be written. */
  row(key: string, period: string): SpentRow {
    return this.#waiting(key, period) ?? { key, period, nanoDollars: this.spent(key, period) }
  }

  /** This has changed. Found at once; on disk in the next turn, or 50 ms after the last that was written. */
  put(row: SpentRow): void {
    this.#unwritten.add(row)
    this.#behind.due()
  }

  /** Writes everything there is. Throws what SQLite throws. */
  close(): void {
    this.#behind.close()
  }

  #waiting(key: string, period: string): SpentRow | undefined {
    for (const row of this.#unwritten) if (row.key === key && row.period === period) return row
    return undefined
  }

  #write(): void {
    const written: SpentRow[] = []
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      for (const row of this.#unwritten) {
        if (written.length >= ROWS_AT_ONCE) break
        this.#put.run(row.key, row.period, row.nanoDollars)
        written.push(row)
      }
      this.#database.exec('COMMIT')
    } catch (thrown) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw thrown
    }
    for (const row of written) this.#unwritten.delete(row)
  }
}

/** The period in which a moment lies, in UTC. `date`: milliseconds since 1970. */
export function periodAt(period: KeyBudget['period'], date: number): Period {
  if (period === 'total') return { name: 'total', from: -Infinity, to: Infinity }
  const at = new Date(date)
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()]
  return period === 'day'
    ? { name: at.toISOString().slice(0, 10), from: Date.UTC(year, month, day), to: Date.UTC(year, month, day + 1) }
    : { name: at.toISOString().slice(0, 7), from: Date.UTC(year, month), to: Date.UTC(year, month + 1) }
}
