import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Span } from '@opentelemetry/api'
import type { TimelineEvent } from '../log/stream-log.ts'
import type { StreamMeasure } from './meter.ts'

/** Whose stream it was. */
export interface TracedStream {
  readonly streamId: string
  readonly model: string
  readonly requestId: string
}

/**
 * A stream as spans of OpenTelemetry: one for the stream, one below it for each attempt and rescue, a seam as
 * an event of its rescue. They are made from the timeline when the stream is over, so that a token costs
 * nothing; without an SDK in the process they cost nothing either.
 *
 * @param startedAt Milliseconds since 1970 at which the stream began; the timeline counts from there.
 */
export function traceStream(stream: TracedStream, measure: StreamMeasure, startedAt: number): void {
  const tracer = trace.getTracer('sluice')
  const root = tracer.startSpan(`chat ${stream.model}`, {
    kind: SpanKind.SERVER,
    startTime: startedAt,
    // GenAI semantic conventions, as far as they are ours to know.
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': stream.model,
      'gen_ai.usage.input_tokens': measure.usage?.prompt_tokens,
      'gen_ai.usage.output_tokens': measure.usage?.completion_tokens,
      'sluice.stream.id': stream.streamId,
      'sluice.request.id': stream.requestId,
      'sluice.outcome': measure.outcome.status,
    },
  })
  if (!root.isRecording()) return
  const context = trace.setSpan(ROOT_CONTEXT, root)
  let attempt: Span | undefined
  for (const event of measure.timeline) {
    const at = startedAt + event.at
    if (event.type === 'attempt') {
      const name = event['mode'] === undefined ? 'attempt' : 'rescue'
      attempt = tracer.startSpan(name, { kind: SpanKind.CLIENT, startTime: at, attributes: facts(event) }, context)
    } else if (event.type === 'failed' || event.type === 'ended') {
      fail(attempt, event)
      attempt?.end(at)
      attempt = undefined
    } else (attempt ?? root).addEvent(event.type, facts(event), at)
  }
  fail(root, { at: 0, type: 'ended', code: measure.error?.code })
  root.end(startedAt + measure.duration)
}

function fail(span: Span | undefined, { code }: TimelineEvent): void {
  if (typeof code === 'string')
    span?.setStatus({ code: SpanStatusCode.ERROR, message: code }).setAttribute('error.type', code)
}

/** What is known of an event, under our own names; a message of a provider stays out. */
function facts(event: TimelineEvent): Record<string, string | number> {
  const known: Record<string, string | number> = {}
  for (const [name, value] of Object.entries(event)) {
    if (name === 'at' || name === 'type' || name === 'message') continue
    const key = name === 'provider' ? 'gen_ai.provider.name' : `sluice.${name}`
    if (typeof value === 'string' || typeof value === 'number') known[key] = value
  }
  return known
}
