import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { PartialJson, partialJson } from '../../src/completion/partial-json.ts'

/** Whether a value may become another by growing. */
function isPrefix(part: unknown, whole: unknown): boolean {
  if (part === undefined) return true
  if (typeof part === 'string') return typeof whole === 'string' && whole.startsWith(part)
  if (typeof part !== 'object' || part === null) return Object.is(part, whole)
  if (typeof whole !== 'object' || whole === null || Array.isArray(part) !== Array.isArray(whole)) return false
  const keys = Object.keys(part)
  return keys.every((key) => Object.hasOwn(whole, key) && isPrefix(Reflect.get(part, key), Reflect.get(whole, key)))
}

const spaces = fc.constantFrom(0, 2, '\t')
const documents: fc.Arbitrary<string> = fc
  .tuple(fc.oneof(fc.jsonValue({ stringUnit: 'binary' }), fc.object({ maxDepth: 4, withNullPrototype: true })), spaces)
  .map(([value, space]) => JSON.stringify(value, undefined, space) ?? 'null')

describe('partialJson', () => {
  test('gives what there is of an unfinished value', () => {
    const cases: readonly (readonly [string, unknown])[] = [
      ['', undefined],
      ['  ', undefined],
      ['{', {}],
      ['{"a', {}],
      ['{"a"', {}],
      ['{"a":', {}],
      ['{"a":"', { a: '' }],
      ['{"a":"x', { a: 'x' }],
      ['{"a":"x\\', { a: 'x' }],
      ['{"a":"x\\u00', { a: 'x' }],
      ['{"a":"x\\u00e9', { a: 'xé' }],
      ['{"a":"x\\ud83d', { a: 'x' }],
      ['{"a":"x\\ud83d\\ude00', { a: 'x😀' }],
      ['{"a":1', {}],
      ['{"a":1,', { a: 1 }],
      ['{"a":1.5e3}', { a: 1500 }],
      ['{"a":tru', {}],
      ['{"a":true', {}],
      ['[true,null ', [true, null]],
      ['[1,[2,{"b":"c', [1, [2, { b: 'c' }]]],
      ['"text', 'text'],
    ]
    for (const [text, value] of cases) assert.deepEqual(partialJson(text), value, text)
  })

  test('gives a prefix of the final value for every prefix of a document', () => {
    fc.assert(
      fc.property(documents, (document) => {
        const whole: unknown = JSON.parse(document)
        for (let end = 0; end <= document.length; end++) {
          assert.ok(isPrefix(partialJson(document.slice(0, end)), whole), document.slice(0, end))
        }
      }),
      { numRuns: 60 },
    )
  })

  test('never takes back what it gave', () => {
    fc.assert(
      fc.property(documents, (document) => {
        const reader = new PartialJson()
        let before = reader.snapshot()
        for (const character of document.split('')) {
          reader.push(character)
          const now = reader.snapshot()
          assert.ok(isPrefix(before, now), document)
          before = now
        }
      }),
    )
  })

  test('gives what JSON.parse gives for a whole document, however it is cut', () => {
    fc.assert(
      fc.property(documents, fc.array(fc.nat(300), { maxLength: 10 }), (document, cuts) => {
        const reader = new PartialJson()
        let from = 0
        for (const cut of cuts.map((place) => place % (document.length + 1)).toSorted((a, b) => a - b)) {
          reader.push(document.slice(from, cut))
          from = cut
        }
        // The space ends a number that stands alone.
        reader.push(`${document.slice(from)} `)
        assert.equal(reader.state, 'complete')
        assert.deepEqual(reader.value, JSON.parse(document))
      }),
      { numRuns: 500 },
    )
  })

  test('takes exactly what JSON.parse takes', () => {
    const noise = fc
      .array(
        fc.constantFrom(
          '{',
          '}',
          '[',
          ']',
          '"',
          'a',
          ':',
          ',',
          '-',
          '0',
          '1',
          '.',
          'e',
          '+',
          ' ',
          '\\',
          'u',
          '\n',
          'true',
          'null',
          '"a":',
        ),
        { maxLength: 8 },
      )
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(noise, (text) => {
        let valid = true
        try {
          JSON.parse(text)
        } catch {
          valid = false
        }
        const reader = new PartialJson()
        const end = reader.push(`${text} `)
        assert.equal(reader.state === 'complete' && text.slice(end).trim() === '', valid, text)
      }),
      { numRuns: 20_000 },
    )
  })

  test('says where it stopped', () => {
    const reader = new PartialJson()
    assert.equal(reader.push('{"a":1} and text'), 7)
    assert.equal(reader.state, 'complete')
    const wrong = new PartialJson()
    assert.equal(wrong.push('xx{"a":oops}', 2), 7)
    assert.equal(wrong.state, 'invalid')
    assert.equal(wrong.push('more'), 0)
    assert.deepEqual(wrong.value, {})
  })

  test('keeps __proto__ as a member and reaches no prototype', () => {
    const value = partialJson('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1')
    assert.deepEqual(Object.keys(Object(value)), ['__proto__', 'constructor'])
    assert.equal(Object.getPrototypeOf(value), Object.prototype)
    assert.equal(Reflect.get({}, 'polluted'), undefined)
    const reader = new PartialJson()
    reader.push('{"__proto__":{"polluted":1}}')
    assert.deepEqual(reader.snapshot(), JSON.parse('{"__proto__":{"polluted":1}}'))
  })

  test('refuses nesting that is too deep, and survives it', () => {
    const reader = new PartialJson()
    reader.push('['.repeat(100_000))
    assert.equal(reader.state, 'invalid')
    assert.deepEqual(partialJson('[[[[1,', { depth: 3 }), [[[]]])
  })

  test('costs in proportion to the text when it comes in small pieces', () => {
    const cost = (count: number): number => {
      const reader = new PartialJson()
      const started = performance.now()
      reader.push('{"text":"')
      for (let i = 0; i < count; i++) reader.push('word ')
      reader.push('","list":[')
      for (let i = 0; i < count; i++) reader.push('{"a":1},')
      return performance.now() - started
    }
    cost(20_000)
    const small = Math.min(cost(5_000), cost(5_000), cost(5_000))
    const large = Math.min(cost(50_000), cost(50_000))
    assert.ok(large < small * 30 + 5, `${small.toFixed(1)} ms for 5,000, ${large.toFixed(1)} ms for 50,000`)
  })
})
