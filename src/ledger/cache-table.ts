import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'

/** A complete answer that may be given again, and to whom. Its content is its stream's log. */
export interface CachedAnswer {
  readonly stream: string
  /** Who may be given it: a key's id or a pool, each in its own words. */
  readonly scope: string
  /** Hash of everything that the answer depends on, `scope` first. */
  readonly request: string
  /** Whether chunks that carry nothing but usage are in the log. */
  readonly hasUsage: boolean
  /** Of its data. */
  readonly bytes: number
  /** Offset of its last entry. */
  readonly last: number
  /** Milliseconds since 1970. */
  readonly storedAt: number
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** When entries came: offset of the first of some, milliseconds since the stream began, and so on in pairs. */
export type Pace = Uint32Array<ArrayBuffer>

const COLUMNS = 'stream, scope, request, has_usage, bytes, last, stored_at, expires_at'

/** Rows deleted at once: some milliseconds of the event loop at most. */
const DELETED_AT_ONCE = 500

/**
 * The `cached_answer` table: what a cache knows after a restart. While a gateway runs it is only written to,
 * once for each answer that is kept. Methods throw what SQLite throws.
 */
export class CacheTable {
  readonly #database: DatabaseSync
  readonly #insert: StatementSync
  readonly #delete: StatementSync
  readonly #expire: StatementSync
  readonly #pace: StatementSync

  /** The schema must be there. */
  constructor(database: DatabaseSync) {
    this.#database = database
    this.#insert = database.prepare(
      `INSERT OR REPLACE INTO cached_answer (${COLUMNS}, pace) VALUES (${COLUMNS.replaceAll(/\w+/g, '?')}, ?)`,
    )
    this.#delete = database.prepare('DELETE FROM cached_answer WHERE stream = ?')
    this.#expire = database.prepare(
      `DELETE FROM cached_answer WHERE stream IN
         (SELECT stream FROM cached_answer WHERE expires_at <= ? LIMIT ${DELETED_AT_ONCE})`,
    )
    this.#pace = database.prepare('SELECT pace FROM cached_answer WHERE stream = ?')
  }

  /** What there is that ends after `now` (milliseconds since 1970), in the order in which it was stored. */
  all(now: number): readonly CachedAnswer[] {
    const rows = this.#database.prepare(`SELECT ${COLUMNS} FROM cached_answer WHERE expires_at > ? ORDER BY stored_at`)
    return rows.all(now).map(toAnswer)
  }

  /** Keeps an answer; `pace` only where it is to be given again as it came. */
  put(answer: CachedAnswer, pace: Pace | undefined): void {
    const { stream, scope, request, hasUsage, bytes, last, storedAt, expiresAt } = answer
    const blob = pace === undefined ? null : new Uint8Array(pace.buffer, pace.byteOffset, pace.byteLength)
    this.#insert.run(stream, scope, request, hasUsage ? 1 : 0, bytes, last, storedAt, expiresAt, blob)
  }

  /** When its entries came, where that was noted. */
  paceOf(stream: string): Pace | undefined {
    const blob = this.#pace.get(stream)?.['pace']
    // A copy: a Uint32Array must begin at a multiple of four.
    return blob instanceof Uint8Array && blob.length % 8 === 0
      ? new Uint32Array(Uint8Array.from(blob).buffer)
      : undefined
  }

  remove(stream: string): void {
    this.#delete.run(stream)
  }

  /** Deletes some of those that ended before `before` (milliseconds since 1970). */
  expire(before: number): void {
    this.#expire.run(before)
  }
}

function toAnswer(row: Record<string, SQLOutputValue>): CachedAnswer {
  return {
    stream: String(row['stream']),
    scope: String(row['scope']),
    request: String(row['request']),
    hasUsage: row['has_usage'] === 1,
    bytes: Number(row['bytes']),
    last: Number(row['last']),
    storedAt: Number(row['stored_at']),
    expiresAt: Number(row['expires_at']),
  }
}
