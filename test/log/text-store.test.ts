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

describe('texts that have much in common', () => {
  const chunk = (text: string, index = 7): string =>
    `{"id":"chatcmpl-1","object":"chat.completion.chunk","created":${index},"choices":[{"index":0,"delta":{"content":${JSON.stringify(text)}}}]}`

  /** What a chunk without text has before and after it. */
  function endsOf(empty: string): { readonly before: string; readonly after: string } {
    const at = empty.indexOf('""') + 1
    return { before: empty.slice(0, at), after: empty.slice(at) }
  }

  test('take no more where it is told what they have in common', () => {
    const store = new TextStore()
    const around = endsOf(chunk(''))
    assert.equal(store.push(chunk('one'), around), 3)
    assert.equal(store.push(chunk('two')), 3)
    assert.equal(store.push(chunk('three'), around), 5)
    assert.deepEqual(
      [0, 1, 2].map((index) => store.get(index)),
      ['one', 'two', 'three'].map((text) => chunk(text)),
    )
  })

  test('take the bytes of what they have not', () => {
    const store = new TextStore()
    store.push(chunk('one'))
    store.push(chunk('two'))
    assert.equal(store.push(chunk('three')), 5)
    assert.equal(store.push(chunk('жук')), 6)
    assert.equal(store.get(2), chunk('three'))
    assert.equal(store.get(3), chunk('жук'))
  })

  test('come back as they were when what is around them changes, at any character, and some are dropped', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 6 }),
      fc.constantFrom('😀', '😁', '', '"', '\\', 'é'),
    )
    const steps = fc.array(fc.tuple(piece, fc.constantFrom(7, 7, 7, 8, 88), fc.nat(20), fc.boolean()), {
      maxLength: 80,
    })
    const told = new Map([7, 8].map((index) => [index, endsOf(chunk('', index))]))
    fc.assert(
      fc.property(steps, (all) => {
        const store = new TextStore()
        const model: string[] = []
        for (const [text, index, drops, isTold] of all) {
          model.push(index === 88 ? text : chunk(text, index))
          store.push(model.at(-1) ?? '', isTold ? told.get(index) : undefined)
          if (drops === 20) {
            store.drop(1)
            model.shift()
          }
        }
        assert.deepEqual(
          model.map((_, index) => store.get(index)),
          model,
        )
      }),
      { numRuns: 500 },
    )
  })
})
