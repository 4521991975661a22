import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { ROOT_CONTEXT, trace, type Span, type SpanOptions, type TimeInput, type Tracer } from '@opentelemetry/api'
import { plainProvider, route, startRig, target } from '../support/gateway.ts'

/** A span as it was recorded. */
interface Recorded {
  readonly name: string
  readonly hasParent: boolean
  readonly events: string[]
  status: string | undefined
  ended: boolean
}

const spans: Recorded[] = []

function recordingTracer(): Tracer {
  const startSpan = (name: string, _options?: SpanOptions, context = ROOT_CONTEXT): Span => {
    const kept: Recorded = {
      name,
      hasParent: trace.getSpan(context) !== undefined,
      events: [],
      status: undefined,
      ended: false,
    }
    spans.push(kept)
    const span: Span = {
      spanContext: () => ({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 1 }),
      setAttribute: () => span,
      setAttributes: () => span,
      addEvent(event: string) {
        kept.events.push(event)
        return span
      },
      addLink: () => span,
      addLinks: () => span,
      setStatus(status) {
        kept.status = status.message
        return span
      },
      updateName: () => span,
      end(_time?: TimeInput) {
        kept.ended = true
      },
      isRecording: () => true,
      recordException: () => {},
    }
    return span
  }
  const startActiveSpan = (): never => assert.fail('not used here')
  return { startSpan, startActiveSpan }
}

describe('a stream in traces', () => {
  trace.setGlobalTracerProvider({ getTracer: recordingTracer })
  after(() => trace.disable())

  test('is one span, with one below it for each attempt and rescue, and its seam as an event', async () => {
    await using rig = await startRig({
      config: (simulator) => {
        const provider = plainProvider(simulator.url, { continuation: 'continue_final_message' })
        const good = 'sim:tokens=40,interval=0ms,first=0ms'
        const targets = [target(provider, `${good},fault=cut@20`), target(provider, good)]
        return { routes: new Map([['default', route('default', targets)]]) }
      },
    })
    await (await rig.chat({ model: 'default', stream: true })).text()
    assert.deepEqual(
      spans.map(({ name, hasParent, status }) => [name, hasParent, status]),
      [
        ['chat default', false, undefined],
        ['attempt', true, 'upstream_interrupted'],
        ['rescue', true, undefined],
      ],
    )
    assert.ok(spans[2]?.events.includes('seam'))
    assert.ok(spans.every(({ ended }) => ended))
  })
})
