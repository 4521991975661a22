import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createMetrics } from '../../src/gateway/metrics.ts'
import type { StreamMeasure } from '../../src/gateway/meter.ts'
import { plainProvider, route, startRig, target } from '../support/gateway.ts'
import { chargeWhenFinal } from '../support/usage.ts'

const measure: StreamMeasure = {
  timeline: [],
  ttft: 10,
  longestGap: 5,
  gaps: [0, 3, 2, 0, 1],
  chunks: 7,
  tries: [],
  duration: 30,
  usage: undefined,
  outcome: { status: 'completed' },
  error: undefined,
}

describe('metrics', () => {
  test('give a name that callers choose no label of its own before an answer under it has completed', () => {
    const metrics = createMetrics((model) => model === 'default')
    const failed = { ...measure, outcome: { status: 'failed' } } as const
    for (let i = 0; i < 5_000; i++) metrics.stream(`made-up-${i}`, failed)
    for (let i = 0; i < 5_000; i++) metrics.cache(`made-up-${i}`, 'miss')
    metrics.stream('default', failed)
    const text = metrics.text()
    const models = new Set([...text.matchAll(/model="([^"]*)"/g)].map(([, model]) => model))
    assert.deepEqual(models, new Set(['other', 'default']))
  })

  test('give a hundred such names a label, and no more', () => {
    const metrics = createMetrics(() => false)
    for (let i = 0; i < 1_000; i++) metrics.stream(`real-${i}`, measure)
    const text = metrics.text()
    const models = new Set([...text.matchAll(/model="([^"]*)"/g)].map(([, model]) => model))
    assert.equal(models.size, 101)
  })

  test('fold the times between tokens of a stream into a histogram whose buckets grow', () => {
    const metrics = createMetrics()
    metrics.stream('a"b\\c', measure)
    metrics.stream('a"b\\c', measure)
    const text = metrics.text()
    const label = String.raw`gen_ai_request_model="a\"b\\c"`
    const bucket = (le: string): number =>
      Number(text.split(`sluice_inter_token_seconds_bucket{${label},le="${le}"} `)[1]?.split('\n')[0])
    assert.deepEqual(['0.001', '0.002', '0.004', '0.008', '0.016', '+Inf'].map(bucket), [0, 6, 10, 10, 12, 12])
    assert.ok(text.includes(`sluice_inter_token_seconds_count{${label}} 12\n`))
    assert.ok(text.includes(`sluice_inter_token_seconds_sum{${label}} 0.04\n`))
  })

  test('of a gateway tell of a rescue, its seam, its tokens and its cost', async () => {
    await using rig = await startRig({
      config: ({ url }) => {
        const provider = plainProvider(url, { continuation: 'continue_final_message' })
        const good = 'sim:tokens=40,interval=5ms,first=0ms'
        const targets = [target(provider, `${good},fault=cut@20`), target(provider, good)]
        return {
          routes: new Map([['default', route('default', targets)]]),
          prices: { models: {}, providers: new Map([['sim', { '*': { input: 1, output: 1 } }]]) },
        }
      },
    })
    const charge = await chargeWhenFinal(rig, 'default')
    const text = await (await fetch(`${rig.server.url}/metrics`)).text()
    const value = (sample: string): number => Number(text.split(`\n${sample} `)[1]?.split('\n')[0])
    assert.equal(value('sluice_attempts_total{provider="sim",result="upstream_interrupted"}'), 1)
    assert.equal(value('sluice_rescues_total{provider="sim",mode="prefill",result="ok"}'), 1)
    assert.equal(value('sluice_seams_total{mode="prefill"}'), 1)
    assert.equal(value('sluice_tokens_total{model="default",provider="sim",type="output"}'), charge.completion_tokens)
    assert.equal(value('sluice_cost_dollars_total{model="default",provider="sim"}'), charge.cost)
    assert.equal(value('sluice_estimated_streams_total{model="default",provider="sim"}'), 1)
    assert.equal(value('gen_ai_server_time_to_first_token_seconds_count{gen_ai_request_model="default"}'), 1)
    assert.ok(value('sluice_inter_token_seconds_count{gen_ai_request_model="default"}') > 0)
    assert.ok(value('sluice_event_loop_delay_seconds{quantile="0.99"}') >= 0)
    assert.ok(value('process_resident_memory_bytes') > 1e6)
  })
})
