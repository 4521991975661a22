import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { buffer } from '../../../src/client/text/buffer.ts'
import { jsonObjects } from '../../../src/client/text/json-objects.ts'
import { lines } from '../../../src/client/text/lines.ts'
import { metrics } from '../../../src/client/text/metrics.ts'
import { pace } from '../../../src/client/text/pace.ts'
import { type TextStage, through } from '../../../src/client/text/stage.ts'
import { stopAt } from '../../../src/client/text/stop-at.ts'
import { words } from '../../../src/client/text/words.ts'
import { TestClock } from '../../support/clock.ts'
import { all, collect, Feed, from, settle } from './support.ts'

const STAGES: Readonly<Record<string, (clock: TestClock) => TextStage<unknown>>> = {
  words: () => words(),
  lines: () => lines(),
  stopAt: () => stopAt(['never']),
  jsonObjects: () => jsonObjects(),
  metrics: (clock) => metrics({ clock }),
  buffer: (clock) => buffer({ size: 1, interval: 1_000_000, clock }),
  'pace by characters': (clock) => pace({ charsPerSecond: 1, maxDelay: 0, clock }),
  'pace by words': (clock) => pace({ wordsPerSecond: 1, maxDelay: 0, clock }),
}

for (const [name, create] of Object.entries(STAGES)) {
  describe(`every stage: ${name}`, () => {
    test('does not touch the source before it is read', async () => {
      const source = from(['{"a":1}\n'])
      create(new TestClock())(source)
      await settle()
      assert.equal(source.pulled, 0)
    })

    test('closes the source when its reader breaks off', async () => {
      const source = from(['{"a":1}\n one ', '{"b":2}\n two ', 'three '])
      let taken = 0
      for await (const item of create(new TestClock())(source)) {
        taken += item === undefined ? 0 : 1
        break
      }
      assert.equal(taken, 1)
      assert.equal(source.closed, true)
    })

    test('closes the source at once when its reader leaves while it is waiting', async () => {
      const feed = new Feed()
      const clock = new TestClock()
      const iterator = create(clock)(feed)[Symbol.asyncIterator]()
      const waiting = iterator.next()
      await settle()
      assert.equal((await iterator.return?.())?.done, true)
      assert.equal(feed.closed, true)
      assert.equal((await waiting).done, true)
      assert.equal(clock.armed, 0)
    })

    test('closes the source when its reader leaves before reading', async () => {
      const feed = new Feed()
      const iterator = create(new TestClock())(feed)[Symbol.asyncIterator]()
      await iterator.return?.()
      assert.equal(feed.closed, true)
      assert.equal((await iterator.next()).done, true)
    })

    test("passes the source's failure on, and does not close what has failed", async () => {
      const failure = new Error('cut')
      const source = from([], failure)
      await assert.rejects(all(create(new TestClock())(source)), failure)
      assert.equal(source.closed, false)
    })

    test('gives nothing for an empty source', async () => {
      assert.deepEqual(await all(create(new TestClock())(from([]))), [])
    })
  })
}

describe('through', () => {
  test('puts stages in a row, and closing the last closes the source', async () => {
    const source = from(['one ', 'two ', 'th', 'ree END four', 'five'])
    const clock = new TestClock()
    const meter = metrics({ clock })
    assert.deepEqual(await all(through(source, meter, stopAt(['END']), words(), buffer({ size: 2, clock }))), [
      'one two ',
      'three ',
    ])
    assert.equal(meter.stats().chars, 22)
    assert.equal(source.closed, true)
    assert.equal(clock.armed, 0)
  })

  test('gives the text as it is when there are no stages', async () => {
    assert.deepEqual(await all(through(from(['a', 'b']))), ['a', 'b'])
  })

  test('what is given before a failure is not lost', async () => {
    const clock = new TestClock()
    for (const stage of [buffer({ interval: 0, clock }), pace({ charsPerSecond: 1, maxDelay: 0, clock })]) {
      const { items, done } = collect(stage(from(['one ', 'two'], new Error('cut'))))
      await assert.rejects(done, /cut/)
      assert.equal(items.join(''), 'one two')
    }
  })
})
