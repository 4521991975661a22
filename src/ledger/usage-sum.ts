import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { SluiceError } from '../errors.ts'
import type { UsageQuery, UsageSum } from './usage.ts'

/** Groups in an answer: a year of days of a hundred models. More is a question for the database itself. */
const MOST_GROUPS = 40_000

const COLUMN = { day: 'day', key: 'owner', model: 'model', provider: 'provider' } as const

/** The sums of a ledger's days that a query asks for; the whole as one where it asks for no group. */
export function sumUsage(database: DatabaseSync, { from, to, by, owner }: UsageQuery): readonly UsageSum[] {
  const groups = [...new Set(by)].map((group) => COLUMN[group])
  const names = groups.length === 0 ? '' : `${groups.join(', ')}, `
  const sums = 'streams incomplete prompt_tokens cached_tokens completion_tokens reasoning_tokens nano_dollars'
  const all = `${sums} unpriced estimated`.split(' ')
  const mine = owner === undefined ? '' : 'AND owner = ?'
  const order = groups.length === 0 ? '' : `GROUP BY ${groups.join(', ')} ORDER BY ${groups.join(', ')}`
  // The names are ours, from the constants above; what the caller said is bound.
  const text = `SELECT ${names}${all.map((sum) => `SUM(${sum}) AS ${sum}`).join(', ')} FROM usage_day
    WHERE day >= ? AND day <= ? ${mine} ${order} LIMIT ${MOST_GROUPS}`
  const values = owner === undefined ? [from, to] : [from, to, owner]
  return database
    .prepare(text)
    .all(...values)
    .filter((row) => row['streams'] !== null)
    .map(toSum)
}

/** The same of a ledger that another process may be writing. Throws `log_unavailable` when there is none. */
export function sumUsageOf(path: string, query: UsageQuery): readonly UsageSum[] {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
    return sumUsage(database, query)
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    throw new SluiceError('log_unavailable', `No usage in ${path}: ${why}`, { cause: thrown })
  } finally {
    database?.close()
  }
}

function toSum(row: Record<string, SQLOutputValue>): UsageSum {
  const number = (name: string): number => Number(row[name])
  return {
    ...(row['day'] === undefined ? {} : { day: String(row['day']) }),
    ...(row['owner'] === undefined ? {} : { key: String(row['owner']) }),
    ...(row['model'] === undefined ? {} : { model: String(row['model']) }),
    ...(row['provider'] === undefined ? {} : { provider: String(row['provider']) }),
    streams: number('streams'),
    incomplete: number('incomplete'),
    promptTokens: number('prompt_tokens'),
    cachedTokens: number('cached_tokens'),
    completionTokens: number('completion_tokens'),
    reasoningTokens: number('reasoning_tokens'),
    nanoDollars: number('nano_dollars'),
    unpriced: number('unpriced'),
    estimated: number('estimated'),
  }
}
