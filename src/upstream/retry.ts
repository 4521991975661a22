import type { SluiceError } from '../errors.ts'

/** What to do after a failure that no reader has seen. */
export type Decision =
  /** The same target again (retry). */
  | { readonly type: 'retry'; readonly afterMs: number }
  /** The next target of the route (fallback). */
  | { readonly type: 'fallback' }
  | { readonly type: 'give_up' }

/** What has been tried so far. */
export interface Tries {
  /** Tries of this target, this one included. */
  readonly here: number
  /** Tries of all targets, this one included. */
  readonly all: number
  readonly max: number
  /** Whether the route has another target. */
  readonly hasNext: boolean
  /** Whether this target's provider has another key that was not refused. */
  readonly hasSpareKey?: boolean
}

/** Tries of one target before the next one's turn. */
const PER_TARGET = 2
/** The longest wait for the same target that is still better than an error, in milliseconds. */
const MAX_WAIT = 10_000

const GIVE_UP: Decision = { type: 'give_up' }
const FALLBACK: Decision = { type: 'fallback' }
const AT_ONCE: Decision = { type: 'retry', afterMs: 0 }

/**
 * The policy of PROTOCOL 8 step 0, a pure function. `random` is in [0, 1).
 *
 * @example
 * decide(error, { here: 1, all: 1, max: 4, hasNext: true }, Math.random)
 */
export function decide(error: SluiceError, tries: Tries, random: () => number): Decision {
  if (tries.all >= tries.max) return GIVE_UP
  const next = tries.hasNext ? FALLBACK : GIVE_UP
  if (error.facts.shouldRetry === false) return next
  switch (error.code) {
    case 'cancelled':
    case 'upstream_total_timeout':
      return GIVE_UP
    case 'provider_auth':
      return tries.hasSpareKey === true ? AT_ONCE : next
    case 'upstream_too_large':
      return next
    case 'provider_rejected':
      return rejected(error, tries, next, random)
    case 'provider_rate_limited':
      if (tries.hasSpareKey === true) return AT_ONCE
      return tries.hasNext ? FALLBACK : again(error.facts.retryAfterMs, tries, next, random)
    // Time was lost already, or the answer was no answer: somebody else is likelier to help.
    case 'upstream_connect_timeout':
    case 'upstream_head_timeout':
    case 'upstream_first_token_timeout':
    case 'upstream_between_tokens_timeout':
    case 'provider_bad_response':
      return tries.hasNext ? FALLBACK : again(undefined, tries, next, random)
    // A kept connection that the provider had closed meanwhile: at once, on a new one.
    case 'upstream_reset':
      return tries.here === 1 ? AT_ONCE : again(undefined, tries, next, random)
    default:
      return again(error.facts.retryAfterMs, tries, next, random)
  }
}

/** The caller's own mistake is told to the caller; what may pass is tried again. */
function rejected(error: SluiceError, tries: Tries, next: Decision, random: () => number): Decision {
  if (error.facts.shouldRetry === true || error.status === 408 || error.status === 409)
    return again(error.facts.retryAfterMs, tries, next, random)
  return error.status === 404 ? next : GIVE_UP
}

function again(askedMs: number | undefined, tries: Tries, next: Decision, random: () => number): Decision {
  if (tries.here >= PER_TARGET) return next
  const afterMs = askedMs ?? backoff(tries.here, random)
  return afterMs > MAX_WAIT ? next : { type: 'retry', afterMs }
}

/** 250 ms doubled per try up to 4 s, less up to a quarter, so that callers spread out. */
function backoff(tries: number, random: () => number): number {
  return Math.min(4_000, 250 * 2 ** (tries - 1)) * (1 - random() / 4)
}
