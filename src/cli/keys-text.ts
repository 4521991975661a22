import { formatDuration } from '../config/duration.ts'
import { statusOf } from '../gateway/key-wire.ts'
import { formatBudget } from '../ledger/budget-text.ts'
import type { IssuedKey } from '../ledger/key-book.ts'
import type { KeyLimits, KeyRecord } from '../ledger/key.ts'

/** Longer cells are cut: a table is to be looked over. */
const WIDEST = 40

/** All keys as a table for people. `now`: milliseconds since 1970. */
export function keyTable(keys: readonly KeyRecord[], now: number): string {
  if (keys.length === 0) return 'There are no keys.'
  const rows = keys.map((key) => [
    key.id,
    key.name,
    key.scope,
    statusOf(key, now),
    key.models?.join(',') ?? 'all',
    limitsOf(key.limits),
    day(key.createdAt),
    key.expiresAt === undefined ? 'never' : day(key.expiresAt),
  ])
  return table(['ID', 'NAME', 'SCOPE', 'STATUS', 'MODELS', 'LIMITS', 'CREATED', 'EXPIRES'], rows)
}

/** A key that was just made. `overlap`: how long the one before it stays good, in milliseconds, if there was one. */
export function issuedText({ key, record }: IssuedKey, dir: string, overlap: number | undefined): string {
  const rows: [string, string][] = [
    ['id', `${record.id}  ${printable(record.name)}`],
    ['may', record.scope === 'admin' ? 'use /admin; it cannot call models' : `call ${printable(models(record))}`],
    ['limits', limitsOf(record.limits)],
    ['expires', record.expiresAt === undefined ? 'never' : new Date(record.expiresAt).toISOString()],
    ['kept in', dir],
  ]
  if (overlap !== undefined) {
    rows.push([
      'before',
      overlap === 0 ? 'the old key is good no more' : `the old key is good for ${formatDuration(overlap)}`,
    ])
  }
  const lines = rows.map(([name, value]) => `  ${name.padEnd(9)}${value}`)
  return `\n  ${key}\n\n${lines.join('\n')}\n\n  The key is shown this once; what is kept of it is a hash.\n`
}

function models({ models: names }: KeyRecord): string {
  return names === undefined ? 'every model' : names.join(', ')
}

function limitsOf({ requestsPerMinute, tokensPerMinute, maxConcurrent, budget }: KeyLimits): string {
  const parts = [
    requestsPerMinute === undefined ? '' : `${requestsPerMinute} rpm`,
    tokensPerMinute === undefined ? '' : `${tokensPerMinute} tpm`,
    maxConcurrent === undefined ? '' : `${maxConcurrent} at once`,
    budget === undefined ? '' : `$${formatBudget(budget)}`,
  ].filter((part) => part !== '')
  return parts.length === 0 ? 'none' : parts.join(', ')
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cut = rows.map((row) => row.map((cell) => short(printable(cell))))
  const widths = head.map((title, i) => Math.max(title.length, ...cut.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  return [head, ...cut].map(line).join('\n')
}

function short(text: string): string {
  return text.length > WIDEST ? `${text.slice(0, WIDEST - 1)}…` : text
}

/** A name that came by the admin API must not drive a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '?')
}
