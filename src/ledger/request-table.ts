import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import { WriteBehind } from './write-behind.ts'

/** One request that started a stream. */
export interface RequestRow {
  readonly stream: string
  readonly owner: string
  readonly key: string | null
  readonly bodyHash: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** Milliseconds since 1970; null while the stream is open. */
  readonly expiresAt: number | null
}

/** Rows in one transaction: some milliseconds of the event loop at most. */
const ROWS_AT_ONCE = 500

/** Expired rows deleted with each transaction, so that no sweep ever takes long. */
const EXPIRED_AT_ONCE = 100

/** While nothing can be written, so many rows are kept in memory. */
const UNWRITTEN_MOST = 10_000

const COLUMNS = 'stream, owner, key, body_hash, created_at, expires_at'

/**
 * The `request` table behind a layer of what was not written yet. Lookups see both; writing is one
 * transaction in the turn after.
 */
export class RequestTable {
  readonly #database: DatabaseSync
  readonly #now: () => number
  readonly #byStream: StatementSync
  readonly #byKey: StatementSync
  readonly #byBody: StatementSync
  readonly #insert: StatementSync
  readonly #delete: StatementSync
  readonly #expire: StatementSync
  /** By stream, in the order in which they were changed; null: to be deleted. */
  readonly #unwritten = new Map<string, RequestRow | null>()
  readonly #behind = new WriteBehind(
    () => this.#write(),
    () => this.#unwritten.size > 0,
  )

  constructor(database: DatabaseSync, now: () => number) {
    this.#database = database
    this.#now = now
    const prepare = (sql: string): StatementSync => database.prepare(sql)
    this.#byStream = prepare(`SELECT ${COLUMNS} FROM request WHERE stream = ?`)
    this.#byKey = prepare(`SELECT ${COLUMNS} FROM request WHERE owner = ? AND key = ?`)
    this.#byBody = prepare(
      `SELECT ${COLUMNS} FROM request WHERE owner = ? AND body_hash = ? ORDER BY created_at DESC LIMIT 4`,
    )
    this.#insert = prepare(`INSERT OR REPLACE INTO request (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`)
    this.#delete = prepare('DELETE FROM request WHERE stream = ?')
    this.#expire = prepare(
      'DELETE FROM request WHERE stream IN (SELECT stream FROM request WHERE expires_at <= ? LIMIT ?)',
    )
  }

  /** Why writing fails now. */
  get reason(): string | undefined {
    return this.#behind.reason
  }

  get(stream: string): RequestRow | undefined {
    const unwritten = this.#unwritten.get(stream)
    if (unwritten !== undefined) return unwritten ?? undefined
    return toRow(this.#byStream.get(stream))
  }

  byKey(owner: string, key: string): RequestRow | undefined {
    for (const row of this.#unwritten.values()) if (row !== null && row.owner === owner && row.key === key) return row
    return this.#written(toRow(this.#byKey.get(owner, key)))
  }

  newestByBody(owner: string, bodyHash: string): RequestRow | undefined {
    let newest: RequestRow | undefined
    const consider = (row: RequestRow | null | undefined): void => {
      if (row && (newest === undefined || row.createdAt >= newest.createdAt)) newest = row
    }
    for (const found of this.#byBody.all(owner, bodyHash).toReversed()) consider(this.#written(toRow(found)))
    for (const row of this.#unwritten.values()) {
      if (row !== null && row.owner === owner && row.bodyHash === bodyHash) consider(row)
    }
    return newest
  }

  put(row: RequestRow): void {
    this.#change(row.stream, row)
  }

  remove(stream: string): void {
    this.#change(stream, null)
  }

  /** Rows of streams whose end nobody told are given one. */
  abandon(expiresAt: number): void {
    this.#database.prepare('UPDATE request SET expires_at = ? WHERE expires_at IS NULL').run(expiresAt)
  }

  /** Writes everything there is. Throws what the database throws. */
  close(): void {
    this.#behind.close()
  }

  #change(stream: string, row: RequestRow | null): void {
    // Set anew, so that rows are written in the order of their last change.
    this.#unwritten.delete(stream)
    this.#unwritten.set(stream, row)
    if (this.#unwritten.size > UNWRITTEN_MOST) this.#dropOldest()
    this.#behind.due()
  }

  #write(): void {
    const written: [string, RequestRow | null][] = []
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      for (const [stream, row] of this.#unwritten) {
        if (written.length >= ROWS_AT_ONCE) break
        if (row === null) this.#delete.run(stream)
        else this.#insert.run(stream, row.owner, row.key, row.bodyHash, row.createdAt, row.expiresAt)
        written.push([stream, row])
      }
      this.#expire.run(this.#now(), EXPIRED_AT_ONCE)
      this.#database.exec('COMMIT')
    } catch (thrown) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw thrown
    }
    for (const [stream, row] of written) if (this.#unwritten.get(stream) === row) this.#unwritten.delete(stream)
  }

  /** What is on disk counts unless it was changed since. */
  #written(row: RequestRow | undefined): RequestRow | undefined {
    return row === undefined || this.#unwritten.has(row.stream) ? undefined : row
  }

  #dropOldest(): void {
    for (const stream of this.#unwritten.keys()) {
      this.#unwritten.delete(stream)
      return
    }
  }
}

function toRow(found: Record<string, SQLOutputValue> | undefined): RequestRow | undefined {
  if (found === undefined) return undefined
  const { stream, owner, key, body_hash: bodyHash, created_at: createdAt, expires_at: expiresAt } = found
  return {
    stream: String(stream),
    owner: String(owner),
    key: key === null ? null : String(key),
    bodyHash: String(bodyHash),
    createdAt: Number(createdAt),
    expiresAt: expiresAt === null ? null : Number(expiresAt),
  }
}
