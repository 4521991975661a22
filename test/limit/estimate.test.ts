import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { estimateRequestTokens, estimateTokens, quarterTokens } from '../../src/limit/estimate.ts'

describe('token estimates', () => {
  test('count a quarter of a token per Latin letter, a whole one per ideograph and emoji', () => {
    assert.equal(estimateTokens(''), 0)
    assert.equal(estimateTokens('The quick brown fox.'), 5)
    assert.equal(estimateTokens('привет'), 3)
    assert.equal(estimateTokens('人工智能😀'), 5)
  })

  test('of the pieces of a text add up to that of the whole, wherever it is cut', () => {
    const words = fc.array(fc.constantFrom('a', 'é', 'ɏ', 'ɐ', 'я', '⺀', '水', '😀', '\ud83d', '\ude00'), {
      maxLength: 40,
    })
    fc.assert(
      fc.property(words, fc.nat(80), (text, cut) => {
        const whole = text.join('')
        assert.equal(quarterTokens(whole.slice(0, cut)) + quarterTokens(whole.slice(cut)), quarterTokens(whole))
      }),
    )
    const costs = ['a', 'é', 'ɏ', 'ɐ', 'я', '⺀', '水', '😀'].map(quarterTokens)
    assert.deepEqual(costs, [1, 1, 1, 2, 2, 4, 4, 4])
  })

  test('count the messages and the answer that is allowed, for each choice', () => {
    const messages = [
      { role: 'system', content: 'x'.repeat(40) },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'y'.repeat(40) },
          { type: 'image_url', image_url: { url: `data:${'z'.repeat(4_000)}` } },
        ],
      },
      { role: 'assistant', content: null },
    ]
    assert.equal(estimateRequestTokens({ messages, max_tokens: 100, n: 2 }), 220)
    assert.equal(estimateRequestTokens({ messages }), 20 + 1_024)
    assert.equal(estimateRequestTokens({}, 10), 10)
  })
})
