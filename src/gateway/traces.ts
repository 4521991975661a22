import {
  isSpanContextValid,
  ProxyTracer,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api'
import type { TimelineEvent } from '../log/stream-log.ts'
import type { StreamMeasure, Try } from './meter.ts'
import { ATTRIBUTE } from './traces-names.ts'
import type { Charge } from './usage-charge.ts'

/** Whose stream it was. */
export interface TracedStream {
  readonly streamId: string
  readonly owner: string
  readonly model: string
  readonly requestId: string
  /** The caller's span (W3C trace context), where it sent one. */
  readonly traceparent?: string | undefined
}

/**
 * A stream as spans of OpenTelemetry: one for the stream, below the caller's if it named one, and below it one for
 * each attempt and rescue; a seam is an event of its rescue. They are made from the timeline when the stream is
 * over, so that a token costs nothing; without an SDK in the process they cost nothing either.
 *
 * @param startedAt Milliseconds since 1970 at which the stream began; the timeline counts from there.
 */
export function traceStream(stream: TracedStream, measure: StreamMeasure, charge: Charge, startedAt: number): void {
  const tracer = trace.getTracer('sluice')
  // What stands for a tracer where there is no SDK: spans of nothing would be 3 % of a stream's accounts.
  if (tracer instanceof ProxyTracer) return
  const options = { kind: SpanKind.SERVER, startTime: startedAt }
  const root = tracer.startSpan(`chat ${stream.model}`, options, parentOf(stream.traceparent))
  if (!root.isRecording()) return
  root.setAttributes({
    [ATTRIBUTE.operation]: 'chat',
    [ATTRIBUTE.requestModel]: stream.model,
    [ATTRIBUTE.inputTokens]: charge.promptTokens,
    [ATTRIBUTE.outputTokens]: charge.completionTokens,
    [ATTRIBUTE.streamId]: stream.streamId,
    [ATTRIBUTE.requestId]: stream.requestId,
    [ATTRIBUTE.key]: stream.owner,
    [ATTRIBUTE.outcome]: measure.outcome.status,
    [ATTRIBUTE.nanoDollars]: charge.unpriced > 0 ? undefined : charge.nanoDollars,
    [ATTRIBUTE.isEstimated]: charge.isEstimated,
    [ATTRIBUTE.timeToFirstToken]: measure.ttft,
  })
  traceTries(tracer, root, measure, startedAt)
  fail(root, measure.error?.code)
  root.end(startedAt + measure.duration)
}

function traceTries(tracer: Tracer, root: Span, { timeline, tries }: StreamMeasure, startedAt: number): void {
  const context = trace.setSpan(ROOT_CONTEXT, root)
  let attempt: Span | undefined
  let place = 0
  for (const event of timeline) {
    const at = startedAt + event.at
    if (event.type === 'attempt') {
      const name = event['mode'] === undefined ? 'attempt' : 'rescue'
      const attributes = { ...facts(event), ...told(tries[place++]) }
      attempt = tracer.startSpan(name, { kind: SpanKind.CLIENT, startTime: at, attributes }, context)
    } else if (event.type === 'failed' || event.type === 'ended') {
      fail(attempt, event['code'])
      attempt?.end(at)
      attempt = undefined
    } else (attempt ?? root).addEvent(event.type, facts(event), at)
  }
}

/** What a try told of itself. */
function told(one: Try | undefined): Record<string, string | number | undefined> {
  const { usage, model } = one?.notes ?? {}
  return {
    [ATTRIBUTE.operation]: 'chat',
    [ATTRIBUTE.responseModel]: model,
    [ATTRIBUTE.inputTokens]: usage?.prompt_tokens,
    [ATTRIBUTE.outputTokens]: usage?.completion_tokens,
  }
}

function fail(span: Span | undefined, code: unknown): void {
  if (typeof code === 'string')
    span?.setStatus({ code: SpanStatusCode.ERROR, message: code }).setAttribute(ATTRIBUTE.errorType, code)
}

/** What is known of an event, under our own names; a message of a provider stays out. */
function facts(event: TimelineEvent): Record<string, string | number> {
  const known: Record<string, string | number> = {}
  for (const [name, value] of Object.entries(event)) {
    if (name === 'at' || name === 'type' || name === 'message') continue
    const key = name === 'provider' ? ATTRIBUTE.provider : name === 'model' ? ATTRIBUTE.requestModel : `sluice.${name}`
    if (typeof value === 'string' || typeof value === 'number') known[key] = value
  }
  return known
}

/** The context below which a caller wants its span: `00-<trace>-<span>-<flags>`. Anything else is none. */
function parentOf(traceparent: string | undefined): Context {
  const match = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '')
  if (match === null) return ROOT_CONTEXT
  const [, traceId = '', spanId = '', flags = ''] = match
  const parent = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
  return isSpanContextValid(parent) ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT
}
