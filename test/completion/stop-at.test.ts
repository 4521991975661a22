import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { StopAt } from '../../src/completion/stop-at.ts'

function run(
  pieces: readonly string[],
  sequences: readonly string[],
  after = '',
): readonly [string, string | undefined] {
  const stop = new StopAt(sequences, { after })
  const shown = pieces.map((piece) => stop.push(piece)).join('') + stop.end()
  return [shown, stop.sequence]
}

describe('StopAt', () => {
  test('ends the text before the sequence, wherever the pieces are cut', () => {
    const text = 'раз, два КОНЕЦ три'
    for (let cut = 0; cut <= text.length; cut++) {
      assert.deepEqual(run([text.slice(0, cut), text.slice(cut)], ['END', 'КОНЕЦ']), ['раз, два ', 'КОНЕЦ'])
    }
  })

  test('holds back only what a sequence may begin with', () => {
    const stop = new StopAt(['\n\n'])
    assert.equal(stop.push('a\n'), 'a')
    assert.equal(stop.push('b'), '\nb')
    assert.equal(stop.push('c'), 'c')
  })

  test('gives what it held back when the text ends', () =>
    assert.deepEqual(run(['ab E', 'N'], ['END']), ['ab EN', undefined]))

  test('finds a sequence that began in the text before a seam, and shows nothing of its rest', () => {
    assert.deepEqual(run(['D and more'], ['END'], 'one EN'), ['', 'END'])
    assert.deepEqual(run(['ND'], ['END'], 'one END two E'), ['', 'END'])
  })

  test('does not stop at a sequence that lies wholly before the seam', () => {
    assert.deepEqual(run([' goes on'], ['END'], 'one END'), [' goes on', undefined])
  })

  test('takes the sequence that begins first', () => assert.deepEqual(run(['a}b]c'], [']', '}']), ['a', '}']))

  test('ignores empty sequences', () => assert.deepEqual(run(['abc'], ['']), ['abc', undefined]))

  test('shows the same as a search of the whole text, for any pieces and sequences', () => {
    const small = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '👍'), maxLength: 4 })
    fc.assert(
      fc.property(fc.array(small), fc.array(small, { minLength: 1, maxLength: 3 }), (pieces, sequences) => {
        const text = pieces.join('')
        const places = sequences.filter((each) => each !== '').map((each) => text.indexOf(each))
        const first = Math.min(...places.filter((at) => at !== -1), text.length)
        // What ends first is found first; it may begin after a longer one that is still open.
        const [shown, sequence] = run(pieces, sequences)
        assert.ok(text.startsWith(shown))
        assert.equal(
          sequence === undefined,
          places.every((at) => at === -1),
        )
        if (sequence === undefined) assert.equal(shown, text)
        else assert.ok(shown.length >= first && text.startsWith(sequence, shown.length))
      }),
      { numRuns: 1000 },
    )
  })
})
