/** When a request is tried again before anything of its answer was read: the rules of OpenAI's SDKs. */

/** A wait that the server asks for is granted up to this; a longer one is replaced by our own. */
const LONGEST_WAIT_MS = 60_000
const FIRST_WAIT_MS = 500
const LONGEST_BACKOFF_MS = 8_000

/** Whether an answer with this status may be better the next time. `x-should-retry` has the last word. */
export function shouldRetry(status: number, headers: Headers): boolean {
  const told = headers.get('x-should-retry')
  if (told === 'true' || told === 'false') return told === 'true'
  return status === 408 || status === 409 || status === 429 || status >= 500
}

/**
 * Milliseconds until the next attempt: what `retry-after-ms` or `retry-after` say, else 0.5 s doubled for
 * each retry, 8 s at most, less up to a quarter by chance.
 *
 * @param retry How many retries there were before this wait.
 * @param random From 0 to 1.
 * @param date The wall clock, for a `retry-after` that is a date.
 */
export function retryDelay(headers: Headers | undefined, retry: number, random: number, date: number): number {
  const asked = headers === undefined ? undefined : askedDelay(headers, date)
  if (asked !== undefined && asked >= 0 && asked <= LONGEST_WAIT_MS) return asked
  return Math.min(FIRST_WAIT_MS * 2 ** retry, LONGEST_BACKOFF_MS) * (1 - random / 4)
}

/** What the server asks for, however long; `undefined` when it does not. */
export function askedDelay(headers: Headers, date: number): number | undefined {
  const ms = Number.parseFloat(headers.get('retry-after-ms') ?? '')
  if (!Number.isNaN(ms)) return ms
  const after = headers.get('retry-after')
  if (after === null) return undefined
  const seconds = Number.parseFloat(after)
  const delay = Number.isNaN(seconds) ? Date.parse(after) - date : seconds * 1_000
  return Number.isNaN(delay) ? undefined : delay
}
