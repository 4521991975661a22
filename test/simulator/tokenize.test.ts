import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { countTokens, stretch, tokenize } from '../../src/simulator/text/tokenize.ts'

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Where one visible character ends and the next begins. */
function boundaries(text: string): ReadonlySet<number> {
  return new Set([...Array.from(graphemes.segment(text), (part) => part.index), text.length])
}

function neverInside(text: string, tokens: readonly string[]): void {
  const edges = boundaries(text)
  let at = 0
  for (const token of tokens) {
    assert.notEqual(token, '')
    at += token.length
    assert.ok(edges.has(at), `${JSON.stringify(token)} ends inside a character`)
  }
  assert.equal(at, text.length)
}

const anyText = fc.string({ unit: 'grapheme', maxLength: 80 })
const TRICKY = 'e\u0301 👩‍👩‍👧‍👦🏳️‍🌈 ก็ 한글 नमस्ते \r\n\r\n  a\u200db Việt Nam 🇩🇪🇯🇵 1️⃣ «да» x'

describe('tokens', () => {
  test('give the text back when joined, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.string({ unit: 'binary' })), (text) =>
        assert.equal(tokenize(text).join(''), text),
      ),
    )
  })

  test('never end inside a visible character', () => {
    fc.assert(
      fc.property(anyText, (text) => neverInside(text, tokenize(text))),
      { numRuns: 500 },
    )
    neverInside(TRICKY, tokenize(TRICKY))
  })

  test('are at most six characters in Latin and Cyrillic, space included, and one or two in Chinese', () => {
    for (const token of tokenize('Incomprehensibilities, непредсказуемость — everywhere.'))
      assert.ok(token.length <= 6, token)
    for (const token of tokenize('量子计算机的原理与应用')) assert.ok(token.length <= 2, token)
  })

  test('keep the space before a word with it', () => {
    assert.deepEqual(tokenize('Hello big world'), ['Hello', ' big', ' world'])
  })

  test('stretch reaches the count and keeps the text', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 30 }), (count) => {
        const tokens = tokenize('The keeper lit the lamp 👩‍🚀 twice')
        const out = stretch(tokens, count)
        assert.equal(out.join(''), tokens.join(''))
        assert.equal(out.length, Math.max(tokens.length, Math.min(count, out.length)))
        neverInside(out.join(''), out)
      }),
    )
    assert.equal(stretch(['word', 'word'], 5).length, 5)
  })

  test('of very long texts are counted by a sample', () => {
    const text = 'lighthouse '.repeat(400_000)
    const started = performance.now()
    const count = countTokens(text)
    assert.ok(performance.now() - started < 500)
    assert.ok(Math.abs(count / tokenize('lighthouse '.repeat(1_000)).length - 400) < 1)
  })
})
