import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { TextStore } from '../../src/log/text-store.ts'

describe('texts kept outside the heap', () => {
  test('come back as they were, whatever they are and however many were dropped', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.string({ unit: 'binary', maxLength: 50 }),
      // UTF-16 halves that are no characters, which UTF-8 cannot hold.
      fc.constantFrom('\ud800', 'a\udc00b', '', '漢'.repeat(30_000)),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(text, fc.nat(3)), { maxLength: 60 }), (steps) => {
        const store = new TextStore()
        const model: string[] = []
        for (const [one, drops] of steps) {
          store.push(one)
          model.push(one)
          const count = Math.min(drops === 3 ? 2 : 0, model.length)
          if (count > 0) {
            store.drop(count)
            model.splice(0, count)
          }
        }
        store.trim()
        assert.equal(store.length, model.length)
        assert.deepEqual(
          model.map((_, index) => store.get(index)),
          model,
        )
        assert.equal(store.get(model.length), undefined)
      }),
      { numRuns: 500 },
    )
  })

  test('tell the bytes they take, and the bytes that dropping frees', () => {
    const store = new TextStore()
    assert.equal(store.push('abc'), 3)
    assert.equal(store.push('жук'), 6)
    assert.equal(store.drop(1), 3)
    assert.equal(store.drop(1), 6)
  })
})
