import type { ErrorCode } from '../errors.ts'

/** When a breaker opens and how soon it tries again. Times in milliseconds. */
export interface BreakerPolicy {
  /** Failures in a row that open it. */
  readonly consecutive: number
  /** Share of failures among the tries of the window that opens it, once there were `minimum` of them. */
  readonly share: number
  readonly minimum: number
  readonly window: number
  /** The first pause after it opened; doubled each time a probe fails. */
  readonly pause: number
  /** The longest pause: how long after its recovery a target may still be left out. */
  readonly maxPause: number
}

/** Opens after 5 failures in a row, or half of at least 10 in 30 s; tries again after 2 s, at the latest after 15 s. */
export const DEFAULT_BREAKER: BreakerPolicy = {
  consecutive: 5,
  share: 0.5,
  minimum: 10,
  window: 30_000,
  pause: 2_000,
  maxPause: 15_000,
}

/** What a breaker remembers. */
export type BreakerState =
  | {
      readonly type: 'closed'
      readonly inARow: number
      readonly since: number
      readonly tries: number
      readonly failures: number
    }
  | { readonly type: 'open'; readonly until: number; readonly pause: number }
  | { readonly type: 'probing'; readonly pause: number }

/** What a breaker is told: a probe was let through, or how a try went. */
export type BreakerEvent = 'probe' | 'success' | 'failure' | 'neither'

/** A breaker that has seen nothing. */
export function closedBreaker(now: number): BreakerState {
  return { type: 'closed', inARow: 0, since: now, tries: 0, failures: 0 }
}

/** Whether a target may be asked now: freely, as the one probe after a pause, or not. */
export function permits(state: BreakerState, now: number): 'yes' | 'probe' | 'no' {
  if (state.type === 'closed') return 'yes'
  return state.type === 'open' && now >= state.until ? 'probe' : 'no'
}

/** The state after an event; a pure function. */
export function afterEvent(
  state: BreakerState,
  event: BreakerEvent,
  now: number,
  policy: BreakerPolicy = DEFAULT_BREAKER,
): BreakerState {
  switch (event) {
    case 'probe':
      return state.type === 'open' ? { type: 'probing', pause: state.pause } : state
    case 'success':
      return state.type === 'closed' ? counted(state, 0, now, policy) : closedBreaker(now)
    case 'failure':
      if (state.type === 'closed') return counted(state, 1, now, policy)
      return state.type === 'probing' ? opened(Math.min(state.pause * 2, policy.maxPause), now) : state
    case 'neither':
      // A probe that was called off says nothing: the next request may probe.
      return state.type === 'probing' ? { type: 'open', until: now, pause: state.pause } : state
    default:
      return event satisfies never
  }
}

function counted(
  state: BreakerState & { type: 'closed' },
  failed: 0 | 1,
  now: number,
  policy: BreakerPolicy,
): BreakerState {
  const isFresh = now - state.since > policy.window
  const tries = (isFresh ? 0 : state.tries) + 1
  const failures = (isFresh ? 0 : state.failures) + failed
  const inARow = failed === 0 ? 0 : state.inARow + 1
  const tooMany = tries >= policy.minimum && failures / tries >= policy.share
  if (failed === 1 && (inARow >= policy.consecutive || tooMany)) return opened(policy.pause, now)
  return { type: 'closed', inARow, since: isFresh ? now : state.since, tries, failures }
}

function opened(pause: number, now: number): BreakerState {
  return { type: 'open', until: now + pause, pause }
}

/** What an error says of its target: that it is ill, that it is well, or nothing. */
export function verdict(code: ErrorCode): BreakerEvent {
  switch (code) {
    case 'upstream_connect_failed':
    case 'upstream_connect_timeout':
    case 'upstream_head_timeout':
    case 'upstream_first_token_timeout':
    case 'upstream_between_tokens_timeout':
    case 'upstream_too_slow':
    case 'upstream_reset':
    case 'upstream_interrupted':
    case 'upstream_malformed':
    case 'upstream_too_large':
    case 'provider_unavailable':
    case 'provider_error':
    case 'provider_bad_response':
      return 'failure'
    case 'provider_rejected':
      return 'success'
    default:
      return 'neither'
  }
}
