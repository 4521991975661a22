import type { OnDisconnect } from '../config/config.ts'
import type { Route } from '../provider/provider.ts'
import { attempt } from '../upstream/attempt.ts'
import type { ChatBody } from '../upstream/outgoing.ts'
import type { GatewayContext } from './context.ts'
import { LiveStream } from './live.ts'
import { Meter, type StreamMeasure } from './meter.ts'
import { relay } from './relay.ts'
import { createRepair, withoutBare, type Rewrite } from './rewrite.ts'

/** A stream to be started. */
export interface StreamOrder {
  readonly streamId: string
  readonly route: Route
  readonly body: ChatBody
  readonly owner: string
  readonly requestId: string
  readonly onDisconnect: OnDisconnect
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
export function startStream(context: GatewayContext, order: StreamOrder): LiveStream {
  const { clock, log, live } = context
  const stream = new LiveStream(order.streamId, order.owner, order.onDisconnect, clock)
  const writer = log.create({
    id: stream.id,
    owner: order.owner,
    model: order.route.model,
    createdAt: clock.date(),
    conversation: order.conversation,
  })
  const meter = new Meter(
    clock,
    () => stream.open(),
    (measure) => {
      live.remove(stream)
      stream.end(measure.error)
      settle(context, stream.id)
      record(context, order, stream.id, measure)
    },
  )
  stream.watch(meter.timeline)
  live.add(stream)
  const source = attempt(order.route, order.body, {
    dialer: context.dialer,
    breakers: context.breakers,
    random: context.random,
    signal: stream.signal,
    observer: meter,
  })
  stream.run(relay(source, writer, meter, rewriteFor(order, stream.id, Math.floor(clock.date() / 1_000))))
  return stream
}

/** The ledger knows the request as long as the log keeps the stream. */
function settle({ log, ledger }: GatewayContext, id: string): void {
  void log.find(id).then((state) => {
    if (state !== undefined && state !== 'expired' && state.expiresAt !== undefined) ledger.settle(id, state.expiresAt)
  })
}

function rewriteFor({ repair, bare }: StreamOrder, id: string, created: number): Rewrite | undefined {
  if (!repair) return bare ? undefined : withoutBare
  const repaired = createRepair(id, created)
  return bare ? repaired : (chunks) => withoutBare(repaired(chunks))
}

/** One line per stream, without a word of its content. */
function record(context: GatewayContext, order: StreamOrder, id: string, measure: StreamMeasure): void {
  context.metrics.stream(order.route.model, measure)
  const facts = {
    stream: id,
    request: order.requestId,
    model: order.route.model,
    outcome: measure.outcome.status,
    code: measure.error?.code,
    ttftMs: round(measure.ttft),
    durationMs: round(measure.duration),
    longestGapMs: round(measure.longestGap),
    chunks: measure.chunks,
    promptTokens: measure.usage?.prompt_tokens,
    completionTokens: measure.usage?.completion_tokens,
    timeline: measure.timeline,
  }
  if (measure.outcome.status === 'failed') context.logger.warn(facts, 'stream failed')
  else context.logger.info(facts, 'stream ended')
}

const round = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : Math.round(ms * 10) / 10)
