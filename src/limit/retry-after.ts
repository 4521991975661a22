/** How long a server asks us to wait: its header fields, read once for the gateway and for the SDK. */

/** Header fields, as `fetch` has them or as a record with lower-case names. */
export type HeaderSource = { get(name: string): string | null } | { readonly [name: string]: string | undefined }

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}

/** The value of a field without the spaces around it; `undefined` when it is absent or empty. */
export function headerOf(headers: HeaderSource, name: string): string | undefined {
  const value = typeof headers.get === 'function' ? headers.get(name) : Reflect.get(headers, name)
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}

/**
 * Milliseconds that `retry-after-ms` or `retry-after` (seconds or an HTTP date) ask for; `undefined` when
 * they do not. `date` is the wall clock.
 *
 * @example
 * retryAfter({ 'retry-after': '1.5' }, Date.now()) // 1500
 */
export function retryAfter(headers: HeaderSource, date: number): number | undefined {
  const ms = Number(headerOf(headers, 'retry-after-ms') ?? Number.NaN)
  if (ms >= 0 && ms < Infinity) return ms
  const after = headerOf(headers, 'retry-after')
  if (after === undefined) return undefined
  const seconds = Number(after)
  // `-1` is no time, though it is a date to `Date.parse`.
  if (!Number.isNaN(seconds)) return seconds >= 0 && seconds < Infinity ? seconds * 1_000 : undefined
  const at = Date.parse(after)
  return Number.isNaN(at) ? undefined : Math.max(0, at - date)
}

/**
 * The same, or else what the reset fields say: the latest reset among the budgets that are spent; when none is,
 * the soonest of all.
 */
export function askedWait(headers: HeaderSource, date: number): number | undefined {
  const asked = retryAfter(headers, date)
  if (asked !== undefined) return asked
  let spent: number | undefined
  let soonest: number | undefined
  for (const kind of ['', '-requests', '-tokens']) {
    const ms = parseReset(headerOf(headers, `x-ratelimit-reset${kind}`), date)
    if (ms === undefined) continue
    soonest = Math.min(ms, soonest ?? ms)
    if (headerOf(headers, `x-ratelimit-remaining${kind}`) === '0') spent = Math.max(ms, spent ?? ms)
  }
  return spent ?? soonest
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
