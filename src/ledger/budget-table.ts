import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { KeyBudget } from './key.ts'
import { WriteBehind } from './write-behind.ts'

/** What a key has spent in one period. */
export interface SpentRow {
  readonly key: string
  /** `2026-11-20`, `2026-11` or `total`. */
  readonly period: string
  /** Whole billionths of a US dollar. */
  readonly nanoDollars: number
}

/** Rows in one transaction: some milliseconds of the event loop at most. */
const ROWS_AT_ONCE = 500

/**
 * What keys have spent, behind a layer of what was not written yet. Lookups see both; writing is one
 * transaction for all that changed in a turn of the event loop, in the turn after.
 */
export class BudgetTable {
  readonly #database: DatabaseSync
  readonly #find: StatementSync
  readonly #put: StatementSync
  readonly #unwritten = new Map<string, SpentRow>()
  readonly #behind = new WriteBehind(
    () => this.#write(),
    () => this.#unwritten.size > 0,
  )

  /** The schema must be there. */
  constructor(database: DatabaseSync) {
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
    const unwritten = this.#unwritten.get(placeOf(key, period))
    if (unwritten !== undefined) return unwritten.nanoDollars
    return Number(this.#find.get(key, period)?.['nano_dollars'] ?? 0)
  }

  /** It has spent so much, all in all. Found at once; on disk in the next turn. */
  put(row: SpentRow): void {
    this.#unwritten.set(placeOf(row.key, row.period), row)
    this.#behind.due()
  }

  /** Writes everything there is. Throws what SQLite throws. */
  close(): void {
    this.#behind.close()
  }

  #write(): void {
    const written: [string, SpentRow][] = []
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      for (const [place, row] of this.#unwritten) {
        if (written.length >= ROWS_AT_ONCE) break
        this.#put.run(row.key, row.period, row.nanoDollars)
        written.push([place, row])
      }
      this.#database.exec('COMMIT')
    } catch (thrown) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw thrown
    }
    for (const [place, row] of written) if (this.#unwritten.get(place) === row) this.#unwritten.delete(place)
  }
}

/** The period in which a moment lies, as text; in UTC. `date`: milliseconds since 1970. */
export function periodOf(period: KeyBudget['period'], date: number): string {
  if (period === 'total') return 'total'
  return new Date(date).toISOString().slice(0, period === 'day' ? 10 : 7)
}

/** When the period ends in which a moment lies, milliseconds since 1970; `undefined` for one that never does. */
export function endOfPeriod(period: KeyBudget['period'], date: number): number | undefined {
  if (period === 'total') return undefined
  const day = new Date(date)
  const [year, month] = [day.getUTCFullYear(), day.getUTCMonth()]
  return period === 'day' ? Date.UTC(year, month, day.getUTCDate() + 1) : Date.UTC(year, month + 1)
}

function placeOf(key: string, period: string): string {
  return `${key}\u0000${period}`
}
