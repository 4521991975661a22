import { z } from 'zod'
import { parseDuration } from '../config/duration.ts'
import { SluiceError } from '../errors.ts'
import { formatBudget, parseBudget } from '../ledger/budget-text.ts'
import type { IssuedKey, KeySpec } from '../ledger/key-book.ts'
import type { KeyRecord } from '../ledger/key.ts'
import { parseOnDisconnect } from './live.ts'

const LONGEST_OVERLAP = 30 * 86_400_000

const count = (most: number): z.ZodType<number> =>
  z
    .int({ error: `expected a whole number from 1 to ${most}` })
    .min(1)
    .max(most)

/** What is said of a new key. Strict: a limit with a slip in its name would be no limit. */
const body = z.strictObject({
  name: z
    .string({ error: 'expected a name' })
    .regex(/^[^\x00-\x1f\x7f]{1,100}$/, { error: 'expected a name of 1 to 100 characters' }),
  scope: z.enum(['caller', 'admin'], { error: 'expected caller or admin' }).optional(),
  models: z
    .array(
      z
        .string({ error: 'expected the name of a model' })
        .regex(/^[^\s*\x00-\x1f\x7f]{0,500}\*?$/, { error: 'expected a name without spaces; "*" only at its end' })
        .min(1, { error: 'expected the name of a model' }),
      { error: 'expected a list of models' },
    )
    .max(1_000)
    .optional(),
  limits: z
    .strictObject({
      requests_per_minute: count(1_000_000_000).optional(),
      tokens_per_minute: count(1_000_000_000_000).optional(),
      max_concurrent: count(1_000_000).optional(),
      budget: z.string({ error: 'expected a budget such as 5/day' }).optional(),
    })
    .optional(),
  on_disconnect: z.string().max(40).optional(),
  cache_pool: z
    .string()
    .regex(/^(?!local$|key_)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
      error: 'expected a name of letters, digits, ".", "_" and "-", not "local" nor one that begins with "key_"',
    })
    .optional(),
  metadata: z
    .record(z.string().min(1).max(64), z.string().max(512), { error: 'expected a mapping of text to text' })
    .refine((pairs) => Object.keys(pairs).length <= 16, { error: 'expected at most 16 entries' })
    .optional(),
  expires_in: z.string({ error: 'expected a duration such as 30d' }).optional(),
  expires_at: z.int({ error: 'expected seconds since 1970' }).positive().optional(),
})

/**
 * A new key as a request or the command line describes it, in wire names. `now`: milliseconds since 1970.
 * Throws `invalid_value`.
 */
export function readKeySpec(wire: unknown, now: number): KeySpec {
  const checked = body.safeParse(wire)
  if (!checked.success) {
    const [issue] = checked.error.issues
    const param = issue?.path.map(String).join('.')
    throw wrong(param === '' ? undefined : param, issue?.message ?? 'invalid')
  }
  const { limits = {}, on_disconnect: onDisconnect, ...said } = checked.data
  if (onDisconnect !== undefined) parseOnDisconnect(onDisconnect)
  const budget = limits.budget === undefined ? undefined : parseBudget(limits.budget)
  if (limits.budget !== undefined && budget === undefined) {
    throw wrong('limits.budget', 'expected dollars and day, month or total, such as 5/day')
  }
  return {
    name: said.name,
    scope: said.scope ?? 'caller',
    models: said.models,
    limits: {
      requestsPerMinute: limits.requests_per_minute,
      tokensPerMinute: limits.tokens_per_minute,
      maxConcurrent: limits.max_concurrent,
      budget,
    },
    onDisconnect,
    cachePool: said.cache_pool,
    metadata: said.metadata,
    expiresAt: expiry(said, now),
  }
}

/** How long a rotated key's old secret stays good, in milliseconds; not at all unless told. Throws `invalid_value`. */
export function readOverlap(text: string | undefined): number {
  if (text === undefined) return 0
  const overlap = parseDuration(text)
  if (overlap !== undefined && overlap <= LONGEST_OVERLAP) return overlap
  throw wrong('overlap', 'expected a duration up to 30d, such as 1h')
}

/** A key as lists and answers show it; wire names. `now`: milliseconds since 1970. */
export function keyToWire(record: KeyRecord, now: number): Record<string, unknown> {
  const { limits, models, metadata, onDisconnect, cachePool, expiresAt, revokedAt } = record
  const wire = {
    id: record.id,
    object: 'key',
    name: record.name,
    scope: record.scope,
    status: statusOf(record, now),
    models,
    limits: {
      requests_per_minute: limits.requestsPerMinute,
      tokens_per_minute: limits.tokensPerMinute,
      max_concurrent: limits.maxConcurrent,
      budget: limits.budget === undefined ? undefined : formatBudget(limits.budget),
    },
    on_disconnect: onDisconnect,
    cache_pool: cachePool,
    metadata,
    created: seconds(record.createdAt),
    expires_at: seconds(expiresAt),
    revoked_at: seconds(revokedAt),
  }
  return wire
}

/** A key that was just made: the only answer that has the key itself. */
export function issuedToWire({ key, record }: IssuedKey, now: number): Record<string, unknown> {
  return { ...keyToWire(record, now), key }
}

/** Whether a key is good now. */
export function statusOf({ expiresAt, revokedAt }: KeyRecord, now: number): 'active' | 'expired' | 'revoked' {
  if (revokedAt !== undefined) return 'revoked'
  return expiresAt !== undefined && expiresAt <= now ? 'expired' : 'active'
}

function expiry(
  { expires_in: within, expires_at: at }: { expires_in?: string | undefined; expires_at?: number | undefined },
  now: number,
): number | undefined {
  if (within === undefined) {
    if (at !== undefined && at * 1_000 <= now) throw wrong('expires_at', 'this time is over')
    return at === undefined ? undefined : at * 1_000
  }
  if (at !== undefined) throw wrong('expires_at', 'expires_in says it already')
  const ms = parseDuration(within)
  if (ms === undefined || ms === 0) throw wrong('expires_in', 'expected a duration such as 30d')
  return now + ms
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.floor(ms / 1_000)
}

function wrong(param: string | undefined, message: string): SluiceError {
  return new SluiceError('invalid_value', param === undefined ? message : `'${param}': ${message}`, { param })
}
