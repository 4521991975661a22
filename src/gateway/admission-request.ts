import type { CancelSignal } from '../cancel.ts'
import type { Usage } from '../completion/chunk.ts'
import { isObject, parseJson } from '../completion/json.ts'
import type { SluiceError } from '../errors.ts'
import type { StreamState } from '../log/stream-log.ts'
import type { Route, Target } from '../provider/provider.ts'
import type { ChatBody } from '../upstream/outgoing.ts'
import type { Lease, LeaseEnd } from './admission-lease.ts'
import { callerOf, keyOf } from './caller.ts'
import { refuseWhenDraining, type GatewayContext } from './context.ts'
import type { Call } from './http.ts'
import { startedBefore, type Request } from './reuse.ts'

/** A request at the limits. */
export interface Applicant {
  readonly model: string
  readonly route: Route
  readonly body: ChatBody
  /** Where it may be one that came before: how the ledger knows it. */
  readonly claim?: Request | undefined
}

/** What it was let in with; or, where the same request has begun while it waited, that one's stream. */
export type Entry =
  | { readonly type: 'entered'; readonly lease: Lease | undefined }
  | { readonly type: 'attached'; readonly state: StreamState }

/**
 * Lets a request begin, in its turn. While it waits its claim is given back, or a retry of it would find a
 * stream that nobody has started.
 *
 * @throws SluiceError `rate_limit_exceeded`, `insufficient_quota`, `cancelled`.
 */
export async function enterLimits(context: GatewayContext, call: Call, applicant: Applicant): Promise<Entry> {
  const { model, route, body, claim } = applicant
  let entering: Lease | Promise<Lease> | undefined
  try {
    const asked = { owner: callerOf(call), key: keyOf(call), model, route, body }
    entering = context.admission.enter(asked, call.env.signal)
  } catch (error) {
    if (claim !== undefined) context.ledger.forget(claim.streamId)
    throw error
  }
  if (!(entering instanceof Promise)) {
    if (entering !== undefined) call.set('lease', entering)
    return { type: 'entered', lease: entering }
  }
  if (claim !== undefined) context.ledger.forget(claim.streamId)
  const lease = await entering
  try {
    // It waited, and the gateway is going down meanwhile.
    refuseWhenDraining(context)
    const state = claim === undefined ? undefined : await startedBefore(context, call, claim)
    if (state !== undefined) {
      lease.refund()
      return { type: 'attached', state }
    }
  } catch (error) {
    lease.refund()
    throw error
  }
  call.set('lease', lease)
  return { type: 'entered', lease }
}

/** The same for a request that is never one that came before. */
export async function leaseFor(context: GatewayContext, call: Call, applicant: Applicant): Promise<Lease | undefined> {
  const entry = await enterLimits(context, call, { ...applicant, claim: undefined })
  return entry.type === 'entered' ? entry.lease : undefined
}

/** Runs a request that is no stream under its lease. `ask` gives the answer's text, or throws. */
export async function underLease(
  lease: Lease,
  target: Target,
  signal: CancelSignal,
  ask: () => Promise<string>,
): Promise<string> {
  let end: LeaseEnd = { status: 'failed', usage: undefined }
  let reason: SluiceError | undefined
  lease.bind((why) => (reason = why))
  lease.started(target)
  try {
    if (reason !== undefined) throw reason
    await lease.places?.enter(target, signal)
    const answer = await ask()
    lease.opened()
    end = { status: 'completed', usage: usageIn(answer) }
    return answer
  } catch (error) {
    if (signal.aborted) end = { status: 'cancelled', usage: undefined }
    throw error
  } finally {
    lease.end(end)
    lease.charge()
  }
}

/** An embedding's usage stands behind megabytes of numbers, which nobody needs to parse for it. */
function usageIn(answer: string): Usage | undefined {
  const at = answer.lastIndexOf('"usage"')
  const said = at < 0 ? undefined : /^"usage"\s*:\s*(\{[^{}]*\})/.exec(answer.slice(at, at + 1_000))?.[1]
  const usage = said === undefined ? undefined : parseJson(said)
  if (!isObject(usage) || typeof usage['prompt_tokens'] !== 'number') return undefined
  const tokens = usage['prompt_tokens']
  return { prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens }
}

/** What a stream holds that goes on after its process died: its key's slot again, whatever the limits say. */
export function leaseAfterCrash(
  context: GatewayContext,
  applicant: Applicant & { readonly owner: string },
): Lease | undefined {
  const { owner } = applicant
  try {
    return context.admission.resume({ ...applicant, key: isKeyId(owner) ? context.keys.book.find(owner) : undefined })
  } catch (error) {
    // Without it the stream could not end honestly; it is one stream, and it was let in once.
    context.logger.warn({ err: error, owner }, 'a stream goes on without its limits')
    return undefined
  }
}

const isKeyId = (owner: string): boolean => owner.startsWith('key_')

/** The same fields, with `x-ratelimit-*` where something is limited. */
export function withRateHeaders(call: Call, headers: Record<string, string>): Record<string, string> {
  const lease = call.get('lease')
  return lease === undefined ? headers : lease.addHeaders(headers)
}
