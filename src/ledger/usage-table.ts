import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import { Days, SUMS } from './usage-days.ts'
import { sumUsage } from './usage-sum.ts'
import { dayOf, type UsageQuery, type UsageRow, type UsageSum } from './usage.ts'

/** A transaction is written at most so often, so that a busy gateway writes many rows in one. In milliseconds. */
const GATHER_MS = 50
/** While nothing can be written, so many rows are kept in memory. */
const UNWRITTEN_MOST = 10_000
const RETRY_MS = 500
/** Rows beyond retention deleted with each transaction. */
const EXPIRED_AT_ONCE = 200

const COLUMNS = [
  'created_at, stream, owner, model, provider, target_model, charged, unpriced, prompt_tokens, cached_tokens',
  'completion_tokens, reasoning_tokens, nano_dollars, price_source, estimated, outcome, ttft, duration',
].join(', ')

const placesOf = (columns: string): string => columns.replaceAll(/\w+/g, '?')

/**
 * What every stream used, and the sums of each day. A stream has one row, however often it is told of: one
 * told again (an estimate that became exact, a stream taken up after a crash) takes the first one's place, in
 * the sums too. Rows are written together in a turn after; what is not written yet is found all the same.
 */
export class UsageTable {
  readonly #database: DatabaseSync
  readonly #now: () => number
  readonly #retentionMs: number
  readonly #insert: StatementSync
  readonly #find: StatementSync
  readonly #delete: StatementSync
  readonly #add: StatementSync
  readonly #expire: StatementSync
  readonly #expireDays: StatementSync
  /** In the order in which they were told: of two of one stream the later counts. */
  #unwritten: UsageRow[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #soon: ReturnType<typeof setImmediate> | undefined
  #writtenAt = -Infinity
  #reason: string | undefined

  /** The schema must be there. `retentionMs`: how long rows are kept. */
  constructor(database: DatabaseSync, now: () => number, retentionMs: number) {
    this.#database = database
    this.#now = now
    this.#retentionMs = retentionMs
    // By time first: rows are appended, which costs a third of what a tree by random ids does.
    this.#insert = database.prepare(
      `INSERT INTO usage (${COLUMNS}) VALUES (${placesOf(COLUMNS)}) ON CONFLICT DO NOTHING`,
    )
    this.#find = database.prepare(`SELECT ${COLUMNS} FROM usage WHERE created_at = ? AND stream = ?`)
    this.#delete = database.prepare('DELETE FROM usage WHERE created_at = ? AND stream = ?')
    const added = SUMS.replaceAll(/\w+/g, '$& = $& + excluded.$&')
    this.#add = database.prepare(
      `INSERT INTO usage_day (day, owner, model, provider, ${SUMS}) VALUES (?, ?, ?, ?, ${placesOf(SUMS)})
       ON CONFLICT DO UPDATE SET ${added}`,
    )
    this.#expire = database.prepare(
      `DELETE FROM usage WHERE (created_at, stream) IN
         (SELECT created_at, stream FROM usage WHERE created_at < ? ORDER BY created_at LIMIT ${EXPIRED_AT_ONCE})`,
    )
    this.#expireDays = database.prepare('DELETE FROM usage_day WHERE day < ?')
  }

  /** Why writing fails now. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** Notes what a stream used, in the place of what was noted of it before. */
  put(row: UsageRow): void {
    if (this.#unwritten.push(row) > UNWRITTEN_MOST) this.#unwritten.shift()
    if (this.#soon !== undefined || this.#timer !== undefined) return
    // Never longer, also where the wall clock was set back.
    const wait = Math.min(GATHER_MS, this.#writtenAt + GATHER_MS - this.#now())
    if (wait <= 0) this.#soon = setImmediate(this.#turn)
    else this.#timer = setTimeout(this.#turn, wait).unref()
  }

  /** What a stream used, once it has ended. */
  find(stream: string, createdAt: number): UsageRow | undefined {
    const unwritten = this.#unwritten.findLast((row) => row.stream === stream)
    if (unwritten !== undefined) return unwritten
    const found = this.#find.get(createdAt, stream)
    return found === undefined ? undefined : toRow(found)
  }

  /** The sums of what is asked for. Writes first, so that nothing is missing; throws what the database throws. */
  sum(query: UsageQuery): readonly UsageSum[] {
    this.#write()
    return sumUsage(this.#database, query)
  }

  /** Writes everything there is. Throws what the database throws. */
  close(): void {
    clearImmediate(this.#soon)
    clearTimeout(this.#timer)
    this.#write()
  }

  readonly #turn = (): void => {
    this.#soon = this.#timer = undefined
    try {
      this.#write()
      this.#reason = undefined
    } catch (thrown) {
      this.#reason = thrown instanceof Error ? thrown.message : String(thrown)
      this.#timer = setTimeout(this.#turn, RETRY_MS).unref()
    }
  }

  #write(): void {
    if (this.#unwritten.length === 0) return
    this.#writtenAt = this.#now()
    const days = new Days()
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      for (const row of this.#unwritten) this.#writeRow(row, days)
      for (const day of days.sums()) this.#add.run(...day.values)
      const oldest = this.#now() - this.#retentionMs
      this.#expire.run(oldest)
      this.#expireDays.run(dayOf(Math.max(0, oldest)))
      this.#database.exec('COMMIT')
    } catch (thrown) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw thrown
    }
    this.#unwritten = []
  }

  #writeRow(row: UsageRow, days: Days): void {
    const values = toValues(row)
    if (this.#insert.run(...values).changes === 0) {
      const earlier = this.#find.get(row.createdAt, row.stream)
      if (earlier !== undefined) days.add(toRow(earlier), -1)
      this.#delete.run(row.createdAt, row.stream)
      this.#insert.run(...values)
    }
    days.add(row, 1)
  }
}

/** In the order of `COLUMNS`. */
function toValues(row: UsageRow): (string | number | null)[] {
  return [
    row.createdAt,
    row.stream,
    row.owner,
    row.model,
    row.provider,
    row.targetModel,
    row.charged,
    row.unpriced,
    row.promptTokens,
    row.cachedTokens,
    row.completionTokens,
    row.reasoningTokens,
    row.nanoDollars,
    row.priceSource,
    row.estimated ? 1 : 0,
    row.outcome,
    row.ttft,
    row.duration,
  ]
}

function toRow(found: Record<string, SQLOutputValue>): UsageRow {
  const number = (name: string): number => Number(found[name])
  const text = (name: string): string => String(found[name])
  const { outcome, ttft } = found
  return {
    stream: text('stream'),
    createdAt: number('created_at'),
    owner: text('owner'),
    model: text('model'),
    provider: text('provider'),
    targetModel: text('target_model'),
    charged: number('charged'),
    unpriced: number('unpriced'),
    promptTokens: number('prompt_tokens'),
    cachedTokens: number('cached_tokens'),
    completionTokens: number('completion_tokens'),
    reasoningTokens: number('reasoning_tokens'),
    nanoDollars: number('nano_dollars'),
    priceSource: text('price_source'),
    estimated: number('estimated') === 1,
    outcome: outcome === 'failed' || outcome === 'cancelled' ? outcome : 'completed',
    ttft: ttft === null ? null : Number(ttft),
    duration: number('duration'),
  }
}
