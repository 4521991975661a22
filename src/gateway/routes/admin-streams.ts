import { SluiceError } from '../../errors.ts'
import type { ListFilter, StreamState } from '../../log/stream-log.ts'
import type { GatewayContext } from '../context.ts'
import { isStreamId } from '../cursor.ts'
import { baseHeaders, type Call } from '../http.ts'
import { journeyOf } from '../timeline-facts.ts'
import { listFilter, streamToWire } from './streams.ts'
import { usageOfStream } from './usage.ts'

/** How many of the newest streams are looked through where `model` or `rescued` narrow the list. */
const LOOKED_THROUGH = 1_000

/**
 * `GET /admin/v1/streams`: everybody's streams, newest first. `?key=` gives one key's; `?model=`, `?rescued=true`
 * and `?status=ended` those of the newest thousand.
 */
export async function listAllStreams(context: GatewayContext, call: Call): Promise<Response> {
  const filter = listFilter(call, ['ended'])
  const owner = call.req.query('key')
  const { wanted, limit } = narrowing(call, filter)
  const states = owner === undefined ? await context.log.listAll(limit) : await context.log.list(owner, limit)
  const data = states
    .filter(wanted)
    .slice(0, filter.limit)
    .map((state) => ({ ...toWire(state), ...summaryOf(context, state) }))
  return Response.json({ object: 'list', data }, { headers: baseHeaders(call.get('requestId')) })
}

/** `GET /admin/v1/streams/{id}`: what happened to a stream, without a word of what was asked or answered. */
export async function getAnyStream(context: GatewayContext, call: Call): Promise<Response> {
  const state = await find(context, call)
  const timeline = context.live.find(state.id)?.timeline ?? state.outcome?.timeline ?? []
  const usage = state.outcome?.usage
  const charge = usageOfStream(context, state.id, state.createdAt)
  const body = { ...toWire(state), ...(usage === undefined ? {} : { usage }), timeline, charge }
  return Response.json(body, { headers: baseHeaders(call.get('requestId')) })
}

/** `POST /admin/v1/streams/{id}/cancel`: ends anybody's stream; repeating it changes nothing. */
export async function cancelAnyStream(context: GatewayContext, call: Call): Promise<Response> {
  const { id } = await find(context, call)
  const live = context.live.find(id)
  live?.cancel(new SluiceError('cancelled', 'The operator cancelled this stream'))
  await live?.outcome
  const body = toWire(await find(context, call))
  return Response.json(body, { status: 202, headers: baseHeaders(call.get('requestId')) })
}

async function find(context: GatewayContext, call: Call): Promise<StreamState> {
  const id = call.req.param('id') ?? ''
  const state = isStreamId(id) ? await context.log.find(id) : undefined
  if (state === undefined || state === 'expired') {
    throw new SluiceError('stream_not_found', 'There is no such stream')
  }
  return state
}

/** What narrows the list beyond what the log can do. */
function narrowing(
  call: Call,
  filter: ListFilter,
): { readonly wanted: (state: StreamState) => boolean; readonly limit: ListFilter } {
  const model = call.req.query('model')
  const isRescued = call.req.query('rescued') === 'true'
  const isEnded = call.req.query('status') === 'ended'
  if (model === undefined && !isRescued && !isEnded) return { wanted: () => true, limit: filter }
  const wanted = (state: StreamState): boolean =>
    (model === undefined || state.model === model) &&
    (!isEnded || state.status !== 'open') &&
    (!isRescued || state.outcome?.timeline?.some(({ type }) => type === 'seam') === true)
  return { wanted, limit: { ...filter, limit: LOOKED_THROUGH } }
}

/** What the operator's list says of a stream that has ended. */
function summaryOf(context: GatewayContext, state: StreamState): Record<string, unknown> {
  if (state.outcome === undefined) return {}
  const { provider, attempts, isRescued, ttft, duration } = journeyOf(state.outcome.timeline ?? [], true)
  const charge = usageOfStream(context, state.id, state.createdAt)
  return { provider, attempts, rescued: isRescued, ttft_ms: ttft, duration_ms: duration, charge }
}

/** A stream as its owner sees it, and whose it is. */
function toWire(state: StreamState): Record<string, unknown> {
  return { ...streamToWire(state), key: state.owner }
}
