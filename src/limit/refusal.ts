import type { CancelSignal } from '../cancel.ts'
import { SluiceError } from '../errors.ts'
import type { Decision } from './budget.ts'
import type { Scope } from './scope.ts'

/** A scope that lets a request not through now, and what it says. */
export interface Blocked {
  readonly scope: Scope
  readonly decision: Exclude<Decision, { readonly type: 'admit' }>
}

/** Nobody knows when a running request ends; a second is soon enough to ask again. In milliseconds. */
const SLOT_RETRY = 1_000

/** What stands in the way, of all scopes what stands there longest. */
export function worstOf(scopes: readonly Scope[], tokens: number, now: number): Blocked | undefined {
  let worst: Blocked | undefined
  for (const scope of scopes) {
    const decision = scope.budget.decide(tokens, now)
    if (decision.type === 'admit') continue
    if (worst === undefined || waitOf(decision) > waitOf(worst.decision)) worst = { scope, decision }
  }
  return worst
}

/** There would be room, but for those who came earlier. */
export function queued(scope: Scope): Blocked {
  const { tokensPerMinute, requestsPerMinute } = scope.limits
  if (requestsPerMinute !== undefined) return { scope, decision: { type: 'wait', ms: SLOT_RETRY, limit: 'requests' } }
  if (tokensPerMinute !== undefined) return { scope, decision: { type: 'wait', ms: SLOT_RETRY, limit: 'tokens' } }
  return { scope, decision: { type: 'slot' } }
}

function waitOf(decision: Blocked['decision']): number {
  return decision.type === 'never' ? Infinity : decision.type === 'slot' ? SLOT_RETRY : decision.ms
}

const LIMITS = {
  requests: ['requestsPerMinute', 'requests per minute'],
  tokens: ['tokensPerMinute', 'tokens per minute'],
  concurrency: ['maxConcurrent', 'requests at the same time'],
} as const

/** The refusal in OpenAI's words: which limit, how much of it there is, and when to come again. */
export function refusal({ scope, decision }: Blocked, tokens: number): SluiceError {
  const name = decision.type === 'slot' ? 'concurrency' : decision.limit === 'server' ? 'requests' : decision.limit
  const [field, words] = LIMITS[name]
  const limit = scope.limits[field] ?? 0
  const whose = `${scope.kind} ${scope.name} on ${words}: limit ${limit}`
  const facts = { limit: `${scope.kind} ${name}` }
  if (decision.type === 'never') {
    const asked = name === 'tokens' ? `, asked for ${tokens}` : ''
    return new SluiceError('rate_limit_exceeded', `Request too large for ${whose}${asked}`, {
      ...facts,
      shouldRetry: false,
    })
  }
  const retryAfterMs = waitOf(decision)
  const soon = `Try again in ${Math.ceil(retryAfterMs / 100) / 10} s`
  return new SluiceError('rate_limit_exceeded', `Rate limit reached for ${whose}. ${soon}`, { ...facts, retryAfterMs })
}

export function left(signal: CancelSignal): SluiceError {
  return SluiceError.from(signal.reason, 'cancelled')
}
