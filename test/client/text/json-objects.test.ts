import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { jsonObjects } from '../../../src/client/text/json-objects.ts'
import { all, cutAt, from } from './support.ts'

describe('jsonObjects', () => {
  test('finds the values between prose and code fences', async () => {
    const text =
      'Sure! Here it is:\n```json\n{"a": [1, {"b": "}"}]}\n```\nand {not this}, but [2] and {{"c":"\\u0041"}}.'
    assert.deepEqual(await all(jsonObjects()(from([text]))), [{ a: [1, { b: '}' }] }, [2], { c: 'A' }])
  })

  test('gives a value as soon as it is complete', async () => {
    const source = from(['{"a":1}', 'more text'])
    const iterator = jsonObjects()(source)[Symbol.asyncIterator]()
    assert.deepEqual((await iterator.next()).value, { a: 1 })
    assert.equal(source.pulled, 1)
    await iterator.return?.()
    assert.equal(source.closed, true)
  })

  test('gives the objects of an array one by one when arrays do not count', async () => {
    const text = 'See [1]: [{"a":1},{"b":[{"c":2}]}'
    assert.deepEqual(await all(jsonObjects({ arrays: false })(from([text]))), [{ a: 1 }, { b: [{ c: 2 }] }])
  })

  test('gives nothing of a value that the end cuts off', async () => {
    assert.deepEqual(await all(jsonObjects()(from(['{"user":{"name":"x"},"list":[1']))), [])
  })

  test('takes what is longer than the limit for text', async () => {
    const text = `{"long":"${'x'.repeat(50)}"} {"a":1}`
    assert.deepEqual(await all(jsonObjects({ maxLength: 20 })(from([text]))), [{ a: 1 }])
  })

  test('does not let a key reach a prototype', async () => {
    const [value] = await all(jsonObjects()(from(['{"__proto__":{"polluted":true}}'])))
    assert.deepEqual(Object.keys(Object(value)), ['__proto__'])
    assert.equal(Reflect.get({}, 'polluted'), undefined)
  })

  test('finds every document written between lines of prose, however the text is cut', async () => {
    const document = fc
      .oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue()))
      .map((value) => JSON.stringify(value))
    const prose = fc.constantFrom('\n', ' and then:\n', ' {x} \n', ' :-[ \n```json\n', ' "quoted" \n```\n')
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(prose, document), { maxLength: 5 }),
        fc.array(fc.nat(1_000), { maxLength: 12 }),
        async (parts, cuts) => {
          const text = parts.map((part) => part.join('')).join('')
          const expected = parts.map(([, json]) => JSON.parse(json) as unknown)
          assert.deepEqual(await all(jsonObjects()(from(cutAt(text, cuts)))), expected)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('gives the same values however a text is cut, also one full of false starts', async () => {
    const noise = fc.array(
      fc.constantFrom('{', '}', '[', ']', '"', 'a', ':', ',', '1', ' ', '\\', '\n', '{"a":', 'true'),
      { maxLength: 60 },
    )
    await fc.assert(
      fc.asyncProperty(
        noise,
        fc.array(fc.nat(200), { maxLength: 12 }),
        fc.constantFrom(8, 1_000),
        async (parts, cuts, maxLength) => {
          const text = parts.join('')
          assert.deepEqual(
            await all(jsonObjects({ maxLength })(from(cutAt(text, cuts)))),
            await all(jsonObjects({ maxLength })(from([text]))),
          )
        },
      ),
      { numRuns: 1_000 },
    )
  })
})
