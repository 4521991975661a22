import type { BudgetState } from './budget.ts'

/** Header fields, as `fetch` has them or as a record with lower-case names. */
export type HeaderSource = { get(name: string): string | null } | { readonly [name: string]: string | undefined }

/** What is left of a server's budget, and in how many milliseconds it is whole again. */
export interface ServerBudget {
  readonly remaining: number
  readonly resetMs: number
}

/** What a server said of its limits. */
export interface ServerWord {
  readonly requests: ServerBudget | undefined
  readonly tokens: ServerBudget | undefined
  readonly retryAfterMs: number | undefined
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}

/**
 * Reads `x-ratelimit-{remaining,reset}-{requests,tokens}` (and the fields without a last part, which
 * MegaLLM, HolySheep and FastGPT send for requests), `retry-after-ms` and `retry-after`. `date` is the
 * wall clock. Fields that make no sense (Azure's -1) or say no time are left out.
 */
export function readRateHeaders(headers: HeaderSource, date: number): ServerWord {
  const field = (name: string): string | undefined => {
    const value = typeof headers.get === 'function' ? headers.get(name) : Reflect.get(headers, name)
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
  }
  const budget = (kind: string): ServerBudget | undefined => {
    const remaining = Number(field(`x-ratelimit-remaining${kind}`) ?? Number.NaN)
    const resetMs = parseReset(field(`x-ratelimit-reset${kind}`), date)
    return remaining >= 0 && resetMs !== undefined ? { remaining, resetMs } : undefined
  }
  return {
    requests: budget('-requests') ?? budget(''),
    tokens: budget('-tokens'),
    retryAfterMs: retryAfter(field('retry-after-ms'), field('retry-after'), date),
  }
}

function retryAfter(ms: string | undefined, after: string | undefined, date: number): number | undefined {
  const exact = Number(ms ?? Number.NaN)
  if (exact >= 0) return exact
  if (after === undefined) return undefined
  const seconds = Number(after)
  if (seconds >= 0) return seconds * 1_000
  const at = Date.parse(after)
  return Number.isNaN(at) ? undefined : Math.max(0, at - date)
}

/**
 * In how many milliseconds a budget is whole again: a Go duration (`6m0s`, OpenAI), seconds (Azure), Unix
 * seconds (MegaLLM, HolySheep), Unix milliseconds (FastGPT) or a date.
 */
export function parseReset(value: string | undefined, date: number): number | undefined {
  if (value === undefined || value === '') return undefined
  const plain = Number(value)
  if (Number.isFinite(plain)) {
    if (plain < 0) return undefined
    if (plain > 1e11) return Math.max(0, plain - date)
    if (plain > 1e9) return Math.max(0, plain * 1_000 - date)
    return plain * 1_000
  }
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)]
  if (parts.length > 0 && parts.map(([part]) => part).join('') === value) {
    return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? 's'] ?? 0), 0)
  }
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(0, at - date)
}

/**
 * Milliseconds as Go writes a duration, which is what OpenAI's clients read.
 *
 * @example
 * formatReset(360_000) // '6m0s'
 * formatReset(12) // '12ms'
 */
export function formatReset(ms: number): string {
  const whole = Math.max(0, Math.ceil(ms))
  if (whole === 0) return '0s'
  if (whole < 1_000) return `${whole}ms`
  const hours = Math.floor(whole / 3_600_000)
  const minutes = Math.floor((whole % 3_600_000) / 60_000)
  const seconds = (whole % 60_000) / 1_000
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`
}

/** Budgets as OpenAI's `x-ratelimit-*` fields. One that is not limited has none. */
export function writeRateHeaders(state: {
  readonly requests: BudgetState | undefined
  readonly tokens: BudgetState | undefined
}): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  for (const kind of ['requests', 'tokens'] as const) {
    const budget = state[kind]
    if (budget === undefined) continue
    headers[`x-ratelimit-limit-${kind}`] = String(budget.limit)
    headers[`x-ratelimit-remaining-${kind}`] = String(budget.remaining)
    headers[`x-ratelimit-reset-${kind}`] = formatReset(budget.resetMs)
  }
  return headers
}
