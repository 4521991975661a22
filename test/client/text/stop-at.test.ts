import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { stopAt } from '../../../src/client/text/stop-at.ts'
import { all, cutAt, from } from './support.ts'

describe('stopAt', () => {
  test('ends the text before a sequence that is cut in pieces, and closes the source', async () => {
    const source = from(['раз, два КО', 'НЕ', 'Ц три', 'четыре'])
    const stops: string[] = []
    const given = await all(stopAt(['END', 'КОНЕЦ'], { onStop: (sequence) => stops.push(sequence) })(source))
    assert.equal(given.join(''), 'раз, два ')
    assert.deepEqual(stops, ['КОНЕЦ'])
    assert.equal(source.pulled, 3)
    assert.equal(source.closed, true)
  })

  test('gives everything when no sequence comes, what could have been one included', async () => {
    const source = from(['one EN', ' two E', 'N'])
    assert.equal((await all(stopAt('END')(source))).join(''), 'one EN two EN')
    assert.equal(source.closed, false)
  })

  test('holds back no more than could become a sequence', async () => {
    assert.deepEqual(await all(stopAt(['END'])(from(['one E', 'x', 'two']))), ['one ', 'Ex', 'two'])
  })

  test('refuses an empty sequence and none', () => {
    assert.throws(() => stopAt([]), { name: 'OpenAIError' })
    assert.throws(() => stopAt(['END', '']), { name: 'OpenAIError' })
  })

  test('gives what stands before the first occurrence of one sequence, however the text is cut', async () => {
    const small = (max: number): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: max })
    await fc.assert(
      fc.asyncProperty(small(60), small(5), fc.array(fc.nat(100), { maxLength: 10 }), async (text, sequence, cuts) => {
        const at = text.indexOf(sequence)
        const given = await all(stopAt([sequence])(from(cutAt(text, cuts))))
        assert.equal(given.join(''), at === -1 ? text : text.slice(0, at))
      }),
      { numRuns: 1_000 },
    )
  })

  test('gives the same text for several sequences however it is cut', async () => {
    const small = (max: number): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: max })
    await fc.assert(
      fc.asyncProperty(
        small(60),
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 }), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.array(fc.nat(100), { maxLength: 10 }),
        async (text, sequences, cuts) => {
          const whole = await all(stopAt(sequences)(from([text])))
          assert.equal((await all(stopAt(sequences)(from(cutAt(text, cuts))))).join(''), whole.join(''))
        },
      ),
      { numRuns: 1_000 },
    )
  })
})
