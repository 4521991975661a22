/**
 * What to do when a stream's connection breaks: (state, event, now) -> state and decision. Pure, so that
 * hours of bad network can be tested in a millisecond; timers, fetch and sockets are in `connected.ts`.
 */

/** The limits of reconnecting. */
export interface ResumePolicy {
  /** Attempts in a row without a single new event before giving up; 10 unless told. */
  readonly maxAttempts: number
  /** Milliseconds without a new event before giving up, however few the attempts; 5 minutes unless told. */
  readonly maxSilenceMs: number
  /** Milliseconds before the second attempt; doubled for each further one. The first is made at once. */
  readonly firstDelayMs: number
  readonly longestDelayMs: number
  /** A device that comes back after this much silence reconnects without waiting for its connection to fail. */
  readonly suspiciousMs: number
}

/** The policy unless told. */
export const RESUME_POLICY: ResumePolicy = {
  maxAttempts: 10,
  maxSilenceMs: 300_000,
  firstDelayMs: 500,
  longestDelayMs: 8_000,
  suspiciousMs: 20_000,
}

/** Where a stream stands. Positions and times only; nothing of its content. */
export type ResumeState =
  | { readonly phase: 'reading'; readonly attempts: number; readonly since: number }
  | { readonly phase: 'waiting'; readonly attempts: number; readonly since: number }
  | { readonly phase: 'ended' }

/** What happened. */
export type ResumeEvent =
  /** A new event of the stream arrived. */
  | { readonly type: 'progress' }
  /** The terminal arrived: nothing that breaks now matters. */
  | { readonly type: 'finished' }
  /**
   * The connection broke, whatever that looked like: an error, an abort that nobody asked for, silence, a
   * clean end without a terminal.
   */
  | { readonly type: 'broken' }
  /** The server answered an attempt with this status; 0 when it could not be reached. */
  | { readonly type: 'refused'; readonly status: number; readonly retryAfterMs: number | undefined }
  /** The device is back (online again, or the page is shown again), after this long without a byte. */
  | { readonly type: 'wake'; readonly silenceMs: number }

/** What is to be done. */
export type ResumeDecision =
  | { readonly action: 'read' }
  /** Wait, then ask the server for what follows the cursor. */
  | { readonly action: 'reconnect'; readonly afterMs: number }
  /** The stream is over, and all of it was read. */
  | { readonly action: 'end' }
  /** `gone`: the server no longer has the stream; `refused`: it will not give it; `exhausted`: the budget is spent. */
  | { readonly action: 'give-up'; readonly reason: 'gone' | 'refused' | 'exhausted' }

/** A step: the next state and what to do. */
export type ResumeStep = readonly [ResumeState, ResumeDecision]

const READ: ResumeDecision = { action: 'read' }
const END: ResumeStep = [{ phase: 'ended' }, { action: 'end' }]

/** The state of a stream whose first connection stands. */
export function startReading(now: number): ResumeState {
  return { phase: 'reading', attempts: 0, since: now }
}

/**
 * The next step. Progress gives back the whole budget. Chance spreads the attempts of many clients whose
 * server came back: a delay is between half of its value and all of it.
 *
 * @param now Milliseconds of a clock that never jumps.
 * @param random From 0 to 1.
 */
export function nextStep(
  state: ResumeState,
  event: ResumeEvent,
  now: number,
  random: number,
  policy: ResumePolicy = RESUME_POLICY,
): ResumeStep {
  if (state.phase === 'ended') return END
  switch (event.type) {
    case 'progress':
      return [startReading(now), READ]
    case 'finished':
      return END
    case 'broken':
      return again(state, undefined, now, random, policy)
    case 'refused':
      return refused(state, event, now, random, policy)
    case 'wake':
      // A connection that should have brought a heartbeat is dead, though nobody has said so yet.
      if (state.phase === 'reading' && event.silenceMs < policy.suspiciousMs) return [state, READ]
      return [state, { action: 'reconnect', afterMs: 0 }]
  }
}

function refused(
  state: Exclude<ResumeState, { phase: 'ended' }>,
  event: Extract<ResumeEvent, { type: 'refused' }>,
  now: number,
  random: number,
  policy: ResumePolicy,
): ResumeStep {
  const { status } = event
  // PROTOCOL 5: beyond the end of a closed stream.
  if (status === 204) return END
  if (status === 404 || status === 410) return [{ phase: 'ended' }, { action: 'give-up', reason: 'gone' }]
  const mayPass = status === 0 || status === 408 || status === 409 || status === 425 || status === 429 || status >= 500
  if (!mayPass) return [{ phase: 'ended' }, { action: 'give-up', reason: 'refused' }]
  return again(state, event.retryAfterMs, now, random, policy)
}

function again(
  state: Exclude<ResumeState, { phase: 'ended' }>,
  askedMs: number | undefined,
  now: number,
  random: number,
  policy: ResumePolicy,
): ResumeStep {
  const { attempts, since } = state
  const left = policy.maxSilenceMs - (now - since)
  if (attempts >= policy.maxAttempts || left <= 0) {
    return [{ phase: 'ended' }, { action: 'give-up', reason: 'exhausted' }]
  }
  const backoff = attempts === 0 ? 0 : Math.min(policy.firstDelayMs * 2 ** (attempts - 1), policy.longestDelayMs)
  const afterMs = Math.min(Math.max(backoff * (1 - random / 2), askedMs ?? 0), left)
  return [
    { phase: 'waiting', attempts: attempts + 1, since },
    { action: 'reconnect', afterMs },
  ]
}
