import type { OnDisconnect } from '../config/config.ts'
import type { StreamWriter } from '../log/stream-log.ts'
import type { Route } from '../provider/provider.ts'
import type { AttemptContext } from '../upstream/ask.ts'
import { attempt } from '../upstream/attempt.ts'
import type { ChatBody } from '../upstream/outgoing.ts'
import type { Emit } from '../upstream/read.ts'
import type { Lease } from './admission-lease.ts'
import type { GatewayContext } from './context.ts'
import { revoked } from './keys.ts'
import { LiveStream } from './live.ts'
import { Meter, type StreamMeasure } from './meter.ts'
import { relay } from './relay.ts'
import { traceStream } from './traces.ts'
import { triedOf } from './tried.ts'
import type { Billed } from './usage.ts'
import type { Charge } from './usage-charge.ts'
import { createRepair, withoutBare, type Rewrite } from './rewrite.ts'

/** Events of a stream with which nothing happened: attempt, opened, first_token, ended. */
const PLAIN_TIMELINE = 4

/** Who wants a stream, and what is to become of it. */
export interface StreamOrder {
  readonly streamId: string
  readonly owner: string
  /** The caller's name of the model. */
  readonly model: string
  readonly requestId: string
  readonly onDisconnect: OnDisconnect
  /** Whether the ledger knows which request started it. */
  readonly isClaimed: boolean
  /** What it holds of limits and budgets; its end gives it back. */
  readonly lease?: Lease | undefined
  /** The caller's span (W3C trace context). */
  readonly traceparent?: string | undefined
}

/** A new stream. */
export interface NewStream extends StreamOrder {
  readonly route: Route
  readonly body: ChatBody
  readonly conversation?: string | undefined
  /** Chunks as OpenAI would send them instead of verbatim (`X-Stream-Repair: on`). */
  readonly repair: boolean
  /** Whether chunks without choices are kept for readers (`stream_options.include_usage`). */
  readonly bare: boolean
}

/**
 * Starts a stream: the whole way from the providers into the log runs behind it from now on, whether
 * anybody reads or not.
 */
export function startStream(context: GatewayContext, order: NewStream): LiveStream {
  try {
    return begin(context, order)
  } catch (error) {
    order.lease?.refund()
    throw error
  }
}

function begin(context: GatewayContext, order: NewStream): LiveStream {
  // Revoked while the body was on its way: no list of open streams had this one yet.
  if (!context.keys.isAlive(order.owner)) throw revoked()
  const createdAt = context.clock.date()
  const writer = context.log.create({
    id: order.streamId,
    owner: order.owner,
    model: order.model,
    createdAt,
    conversation: order.conversation,
    // What a successor needs to go on after this process has died.
    request: context.config.log.kind === 'file' ? JSON.stringify(order.body) : undefined,
  })
  const rewrite = rewriteFor(order, Math.floor(createdAt / 1_000))
  return produce(context, {
    order,
    writer,
    rewrite,
    billed: { streamId: order.streamId, owner: order.owner, model: order.model, createdAt, body: order.body },
    source: (attempts, emit) => attempt(order.route, order.body, attempts, emit),
  })
}

/** What is to be produced: from where, into what. */
export interface Production {
  readonly order: StreamOrder
  readonly writer: StreamWriter
  readonly rewrite: Rewrite | undefined
  readonly billed: Billed
  readonly source: (attempts: AttemptContext, emit: Emit) => Promise<void>
}

/** Runs a source into a log until its end; the stream can be found and cancelled meanwhile. */
export function produce(context: GatewayContext, { order, writer, rewrite, billed, source }: Production): LiveStream {
  const { clock, live } = context
  const stream = new LiveStream(order.streamId, order.owner, order.onDisconnect, clock)
  const meter = new Meter(
    clock,
    () => stream.open(),
    (measure) => {
      live.remove(stream)
      stream.end(measure.error)
      if (order.isClaimed) settle(context, stream.id)
      const charge = context.accounts.settle(billed, measure)
      const known = charge.unpriced > 0 ? undefined : charge.nanoDollars
      order.lease?.charge(known, charge.isEstimated && known !== undefined ? order.streamId : undefined)
      record(context, order, measure, charge)
      traceStream(order, measure, charge, clock.date() - measure.duration)
    },
    order.lease,
  )
  order.lease?.bind((reason) => stream.cancel(reason))
  stream.watch(meter, order.model)
  live.add(stream)
  const attempts: AttemptContext = {
    dialer: context.dialer,
    breakers: context.breakers,
    random: context.random,
    signal: stream.signal,
    observer: meter,
    completionId: `chatcmpl-${order.streamId}`,
    places: order.lease?.places,
  }
  stream.run(relay((emit) => source(attempts, emit), writer, meter, rewrite))
  return stream
}

/** The ledger knows the request as long as the log keeps the stream. */
function settle({ log, ledger }: GatewayContext, id: string): void {
  void log.find(id).then((state) => {
    if (state !== undefined && state !== 'expired' && state.expiresAt !== undefined) ledger.settle(id, state.expiresAt)
  })
}

function rewriteFor({ repair, bare, streamId }: NewStream, created: number): Rewrite | undefined {
  if (!repair) return bare ? undefined : withoutBare
  const repaired = createRepair(streamId, created)
  return bare ? repaired : (chunks) => withoutBare(repaired(chunks))
}

/** One line per stream, without a word of its content. */
function record(context: GatewayContext, order: StreamOrder, measure: StreamMeasure, charge: Charge): void {
  const tried = triedOf(measure)
  context.metrics.stream(order.model, measure, tried)
  context.history.stream(measure, tried)
  const facts = {
    stream: order.streamId,
    request: order.requestId,
    key: order.owner,
    model: order.model,
    outcome: measure.outcome.status,
    code: measure.error?.code,
    ttftMs: round(measure.ttft),
    durationMs: round(measure.duration),
    longestGapMs: round(measure.longestGap),
    chunks: measure.chunks,
    promptTokens: charge.promptTokens,
    completionTokens: charge.completionTokens,
    estimated: charge.isEstimated ? true : undefined,
    nanoDollars: charge.nanoDollars,
    unpriced: charge.unpriced > 0 ? charge.unpriced : undefined,
    // Only where there is something to tell.
    timeline: measure.timeline.length > PLAIN_TIMELINE ? measure.timeline : undefined,
  }
  if (measure.outcome.status === 'failed') context.logger.warn(facts, 'stream failed')
  else context.logger.info(facts, 'stream ended')
}

const round = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : Math.round(ms * 10) / 10)
