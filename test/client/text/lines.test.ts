import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { lines } from '../../../src/client/text/lines.ts'
import { all, cutAt, cutText, from, mixed } from './support.ts'

describe('lines', () => {
  test('gives lines without their ends, and the last one although it has none', async () => {
    assert.deepEqual(await all(lines()(from(['a\nb\r', '\nc\r\rd\n\n', 'e']))), ['a', 'b', 'c', '', 'd', '', 'e'])
  })

  test('gives nothing after a line end', async () => {
    assert.deepEqual(await all(lines()(from(['a\r']))), ['a'])
    assert.deepEqual(await all(lines()(from(['', '']))), [])
  })

  test('gives a line when its LF has come, not later', async () => {
    const iterator = lines()(from(['one\ntw', 'o']))[Symbol.asyncIterator]()
    assert.deepEqual(await iterator.next(), { done: false, value: 'one' })
    await iterator.return?.()
  })

  test('gives the same lines however the text is cut', async () => {
    const text = fc
      .array(fc.constantFrom('\r', '\n', '\r\n', 'a', ' ', 'ж'), { maxLength: 40 })
      .map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(100), { maxLength: 12 }), async (whole, cuts) => {
        const expected = whole.split(/\r\n|\n|\r/)
        if (expected.at(-1) === '') expected.pop()
        assert.deepEqual(await all(lines()(from(cutAt(whole, cuts)))), expected)
      }),
      { numRuns: 500 },
    )
  })

  test('gives lines that join to the text when they keep their ends', async () => {
    await fc.assert(
      fc.asyncProperty(cutText(mixed), async (pieces) => {
        const given = await all(lines({ keepEnds: true })(from(pieces)))
        assert.equal(given.join(''), pieces.join(''))
        assert.ok(given.slice(0, -1).every((line) => /[\r\n]$/.test(line)))
      }),
    )
  })
})
