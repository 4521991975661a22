import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GrowingText } from '../../src/upstream/growing-text.ts'

test('a text that grew by pieces is its pieces, also where a character was cut in half', () => {
  const piece = fc.string({ unit: fc.constantFrom('a', 'é', '中', '\ud83d', '\udc4d', '\0'), maxLength: 60 })
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = new GrowingText()
      let length = 0
      for (const one of pieces) {
        text.add(one)
        length += one.length
        assert.equal(text.length, length)
      }
      assert.equal(text.toString(), pieces.join(''))
    }),
  )
})
