import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { didYouMean, suggest } from '../../src/config/suggest.ts'

describe('a suggestion', () => {
  const keys = ['providers', 'models', 'passthrough', 'server', 'log']
  const cases: readonly (readonly [word: string, guess: string | undefined])[] = [
    ['provider', 'providers'],
    ['Models', 'models'],
    ['modles', 'models'],
    ['sevrer', 'server'],
    ['passthru', undefined],
    ['lgo', 'log'],
    ['x', undefined],
    ['sim', undefined],
    ['', undefined],
    ['m'.repeat(100_000), undefined],
  ]
  for (const [word, guess] of cases) {
    test(`for ${word.slice(0, 20)} is ${guess ?? 'none'}`, () => assert.equal(suggest(word, keys), guess))
  }

  test('is the word itself when it is there, and never further than two slips away', () => {
    const word = fc.stringMatching(/^[a-z]{3,12}$/)
    fc.assert(
      fc.property(word, fc.array(word), fc.nat(11), (right, others, at) => {
        assert.equal(suggest(right, [...others, right]), right)
        const slipped = right.slice(0, at) + right.slice(at + 1)
        if (slipped.length > 1) assert.notEqual(suggest(slipped, [right]), undefined)
      }),
    )
  })

  test('is put behind a message, or nothing is', () => {
    assert.equal(didYouMean('lgo', keys), '; did you mean "log"?')
    assert.equal(didYouMean('quite different', keys), '')
  })
})
