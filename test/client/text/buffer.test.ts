import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { buffer } from '../../../src/client/text/buffer.ts'
import { TestClock } from '../../support/clock.ts'
import { all, collect, cutText, Feed, from, mixed, pass, settle } from './support.ts'

describe('buffer', () => {
  test('gives every `size` pieces together, and the rest at the end', async () => {
    const pieces = Array.from({ length: 25 }, (_, i) => `${i},`)
    const given = await all(buffer({ size: 10, interval: 100, clock: new TestClock() })(from(pieces)))
    assert.deepEqual(
      given.map((piece) => piece.split(',').length - 1),
      [10, 10, 5],
    )
    assert.equal(given.join(''), pieces.join(''))
  })

  test('gives fewer when `interval` has passed since the first of them', async () => {
    const clock = new TestClock()
    const feed = new Feed()
    const { items, done } = collect(buffer({ size: 10, interval: 100, clock })(feed))
    await pass(clock, 50)
    feed.give('a')
    await pass(clock, 60)
    feed.give('b')
    await pass(clock, 39)
    assert.deepEqual(items, [])
    await pass(clock, 1)
    assert.deepEqual(items, ['ab'])
    feed.give('c')
    feed.end()
    await done
    assert.deepEqual(items, ['ab', 'c'])
    assert.equal(clock.armed, 0)
  })

  test('gives the first piece after a silence at once when leading, and no more than one per interval then', async () => {
    const clock = new TestClock()
    const feed = new Feed()
    const { items, done } = collect(buffer({ interval: 200, leading: true, clock })(feed))
    await settle()
    feed.give('a')
    await settle()
    assert.deepEqual(items, ['a'])
    feed.give('b')
    await pass(clock, 100)
    feed.give('c')
    await pass(clock, 99)
    assert.deepEqual(items, ['a'])
    await pass(clock, 1)
    assert.deepEqual(items, ['a', 'bc'])
    await pass(clock, 500)
    feed.give('d')
    await settle()
    assert.deepEqual(items, ['a', 'bc', 'd'])
    feed.end()
    await done
  })

  test('reads ahead of a slow reader only so far', async () => {
    const source = from(Array.from({ length: 1_000 }, () => 'x'.repeat(1_000)))
    const iterator = buffer({ size: 1, clock: new TestClock() })(source)[Symbol.asyncIterator]()
    await iterator.next()
    for (let i = 0; i < 300; i++) await settle()
    assert.ok(source.pulled < 200, `${source.pulled} pieces were read`)
    await iterator.return?.()
    assert.equal(source.closed, true)
  })

  test('gives pieces that join to the text', async () => {
    await fc.assert(
      fc.asyncProperty(cutText(mixed), fc.integer({ min: 1, max: 5 }), async (pieces, size) => {
        const given = await all(buffer({ size, clock: new TestClock() })(from(pieces)))
        assert.equal(given.join(''), pieces.join(''))
      }),
    )
  })
})
