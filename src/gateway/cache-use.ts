import type { OnDisconnect } from '../config/config.ts'
import type { Pace } from '../ledger/cache-table.ts'
import type { StreamState } from '../log/stream-log.ts'
import type { CachePolicy, Route } from '../provider/provider.ts'
import { requestKey } from './cache-key.ts'
import { record } from './cache-recording.ts'
import { durationOf } from './cache-replay.ts'
import { callerOf, keyOf } from './caller.ts'
import type { CheckedChatRequest } from './chat-request.ts'
import type { GatewayContext } from './context.ts'
import { patienceBeyond, type Lead } from './flights.ts'
import { CALLER_LEFT, type CacheResult, type Call } from './http.ts'
import type { LiveStream } from './live.ts'

/** A request that may be answered without asking a provider. */
export interface CacheQuestion {
  readonly route: Route
  readonly request: CheckedChatRequest
  readonly repair: boolean
  readonly onDisconnect: OnDisconnect
}

/** What is to be done for it. */
export type CacheAnswer =
  /** Its answer is there: `pace` where it is to come as it first came. */
  | { readonly type: 'hit'; readonly state: StreamState; readonly pace: Pace | undefined }
  /** The same is being generated: call `leave` once, when this reader has left. */
  | { readonly type: 'coalesced'; readonly stream: LiveStream; readonly leave: () => void }
  /** A provider must be asked; then tell of the stream, or that there is none. */
  | { readonly type: 'miss' | 'bypass'; readonly started: (stream: LiveStream | undefined) => void }

/** Figures of the cache. */
export function measureCache({ metrics, cache }: GatewayContext): void {
  metrics.gauge('sluice_cache_answers', 'Answers in the cache', () => cache.size)
  metrics.gauge('sluice_cache_bytes', 'Data of all answers in the cache', () => cache.bytes)
}

/** What the configuration says of a route; `undefined` where there is nothing to be done. */
export function cachePolicyOf({ config }: GatewayContext, route: Route): CachePolicy | undefined {
  const policy = route.cache ?? config.cache?.policy
  return policy?.enabled === true || policy?.coalesce === true ? policy : undefined
}

/** Whose answers a caller may be given: its own, or those of the pool of its key. Never from the request. */
export function cacheScopeOf(call: Call): string {
  const pool = keyOf(call)?.cachePool
  return pool === undefined ? `owner ${callerOf(call)}` : `pool ${pool}`
}

/** Looks for an answer, finished or under way (PROTOCOL 11), and notes the result for `X-Sluice-Cache`. */
export async function consult(
  context: GatewayContext,
  call: Call,
  policy: CachePolicy,
  question: CacheQuestion,
): Promise<CacheAnswer> {
  const answer = await answerTo(context, call, policy, question)
  call.set('cache', answer.type)
  context.metrics.cache(question.route.model, answer.type)
  if (answer.type === 'hit' || answer.type === 'coalesced')
    context.accounts.free({ id: call.get('requestId'), owner: callerOf(call), model: question.route.model }, 'cache')
  return answer
}

/** The same fields, with `X-Sluice-Cache` where a cache was asked. */
export function withCacheHeader(call: Call, headers: Record<string, string>): Record<string, string> {
  const result: CacheResult | undefined = call.get('cache')
  if (result !== undefined) headers['x-sluice-cache'] = result
  return headers
}

async function answerTo(
  context: GatewayContext,
  call: Call,
  policy: CachePolicy,
  question: CacheQuestion,
): Promise<CacheAnswer> {
  const { request, route, repair } = question
  const wishes = wishesOf(call)
  // A workflow of FastGPT may do things in the world, and remembers its chats: asked twice is not asked once.
  const hasEffects = route.targets.some(({ provider }) => provider.dialect === 'fastgpt')
  if (wishes === 'no-store' || hasEffects) return { type: 'bypass', started: () => {} }
  const scope = cacheScopeOf(call)
  const key = requestKey(context.hash, { scope, route, repair, body: request })
  const hit = wishes === 'no-cache' || !policy.enabled ? undefined : await findHit(context, policy, key, request)
  if (hit !== undefined) return hit
  const joined = await joinOrLead(context, call, policy, question, `${callerOf(call)} ${key}`)
  if (joined?.type === 'coalesced') return joined
  return {
    type: wishes === 'no-cache' ? 'bypass' : 'miss',
    started(stream) {
      if (stream === undefined) return joined?.lead.failed()
      joined?.lead.started(stream)
      if (policy.enabled) void keep(context, stream, policy, { scope, key, request })
    },
  }
}

/** What the caller's `Cache-Control` says (RFC 9111, section 5.2.1), as far as it concerns us. */
function wishesOf(call: Call): 'no-store' | 'no-cache' | undefined {
  const said = call.req.header('cache-control')
  if (said === undefined) return undefined
  const directives = said
    .toLowerCase()
    .split(',')
    .map((directive) => directive.trim())
  if (directives.includes('no-store')) return 'no-store'
  return directives.some((directive) => directive === 'no-cache' || directive === 'max-age=0') ? 'no-cache' : undefined
}

/** Whether this request's log has the chunks that carry usage alone. */
function hasUsage(request: CheckedChatRequest): boolean {
  return request.stream !== true || request.stream_options?.include_usage === true
}

async function findHit(
  { cache, logger }: GatewayContext,
  policy: CachePolicy,
  key: string,
  request: CheckedChatRequest,
): Promise<CacheAnswer | undefined> {
  const isPaced = policy.pace === 'recorded' && request.stream === true
  let pace: Pace | undefined
  try {
    const lasts = (answer: Parameters<typeof cache.paceOf>[0]): number => {
      pace = isPaced ? cache.paceOf(answer) : undefined
      return durationOf(pace)
    }
    // A whole completion is made of either form: usage is with the stream's outcome, too.
    const hit =
      (await cache.find(key, hasUsage(request), lasts)) ??
      (request.stream === true ? undefined : await cache.find(key, false, lasts))
    return hit === undefined ? undefined : { type: 'hit', state: hit.state, pace }
  } catch (thrown) {
    // A cache that fails is a miss, never a failed request.
    logger.warn({ err: thrown }, 'the cache cannot be read')
    return undefined
  }
}

type Joined = Extract<CacheAnswer, { type: 'coalesced' }> | { readonly type: 'lead'; readonly lead: Lead }

/**
 * Joins the same owner's equal request that is under way, or becomes the one that others join. Within one
 * owner only, also where answers are pooled: who may cancel a stream, or loses its key, must not end another's.
 */
async function joinOrLead(
  context: GatewayContext,
  call: Call,
  policy: CachePolicy,
  { request, onDisconnect }: CacheQuestion,
  key: string,
): Promise<Joined | undefined> {
  // A stream belongs to one conversation: a request that names one has a stream of its own.
  if (!policy.coalesce || call.req.header('x-stream-conversation') !== undefined) return undefined
  const form = hasUsage(request) ? `${key} usage` : key
  // Who wants a fresh answer leads, and others may join.
  let flight = wishesOf(call) === 'no-cache' ? undefined : context.flights.find(form)
  while (flight !== undefined) {
    const stream = await flight.stream
    if (call.env.signal.aborted) throw CALLER_LEFT
    if (stream !== undefined && !stream.signal.aborted && context.live.find(stream.id) === stream) {
      const leave = stream.attach()
      const ms = patienceBeyond(onDisconnect, flight.onDisconnect)
      const leaveLater = ms === Infinity ? () => {} : () => void context.clock.after(ms, leave)
      return { type: 'coalesced', stream, leave: ms === 0 ? leave : leaveLater }
    }
    const next = context.flights.find(form)
    flight = next === flight ? undefined : next
  }
  const lead = context.flights.lead(form, onDisconnect)
  // The signal aborts when the response is over, whatever it was: nobody waits for a request that was refused.
  call.env.signal.addEventListener('abort', () => lead.failed(), { once: true })
  return { type: 'lead', lead }
}

interface Kept {
  readonly scope: string
  readonly key: string
  readonly request: CheckedChatRequest
}

/** Reads a stream along, and keeps its answer if it came to a complete one. Never throws. */
async function keep(
  context: GatewayContext,
  stream: LiveStream,
  policy: CachePolicy,
  { scope, key, request }: Kept,
): Promise<void> {
  const { cache, clock, log, logger } = context
  try {
    const pace = policy.pace === 'recorded' ? { clock } : undefined
    const recording = await record(log, stream.id, request.n ?? 1, pace)
    const outcome = await stream.outcome
    // Joined from two attempts it is complete for its reader, but not what a provider would say.
    const isSeamless = outcome?.timeline?.every(({ type }) => type !== 'seam') ?? false
    if (!recording.isWhole || outcome?.status !== 'completed' || outcome.error !== undefined || !isSeamless) return
    const state = await log.find(stream.id)
    if (state === undefined || state === 'expired' || state.expiresAt === undefined) return
    const { bytes, last } = recording
    const storedAt = clock.date()
    const expiresAt = Math.min(storedAt + policy.ttl, state.expiresAt)
    const answer = { stream: stream.id, scope, request: key, hasUsage: hasUsage(request), bytes, last }
    cache.store({ ...answer, storedAt, expiresAt }, recording.pace)
  } catch (thrown) {
    logger.warn({ err: thrown, stream: stream.id }, 'an answer was not kept in the cache')
  }
}
