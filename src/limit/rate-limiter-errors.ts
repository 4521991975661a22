import type { CancelSignal } from '../cancel.ts'
import { SluiceError } from '../errors.ts'
import type { Decision, LimitName } from './budget.ts'

/** Throws `invalid_value` for tokens that are no count. */
export function assertTokens(tokens: number): void {
  if (Number.isSafeInteger(tokens) && tokens >= 0) return
  throw new SluiceError('invalid_value', `tokens must be a whole number, 0 or more, got ${tokens}`, { param: 'tokens' })
}

/** Waiting was ended by its signal. */
export function cancelled(signal: CancelSignal): SluiceError {
  return new SluiceError('cancelled', 'Waiting for the rate limit was aborted', { cause: signal.reason })
}

/** There is never so much. */
export function tooMuch(limit: LimitName): SluiceError {
  return new SluiceError('rate_limit_exceeded', `The request asks for more than the ${limit} limit ever allows`, {
    limit,
  })
}

/** Waiting took longer than it may. */
export function timedOut(decision: Decision): SluiceError {
  const limit = decision.type === 'wait' ? decision.limit : 'concurrency'
  return new SluiceError('rate_limit_exceeded', `Rate limit timeout: no place within the time allowed (${limit})`, {
    limit,
    ...(decision.type === 'wait' ? { retryAfterMs: decision.ms } : {}),
  })
}
