/** When a request is tried again before anything of its answer was read: the rules of OpenAI's SDKs. */
import { retryAfter } from '../limit/retry-after.ts'

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
  const asked = headers === undefined ? undefined : retryAfter(headers, date)
  if (asked !== undefined && asked <= LONGEST_WAIT_MS) return asked
  return Math.min(FIRST_WAIT_MS * 2 ** retry, LONGEST_BACKOFF_MS) * (1 - random / 4)
}
