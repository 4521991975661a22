import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { pace, type PaceOptions } from '../../../src/client/text/pace.ts'
import { TestClock } from '../../support/clock.ts'
import { Feed, mixed, pass, settle } from './support.ts'

/** When each character came out, in milliseconds since the start. */
async function timed(
  options: PaceOptions,
  arrivals: readonly { readonly at: number; readonly text: string }[],
  until: number,
): Promise<{ readonly text: string; readonly times: readonly number[]; readonly pieces: readonly string[] }> {
  const clock = new TestClock()
  const start = clock.now()
  const feed = new Feed()
  const times: number[] = []
  const pieces: string[] = []
  const done = (async () => {
    for await (const piece of pace({ ...options, clock })(feed)) {
      pieces.push(piece)
      for (let i = 0; i < piece.length; i++) times.push(clock.now() - start)
    }
  })()
  await settle()
  for (const { at, text } of arrivals) {
    await pass(clock, start + at - clock.now())
    feed.give(text)
  }
  feed.end()
  await pass(clock, Math.max(0, start + until - clock.now()))
  await done
  assert.equal(clock.armed, 0)
  return { text: pieces.join(''), times, pieces }
}

describe('pace', () => {
  test('shows a burst at reading speed', async () => {
    const { times, text } = await timed(
      { charsPerSecond: 20, maxDelay: 10_000 },
      [{ at: 0, text: 'x'.repeat(20) }],
      2_000,
    )
    assert.equal(text.length, 20)
    assert.equal(times[0], 0)
    assert.equal(times[1], 50)
    assert.equal(times.at(-1), 950)
  })

  test('does not delay a source that is slower', async () => {
    const arrivals = Array.from({ length: 10 }, (_, i) => ({ at: i * 200, text: 'x' }))
    const { times } = await timed({ charsPerSecond: 20 }, arrivals, 2_500)
    assert.deepEqual(
      times,
      arrivals.map(({ at }) => at),
    )
  })

  test('shows a burst that is too long evenly, and all of it within maxDelay', async () => {
    const { times } = await timed({ charsPerSecond: 10, maxDelay: 500 }, [{ at: 0, text: 'x'.repeat(1_000) }], 1_000)
    assert.equal(times.length, 1_000)
    assert.ok(Number(times.at(-1)) <= 500)
    const middle = times.filter((time) => time <= 250).length
    assert.ok(middle > 400 && middle < 600, `${middle} characters after half of the time`)
  })

  test('shows whole words', async () => {
    const { times, pieces } = await timed(
      { wordsPerSecond: 10, maxDelay: 5_000 },
      [
        { at: 0, text: 'one two' },
        { at: 10, text: 'fold three four' },
      ],
      2_000,
    )
    assert.deepEqual(pieces, ['one ', 'twofold ', 'three ', 'four'])
    assert.deepEqual([times[0], times[4], times[12], times[18]], [0, 100, 200, 300])
  })

  test('never shows half of a pair, a flag or a family', async () => {
    const text = 'a👍🏽👩‍👩‍👧e\u0301z'
    const { pieces } = await timed({ charsPerSecond: 10, maxDelay: 60_000 }, [{ at: 0, text }], 5_000)
    assert.deepEqual(pieces, ['a', '👍🏽', '👩‍👩‍👧', 'e\u0301', 'z'])
  })

  test('refuses no speed, two speeds and speeds of 0', () => {
    assert.throws(() => pace({}), { name: 'OpenAIError' })
    assert.throws(() => pace({ charsPerSecond: 1, wordsPerSecond: 1 }), { name: 'OpenAIError' })
    assert.throws(() => pace({ charsPerSecond: 0 }), { name: 'OpenAIError' })
  })

  test('loses nothing and delays no character longer than maxDelay, whatever comes when', async () => {
    const arrivals = fc.array(
      fc.tuple(
        fc.nat(120),
        mixed.filter((text) => text !== ''),
      ),
      { maxLength: 6 },
    )
    await fc.assert(
      fc.asyncProperty(
        arrivals,
        fc.integer({ min: 1, max: 2_000 }),
        fc.nat(300),
        async (waits, charsPerSecond, maxDelay) => {
          let at = 0
          const events = waits.map(([wait, text]) => ({ at: (at += wait), text }))
          const { text, times } = await timed({ charsPerSecond, maxDelay }, events, at + maxDelay + 2)
          assert.equal(text, events.map((event) => event.text).join(''))
          const came = events.flatMap((event) => Array.from({ length: event.text.length }, () => event.at))
          // A mark that belongs to the character before may come out with it, never later.
          came.forEach((arrival, i) => assert.ok(Number(times[i]) <= arrival + maxDelay, `character ${i}`))
        },
      ),
      { numRuns: 60 },
    )
  })
})
