import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import { z } from 'zod'
import type { KeyRecord } from './key.ts'

/** A key that was found by its hash. */
export interface FoundKey {
  readonly record: KeyRecord
  /** Milliseconds since 1970 until which this hash is good, where the key was given another one since. */
  readonly until: number | undefined
}

/** What a key may use, as it is stored. */
const limits = z.strictObject({
  requestsPerMinute: z.number().optional(),
  tokensPerMinute: z.number().optional(),
  maxConcurrent: z.number().optional(),
  budget: z.strictObject({ nanoDollars: z.int(), period: z.enum(['day', 'month', 'total']) }).optional(),
})
const scope = z.enum(['caller', 'admin'])
const names = z.array(z.string())
const metadata = z.record(z.string(), z.string())

const COLUMNS =
  'id, name, scope, models, limits, on_disconnect, cache_pool, metadata, created_at, expires_at, revoked_at'

/**
 * The keys of a ledger. Rows are never deleted: that there ever was a key is what makes a gateway ask for
 * one. Every change counts `revision` up, so that another process learns of it. Each method throws what
 * SQLite throws.
 */
export class KeyTable {
  /** Whether another process can change it. */
  readonly isShared: boolean
  readonly #database: DatabaseSync
  readonly #version: StatementSync
  readonly #revision: StatementSync
  readonly #byHash: StatementSync
  readonly #byId: StatementSync
  #seenVersion: unknown
  #seenRevision: unknown

  /** The schema must be there. */
  constructor(database: DatabaseSync) {
    this.isShared = database.location() !== null
    this.#database = database
    this.#version = database.prepare('PRAGMA data_version')
    this.#revision = database.prepare('SELECT revision FROM key_state')
    const columns = COLUMNS.replaceAll(/\w+/g, 'key.$&')
    this.#byHash = database.prepare(
      `SELECT ${columns}, key_hash.until FROM key_hash JOIN key ON key.id = key_hash.key WHERE hash = ?`,
    )
    this.#byId = database.prepare(`SELECT ${COLUMNS} FROM key WHERE id = ?`)
  }

  /**
   * Whether anything may have changed since the last call; the first call says yes. About 2 microseconds
   * when nothing was written: the database's own count of other processes' writes is asked first.
   */
  hasChanged(): boolean {
    const version = this.#version.get()?.['data_version']
    if (version === this.#seenVersion) return false
    const revision = this.#revision.get()?.['revision']
    const isOther = revision !== this.#seenRevision
    this.#seenVersion = version
    this.#seenRevision = revision
    return isOther
  }

  /** Whether there was ever a key. */
  get isEmpty(): boolean {
    return this.#database.prepare('SELECT 1 FROM key LIMIT 1').get() === undefined
  }

  /** What the server's secret gives for a text we know: a ledger with another secret than its keys' is noticed. */
  get secretMark(): string | undefined {
    const mark = this.#database.prepare('SELECT secret_mark FROM key_state').get()?.['secret_mark']
    return typeof mark === 'string' ? mark : undefined
  }

  findByHash(hash: string): FoundKey | undefined {
    const row = this.#byHash.get(hash)
    if (row === undefined) return undefined
    const { until, ...rest } = row
    return { record: toRecord(rest), until: until === null ? undefined : Number(until) }
  }

  find(id: string): KeyRecord | undefined {
    const row = this.#byId.get(id)
    return row === undefined ? undefined : toRecord(row)
  }

  /** All keys, oldest first, revoked ones too. */
  list(): readonly KeyRecord[] {
    return this.#database.prepare(`SELECT ${COLUMNS} FROM key ORDER BY created_at, id`).all().map(toRecord)
  }

  /** Ids of revoked keys. */
  revoked(): ReadonlySet<string> {
    const rows = this.#database.prepare('SELECT id FROM key WHERE revoked_at IS NOT NULL').all()
    return new Set(rows.map((row) => String(row['id'])))
  }

  /** Adds a key. `mark`: what `secretMark` is from now on, if it is nothing yet. */
  create(record: KeyRecord, hash: string, mark: string): void {
    const values = COLUMNS.replaceAll(/\w+/g, '?')
    this.#change(() => {
      this.#database.prepare(`INSERT INTO key (${COLUMNS}) VALUES (${values})`).run(...toRow(record))
      this.#database.prepare('INSERT INTO key_hash (hash, key) VALUES (?, ?)').run(hash, record.id)
      this.#database.prepare('UPDATE key_state SET secret_mark = coalesce(secret_mark, ?)').run(mark)
    })
  }

  /** Ends a key. One that is revoked already keeps its time. */
  revoke(id: string, at: number): void {
    this.#change(() => {
      this.#database.prepare('UPDATE key SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?').run(at, id)
    })
  }

  /** Gives a key another hash; those it has are good until `oldUntil`, or shorter if they were before. */
  rotate(id: string, hash: string, oldUntil: number): void {
    this.#change(() => {
      this.#database
        .prepare('UPDATE key_hash SET until = min(coalesce(until, ?1), ?1) WHERE key = ?2')
        .run(oldUntil, id)
      this.#database.prepare('INSERT INTO key_hash (hash, key) VALUES (?, ?)').run(hash, id)
    })
  }

  #change(write: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      write()
      this.#database.exec('UPDATE key_state SET revision = revision + 1')
      this.#database.exec('COMMIT')
    } catch (thrown) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw thrown
    }
    // The database's count leaves out what this connection wrote.
    this.#seenVersion = undefined
  }
}

type Row = Record<string, SQLOutputValue>

function toRow(record: KeyRecord): (string | number | null)[] {
  const { id, name, models, onDisconnect, cachePool, createdAt, expiresAt, revokedAt } = record
  const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value))
  return [
    id,
    name,
    record.scope,
    json(models),
    JSON.stringify(record.limits),
    onDisconnect ?? null,
    cachePool ?? null,
    json(record.metadata),
    createdAt,
    expiresAt ?? null,
    revokedAt ?? null,
  ]
}

/** Throws on a row that is no key: whoever wrote it, nobody gets in by it. */
function toRecord(row: Row): KeyRecord {
  const text = (name: string): string | undefined => (row[name] === null ? undefined : String(row[name]))
  const time = (name: string): number | undefined => (row[name] === null ? undefined : Number(row[name]))
  const json = <T>(name: string, type: z.ZodType<T>): T | undefined => {
    const value = text(name)
    return value === undefined ? undefined : type.parse(JSON.parse(value))
  }
  return {
    id: String(row['id']),
    name: String(row['name']),
    scope: scope.parse(row['scope']),
    models: json('models', names),
    limits: json('limits', limits) ?? {},
    onDisconnect: text('on_disconnect'),
    cachePool: text('cache_pool'),
    metadata: json('metadata', metadata),
    createdAt: Number(row['created_at']),
    expiresAt: time('expires_at'),
    revokedAt: time('revoked_at'),
  }
}
