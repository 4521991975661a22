import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { History } from '../../src/gateway/history.ts'
import { Slot } from '../../src/gateway/history-slot.ts'
import { GAP_BUCKETS, type StreamMeasure } from '../../src/gateway/meter.ts'
import { journeyOf } from '../../src/gateway/timeline-facts.ts'
import type { UsageRow } from '../../src/ledger/usage.ts'
import { SluiceError } from '../../src/errors.ts'
import { TestClock } from '../support/clock.ts'

function measure(of: Partial<StreamMeasure> = {}): StreamMeasure {
  return {
    timeline: [{ at: 0, type: 'attempt', provider: 'east' }],
    ttft: 100,
    longestGap: 0,
    gaps: Array.from<number>({ length: GAP_BUCKETS }).fill(0),
    chunks: 1,
    tries: [],
    duration: 1_000,
    usage: undefined,
    outcome: { status: 'completed' },
    error: undefined,
    ...of,
  }
}

function row(of: Partial<UsageRow> = {}): UsageRow {
  return {
    stream: 'st_a',
    createdAt: 1,
    owner: 'key_a',
    model: 'm',
    provider: 'east',
    targetModel: 'm',
    charged: 1,
    unpriced: 0,
    promptTokens: 10,
    cachedTokens: 0,
    completionTokens: 20,
    reasoningTokens: 0,
    nanoDollars: 1_000,
    priceSource: 'config',
    estimated: false,
    outcome: 'completed',
    ttft: 1,
    duration: 2,
    ...of,
  }
}

describe('the last hour and day', () => {
  test('hold percentiles that are within 5 % of those of a sort', () => {
    const slot = new Slot(0)
    const values = Array.from({ length: 2_000 }, (_, i) => 3 + ((i * 7919) % 2_000) ** 1.7 / 50)
    for (const ttft of values) slot.stream(measure({ ttft }))
    const sorted = values.toSorted((a, b) => a - b)
    for (const [name, share] of [
      ['p50', 0.5],
      ['p95', 0.95],
      ['p99', 0.99],
    ] as const) {
      const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0
      const told = slot.ttft?.[name] ?? 0
      assert.ok(Math.abs(told - exact) / exact < 0.05, `${name}: ${told}, exactly ${exact}`)
    }
    assert.equal(slot.ttft?.count, 2_000)
    assert.equal(slot.gaps, undefined)
  })

  test('count a gap within the bucket that it fell into', () => {
    const slot = new Slot(0)
    const gaps = Array.from<number>({ length: GAP_BUCKETS }).fill(0)
    gaps[4] = 100
    slot.stream(measure({ gaps }))
    const { p50 = 0, p99 = 0 } = slot.gaps ?? {}
    assert.ok(p50 >= 8 && p50 <= 16 && p99 > p50 && p99 <= 16)
  })

  test('count tries, failures and rescues by provider, and a caller who leaves as nobody’s failure', () => {
    const slot = new Slot(0)
    slot.stream(
      measure({
        timeline: [
          { at: 0, type: 'attempt', provider: 'east' },
          { at: 5, type: 'failed', code: 'upstream_interrupted' },
          { at: 5, type: 'attempt', provider: 'west', mode: 'prefill' },
          { at: 9, type: 'seam', mode: 'prefill', overlap: 0 },
        ],
      }),
    )
    slot.stream(measure({ outcome: { status: 'cancelled' }, error: new SluiceError('cancelled', 'left') }))
    const [east, west] = ['east', 'west'].map((name) => slot.providers.get(name))
    assert.deepEqual([east?.attempts, east?.failed, east?.rescues], [2, 1, 0])
    assert.deepEqual([...(east?.codes ?? [])], [['upstream_interrupted', 1]])
    assert.deepEqual([west?.attempts, west?.failed, west?.rescues, west?.rescued], [1, 0, 1, 1])
    assert.deepEqual(slot.outcomes, { completed: 1, failed: 0, cancelled: 1 })
    assert.equal(slot.rescued, 1)
  })

  test('forget what is older, and do not grow with traffic or with names that callers make up', () => {
    const clock = new TestClock()
    const history = new History(clock)
    for (let minute = 0; minute < 200; minute++) {
      history.stream(measure())
      history.charged(row())
      clock.advance(60_000)
    }
    assert.ok(history.slots('hour').length <= 60)
    assert.ok(history.slots('day').length <= 96)
    assert.equal(
      history.slots('day').reduce((sum, slot) => sum + slot.outcomes.completed, 0),
      200,
    )
    clock.advance(25 * 3_600_000)
    assert.deepEqual([history.slots('hour'), history.slots('day')], [[], []])
    for (let i = 0; i < 1_000; i++) history.charged(row({ model: `made up ${i}` }))
    const [slot] = history.slots('hour')
    assert.ok((slot?.used.size ?? 0) <= 201)
    assert.equal(
      [...(slot?.used.values() ?? [])].reduce((sum, { streams }) => sum + streams, 0),
      1_000,
    )
  })

  test('merge to what one slot would have counted', () => {
    const [one, two, both] = [new Slot(0), new Slot(1), new Slot(2)]
    for (const [i, ttft] of [5, 50, 500, 5_000].entries()) {
      const each = i < 2 ? one : two
      each.stream(measure({ ttft }))
      both.stream(measure({ ttft }))
    }
    one.merge(two)
    assert.deepEqual([one.ttft, one.outcomes, one.providers], [both.ttft, both.outcomes, both.providers])
  })
})

describe('what a timeline says of a stream', () => {
  test('follows it from its start to its rescue', () => {
    const timeline = [
      { at: 0, type: 'attempt', provider: 'east', model: 'm' },
      { at: 3, type: 'opened', status: 200 },
      { at: 9, type: 'first_token' },
      { at: 20, type: 'failed', code: 'upstream_reset' },
      { at: 20, type: 'attempt', provider: 'west', mode: 'prefill' },
      { at: 22, type: 'opened', status: 200 },
      { at: 30, type: 'seam', mode: 'prefill', overlap: 0 },
      { at: 60, type: 'ended', outcome: 'completed' },
    ]
    const states = timeline.map((_, i) => journeyOf(timeline.slice(0, i + 1), i >= 2).state)
    assert.deepEqual(states.slice(0, 7), [
      'connecting',
      'waiting',
      'streaming',
      'rescuing',
      'rescuing',
      'rescuing',
      'streaming',
    ])
    assert.equal(journeyOf([], false).state, 'starting')
    assert.equal(journeyOf(timeline.slice(0, 4), false).state, 'retrying')
    const { provider, targetModel, attempts, isRescued, ttft, duration } = journeyOf(timeline, true)
    assert.deepEqual([provider, targetModel, attempts, isRescued, ttft, duration], ['west', null, 2, true, 9, 60])
  })
})
