import type { DatabaseSync } from 'node:sqlite'
import { SluiceError } from '../errors.ts'
import { CacheTable } from './cache-table.ts'
import { BudgetTable } from './budget-table.ts'
import { KeyTable } from './keys.ts'
import { openDatabase } from './database.ts'
import { RequestTable } from './request-table.ts'
import type { RequestRow } from './request-table.ts'
import { UsageTable } from './usage-table.ts'

/** A request that is about to start a stream. */
export interface Claim {
  /** Whose request it is; keys and bodies of different owners never meet. */
  readonly owner: string
  /** Its `Idempotency-Key`, where it has one. */
  readonly key?: string | undefined
  /** Hash of its body, as text. */
  readonly bodyHash: string
  /** The id of the stream that it starts if nobody has. */
  readonly stream: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** A stream that a request has started. */
export interface Started {
  readonly stream: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/**
 * Which request started which stream (PROTOCOL 6).
 *
 * What is written can be found at once; on disk it is one transaction for all that came in a turn of
 * the event loop. A crash may lose the last turn: a retry then starts anew, as if the first had never come.
 */
export interface Ledger {
  /**
   * Notes that this request starts this stream, unless its key has started one: then that one is
   * given and nothing is noted. Throws `SluiceError` `idempotency_mismatch` when the key came with
   * another body.
   *
   * @example
   * const earlier = ledger.claim({ owner, key, bodyHash, stream: id, createdAt: now() })
   * if (earlier !== undefined) return attach(earlier.stream)
   */
  claim(claim: Claim): Started | undefined
  /** The owner's newest stream that was started with this body, with or without a key. */
  newest(owner: string, bodyHash: string): Started | undefined
  /** The stream has ended and can be read until then (milliseconds since 1970); so long its request is known. */
  settle(stream: string, expiresAt: number): void
  /** Forgets what started this stream: it never came to be, or is erased. */
  forget(stream: string): void
  /** Why nothing can be written now (it is tried again, and all is found as long as this process lives); undefined when all is well. */
  readonly reason: string | undefined
  /** Who may call. */
  readonly keys: KeyTable
  /** What keys have spent. */
  readonly budgets: BudgetTable
  /** Answers that may be given again. */
  readonly cache: CacheTable
  /** What every stream used and cost. */
  readonly usage: UsageTable
  /** Writes what there is to be written and closes the database. */
  close(): void
}

/** How a ledger keeps its rows. */
export interface LedgerOptions {
  /** A file, or `:memory:`. */
  readonly path: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /**
   * How long a request is known whose stream's end was never told, because the process died; in
   * milliseconds from the next start. Default 24 hours.
   */
  readonly retentionMs?: number | undefined
  /** How long it is known what streams used, in milliseconds. Default 400 days. */
  readonly usageRetentionMs?: number | undefined
}

const USAGE_RETENTION_MS = 400 * 86_400_000

/** Opens a ledger. Throws `SluiceError` `log_unavailable` when the file is no ledger or a later version's. */
export function createLedger(options: LedgerOptions): Ledger {
  // Waiting for another process's write would stop the event loop; better to try again later.
  const database = openDatabase(options.path, 20)
  try {
    return new SqliteLedger(database, options)
  } catch (thrown) {
    database.close()
    throw SluiceError.from(thrown, 'log_unavailable')
  }
}

class SqliteLedger implements Ledger {
  readonly keys: KeyTable
  readonly budgets: BudgetTable
  readonly cache: CacheTable
  readonly usage: UsageTable
  readonly #database: DatabaseSync
  readonly #table: RequestTable
  readonly #now: () => number

  constructor(database: DatabaseSync, options: LedgerOptions) {
    const { now, retentionMs = 86_400_000, usageRetentionMs = USAGE_RETENTION_MS } = options
    this.usage = new UsageTable(database, now, usageRetentionMs)
    this.keys = new KeyTable(database)
    this.budgets = new BudgetTable(database)
    this.cache = new CacheTable(database)
    this.#database = database
    this.#now = now
    this.#table = new RequestTable(database, now)
    this.#table.abandon(now() + retentionMs)
  }

  get reason(): string | undefined {
    return this.#table.reason ?? this.budgets.reason ?? this.usage.reason
  }

  claim(claim: Claim): Started | undefined {
    const { owner, key, bodyHash, stream, createdAt } = claim
    const earlier = key === undefined ? undefined : this.#table.byKey(owner, key)
    if (earlier !== undefined && this.#isAlive(earlier)) {
      if (earlier.bodyHash === bodyHash) return started(earlier)
      const message = 'This Idempotency-Key was used with another request body'
      throw new SluiceError('idempotency_mismatch', message, { param: 'Idempotency-Key' })
    }
    if (earlier !== undefined) this.#table.remove(earlier.stream)
    this.#table.put({ stream, owner, key: key ?? null, bodyHash, createdAt, expiresAt: null })
    return undefined
  }

  newest(owner: string, bodyHash: string): Started | undefined {
    const row = this.#table.newestByBody(owner, bodyHash)
    return row !== undefined && this.#isAlive(row) ? started(row) : undefined
  }

  settle(stream: string, expiresAt: number): void {
    const row = this.#table.get(stream)
    if (row !== undefined) this.#table.put({ ...row, expiresAt })
  }

  forget(stream: string): void {
    this.#table.remove(stream)
  }

  close(): void {
    try {
      this.#table.close()
      this.budgets.close()
      this.usage.close()
    } finally {
      this.#database.close()
    }
  }

  #isAlive(row: RequestRow): boolean {
    return row.expiresAt === null || row.expiresAt > this.#now()
  }
}

function started({ stream, createdAt }: RequestRow): Started {
  return { stream, createdAt }
}
