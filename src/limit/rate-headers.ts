import type { BudgetState } from './budget.ts'
import { headerOf, parseReset, retryAfter, type HeaderSource } from './retry-after.ts'

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

/**
 * Reads `x-ratelimit-{remaining,reset}-{requests,tokens}` (and the fields without a last part, which
 * MegaLLM, HolySheep and FastGPT send for requests), `retry-after-ms` and `retry-after`. `date` is the
 * wall clock. Fields that make no sense (Azure's -1) or say no time are left out.
 */
export function readRateHeaders(headers: HeaderSource, date: number): ServerWord {
  const budget = (kind: string): ServerBudget | undefined => {
    const remaining = Number(headerOf(headers, `x-ratelimit-remaining${kind}`) ?? Number.NaN)
    const resetMs = parseReset(headerOf(headers, `x-ratelimit-reset${kind}`), date)
    return remaining >= 0 && resetMs !== undefined ? { remaining, resetMs } : undefined
  }
  return {
    requests: budget('-requests') ?? budget(''),
    tokens: budget('-tokens'),
    retryAfterMs: retryAfter(headers, date),
  }
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
  // What a request is told that was the last one to take something.
  if (whole === 60_000) return '1m0s'
  if (whole < 1_000) return `${whole}ms`
  const hours = Math.floor(whole / 3_600_000)
  const minutes = Math.floor((whole % 3_600_000) / 60_000)
  const seconds = (whole % 60_000) / 1_000
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`
}

/**
 * Budgets as OpenAI's `x-ratelimit-*` fields, added to `headers`. One that is not limited has none. The names are
 * written out: put together for each answer they were 4 us of a short stream's CPU.
 */
export function writeRateHeaders(
  { requests, tokens }: { readonly requests: BudgetState | undefined; readonly tokens: BudgetState | undefined },
  headers: Record<string, string> = {},
): Record<string, string> {
  if (requests !== undefined) {
    headers['x-ratelimit-limit-requests'] = String(requests.limit)
    headers['x-ratelimit-remaining-requests'] = String(requests.remaining)
    headers['x-ratelimit-reset-requests'] = formatReset(requests.resetMs)
  }
  if (tokens !== undefined) {
    headers['x-ratelimit-limit-tokens'] = String(tokens.limit)
    headers['x-ratelimit-remaining-tokens'] = String(tokens.remaining)
    headers['x-ratelimit-reset-tokens'] = formatReset(tokens.resetMs)
  }
  return headers
}
