import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import type { TimelineEvent } from '../../src/log/stream-log.ts'
import { createMetrics, type Metrics } from '../../src/gateway/metrics.ts'
import { GAP_BUCKETS, type StreamMeasure } from '../../src/gateway/meter.ts'
import type { UsageRow } from '../../src/ledger/usage.ts'
import { SluiceError } from '../../src/errors.ts'

const textOf = (name: string): string => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')

function measure(of: Partial<StreamMeasure>): StreamMeasure {
  const gaps = Array.from({ length: GAP_BUCKETS }, (_, i) => (i * 5) % 3)
  const outcome = { status: 'completed' } as const
  const none = { tries: [], usage: undefined, error: undefined }
  return { timeline: [], ttft: 12.3, longestGap: 5, gaps, chunks: 7, duration: 345.6, outcome, ...none, ...of }
}

function row(of: Partial<UsageRow>): UsageRow {
  const tokens = { promptTokens: 9, cachedTokens: 0, completionTokens: 10, reasoningTokens: 0 }
  const cost = { charged: 1, unpriced: 0, nanoDollars: 123_457, priceSource: 'config', estimated: false }
  const names = { stream: 'st_1', createdAt: 1, owner: 'local', model: 'plain', provider: 'east', targetModel: 'm' }
  return { ...names, ...tokens, ...cost, outcome: 'completed', ttft: 12.3, duration: 345.6, ...of }
}

const attempt = (provider: string, mode?: string): TimelineEvent => ({
  at: 0,
  type: 'attempt',
  provider,
  ...(mode === undefined ? {} : { mode }),
})
const failed = (code: string): TimelineEvent => ({ at: 1, type: 'failed', code })

/** Streams of every kind that a gateway has, in an order in which each series is first met at another place. */
function stream(metrics: Metrics): void {
  const reset = new SluiceError('upstream_reset', 'gone')
  const left = new SluiceError('cancelled', 'left')
  const failure = { outcome: { status: 'failed' }, ttft: undefined, chunks: 0, error: reset } as const
  metrics.stream('plain', measure({ timeline: [attempt('east')] }))
  metrics.stream('made up', measure({ ...failure, timeline: [attempt('west')] }))
  metrics.stream('proven', measure({ timeline: [attempt('west')], ttft: 0, duration: 0 }))
  metrics.stream('proven', measure({ ...failure, timeline: [attempt('west'), failed('upstream_reset')] }))
  const rescued = [attempt('east'), failed('upstream_interrupted'), attempt('west', 'prefill')]
  const seam = { at: 2, type: 'seam', mode: 'prefill', overlap: 3 }
  metrics.stream('plain', measure({ timeline: [...rescued, seam], ttft: 0.5, duration: 1_000 / 3 }))
  metrics.stream('plain', measure({ ...failure, timeline: [...rescued, failed('provider_error')] }))
  const cancelled = { outcome: { status: 'cancelled' }, error: left } as const
  metrics.stream('a"b\\c\nd', measure({ ...cancelled, timeline: [attempt('no"rth')], duration: 2_000_000 }))
  metrics.stream('plain', measure({ ...cancelled, timeline: [attempt('east')], ttft: undefined }))
  const times = [1, 5, 10.000001, 20, 40, 100, 1_000, 29_999.5, 120_000, 120_001]
  for (const ms of times) metrics.stream('plain', measure({ timeline: [attempt('east')], ttft: ms, duration: ms * 3 }))
  metrics.stream('plain', measure({ timeline: [attempt('east'), attempt('west')] }))
  metrics.stream('plain', measure({ timeline: [failed('internal')] }))
}

function charge(metrics: Metrics): void {
  metrics.charged(row({}))
  metrics.charged(row({ nanoDollars: 1, cachedTokens: 4, reasoningTokens: 3 }))
  metrics.charged(row({ provider: 'west', unpriced: 1, nanoDollars: 0, estimated: true }))
  metrics.charged(row({ model: 'nobody knows it', outcome: 'failed', ttft: null, promptTokens: 0 }))
  metrics.charged(row({ model: 'proven', provider: 'no"rth', completionTokens: 2, duration: 12_345.678 }))
  metrics.charged(row({ completionTokens: 1 }))
  metrics.charged(row({ completionTokens: 3_333, nanoDollars: 999_999_999_999 }))
  metrics.charged(row({ provider: 'cache', promptTokens: 0, completionTokens: 0, nanoDollars: 0, ttft: null }))
}

describe('the text of the metrics', () => {
  test('is there, empty, before anything has happened', () => {
    assert.equal(createMetrics().text(), textOf('metrics-empty.txt'))
  })

  test('of a given sequence of streams is the same to the last digit', () => {
    const metrics = createMetrics((model) => model === 'plain' || model.startsWith('a"'))
    metrics.gauge('sluice_streams_open', 'Streams being produced now', () => 3)
    metrics.gauges('sluice_breaker_open', 'Targets that are left out now', 'target', () => [
      ['e/m"', 1],
      ['w/m', 0.25],
    ])
    stream(metrics)
    charge(metrics)
    for (const result of ['hit', 'miss', 'hit']) metrics.cache('plain', result)
    metrics.cache('made up', 'bypass')
    metrics.refused('key', 'tokens')
    metrics.refused('model', 'requests')
    metrics.refused('key', 'tokens')
    for (const ms of [0, 5, 5.1, 90_000, 400_000]) metrics.waited(ms)
    assert.equal(metrics.text(), textOf('metrics-streams.txt'))
    stream(metrics)
    charge(metrics)
    assert.equal(metrics.text(), textOf('metrics-streams-twice.txt'))
  })
})
