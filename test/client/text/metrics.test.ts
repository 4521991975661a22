import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { metrics, TextMeter } from '../../../src/client/text/metrics.ts'
import { TestClock } from '../../support/clock.ts'
import { all, collect, Feed, from, pass } from './support.ts'

describe('metrics', () => {
  test('lets everything through as it is', async () => {
    assert.deepEqual(await all(metrics()(from(['a', '', 'b']))), ['a', '', 'b'])
  })

  test('knows the time to the first piece, rates and waits', async () => {
    const clock = new TestClock()
    const feed = new Feed()
    const meter = metrics({ clock })
    assert.equal(meter.stats().timeToFirstChunk, undefined)
    const { done } = collect(meter(feed))
    await pass(clock, 300)
    for (let i = 0; i < 10; i++) {
      feed.give('word')
      await pass(clock, 50)
    }
    await pass(clock, 200)
    feed.end()
    await done
    clock.advance(5_000)
    const stats = meter.stats()
    assert.equal(stats.timeToFirstChunk, 300)
    assert.equal(stats.totalTime, 1_000)
    assert.equal(stats.chunks, 10)
    assert.equal(stats.chars, 40)
    assert.equal(stats.charsPerSecond, 40)
    assert.equal(stats.chunksPerSecond, 10)
    assert.equal(stats.averageChunkSize, 4)
    assert.deepEqual(stats.recent, { charsPerSecond: 80, chunksPerSecond: 20, tokensPerSecond: 20 })
    assert.equal(stats.interTokenP50, 50)
    assert.equal(stats.ended, true)
  })

  test('counts all pieces, not only those in the window', () => {
    const meter = new TextMeter({ window: 3 })
    meter.start(0)
    for (let i = 1; i <= 50; i++) meter.add('xx', i * 10)
    meter.add('x', 600)
    const stats = meter.stats(600)
    assert.equal(stats.chunks, 51)
    assert.equal(stats.chars, 101)
    assert.equal(stats.interTokenP50, 10)
    assert.equal(stats.interTokenP95, 100)
    assert.equal(stats.recent.chunksPerSecond, 25)
  })

  test('counts stalls, one that is going on included', () => {
    const meter = new TextMeter({ stallAfter: 100 })
    meter.start(0)
    meter.add('a', 500)
    meter.add('b', 600)
    meter.add('c', 701)
    assert.equal(meter.stats(702).stalls, 1)
    assert.equal(meter.stats(702).stalledTime, 101)
    assert.equal(meter.stats(1_000).stalls, 2)
    assert.equal(meter.stats(1_000).stalledTime, 400)
  })

  test("takes the provider's token count over its own", async () => {
    const clock = new TestClock()
    const meter = metrics({ clock, tokens: () => 2 })
    await all(meter(from(['a', 'b'])))
    assert.deepEqual([meter.stats().tokens, meter.stats().tokensEstimated], [4, true])
    meter.settle(3)
    assert.deepEqual([meter.stats().tokens, meter.stats().tokensEstimated], [3, false])
  })

  test('has numbers before anything came', () => {
    const stats = new TextMeter().stats(10)
    assert.equal(stats.totalTime, 0)
    assert.equal(stats.tokensPerSecond, 0)
    assert.equal(stats.interTokenP95, undefined)
  })
})
