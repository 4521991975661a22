import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { trace } from '@opentelemetry/api'
import { startTracing } from '../../src/node/telemetry.ts'
import { plainProvider, route, startRig, target } from '../support/gateway.ts'

/** OTLP/HTTP with JSON, as far as it is looked at. */
interface WireSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[]
  readonly events: readonly { readonly name: string }[]
  readonly status: { readonly code?: number; readonly message?: string }
}

interface WireBatch {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: WireSpan['attributes'] }
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[]
  }[]
}

const batches: WireBatch[] = []
const receiver = createServer((request, response) => {
  void read(request).then((text) => {
    assert.equal(request.url, '/v1/traces')
    assert.equal(request.headers['content-type'], 'application/json')
    batches.push(JSON.parse(text))
    response.setHeader('content-type', 'application/json').end('{}')
  })
})

async function read(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

before(() => new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done)))
after(() => receiver.close())

function portOf(address: ReturnType<typeof receiver.address>): number {
  assert.ok(address !== null && typeof address === 'object')
  const { port }: AddressInfo = address
  return port
}

const valuesOf = (attributes: WireSpan['attributes']): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

describe('traces over OTLP', () => {
  test('are one span for the stream, below its caller, and one for each attempt and rescue', async () => {
    const endpoint = `http://127.0.0.1:${portOf(receiver.address())}`
    // The exporter reads the process's own environment.
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = endpoint
    const lines: string[] = []
    const tracing = await startTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, (line) => lines.push(line))
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT']
    assert.ok(tracing !== undefined)
    const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
    {
      await using rig = await startRig({
        config: ({ url }) => {
          const provider = plainProvider(url, { continuation: 'continue_final_message' })
          const good = 'sim:tokens=40,interval=0ms,first=0ms'
          const targets = [target(provider, `${good},fault=cut@20`), target(provider, good)]
          return { routes: new Map([['default', route('default', targets)]]) }
        },
      })
      const headers = { 'content-type': 'application/json', traceparent: `00-${traceId}-${spanId}-01` }
      await (await rig.chat({ model: 'default', stream: true }, { headers })).text()
    }
    await tracing.shutdown()
    trace.disable()
    const [batch] = batches
    const spans = batches.flatMap(({ resourceSpans }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
    )
    assert.deepEqual(spans.map(({ name }) => name).sort(), ['attempt', 'chat default', 'rescue'])
    assert.equal(valuesOf(batch?.resourceSpans[0]?.resource.attributes ?? [])['service.name'], 'sluice')
    const find = (name: string): WireSpan => spans.find((span) => span.name === name) ?? assert.fail(name)
    const [root, attempt, rescue] = [find('chat default'), find('attempt'), find('rescue')]
    assert.deepEqual([root.traceId, root.parentSpanId], [traceId, spanId])
    for (const span of [attempt, rescue]) assert.deepEqual([span.traceId, span.parentSpanId], [traceId, root.spanId])
    const facts = valuesOf(root.attributes)
    assert.equal(facts['gen_ai.operation.name'], 'chat')
    assert.equal(facts['gen_ai.request.model'], 'default')
    assert.ok(Number(facts['gen_ai.usage.output_tokens']) >= 35)
    assert.equal(facts['sluice.key.id'], 'local')
    assert.equal(facts['sluice.outcome'], 'completed')
    assert.equal(facts['sluice.usage.estimated'], true)
    assert.equal(valuesOf(attempt.attributes)['error.type'], 'upstream_interrupted')
    assert.equal(attempt.status.code, 2)
    assert.equal(valuesOf(rescue.attributes)['gen_ai.provider.name'], 'sim')
    assert.ok(rescue.events.some(({ name }) => name === 'seam'))
    assert.ok(BigInt(root.startTimeUnixNano) <= BigInt(attempt.startTimeUnixNano))
    assert.ok(BigInt(rescue.endTimeUnixNano) <= BigInt(root.endTimeUnixNano))
    assert.deepEqual(lines, [])
    assert.ok(!JSON.stringify(batches).includes('Tell me a story'), 'no content')
  })

  test('are not sent where nobody says where to, or the SDK is switched off', async () => {
    const fail = (line: string): never => assert.fail(line)
    assert.equal(await startTracing({}, fail), undefined)
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }
    assert.equal(await startTracing({ ...endpoint, OTEL_SDK_DISABLED: 'true' }, fail), undefined)
    assert.equal(await startTracing({ ...endpoint, OTEL_TRACES_EXPORTER: 'none' }, fail), undefined)
  })
})
