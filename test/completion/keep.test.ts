import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JsonObject } from '../../src/completion/json.ts'
import { keep } from '../../src/completion/keep.ts'

describe('an unknown field', () => {
  test('named __proto__ is not kept and changes no prototype; one named constructor is a field', () => {
    const target: JsonObject = {}
    keep(target, '__proto__', { forged: 1 })
    keep(target, 'constructor', 'x')
    assert.equal(Object.getPrototypeOf(target), Object.prototype)
    assert.deepEqual(target, { constructor: 'x' })
  })

  test('is a copy: what it came from does not change with it', () => {
    const target: JsonObject = {}
    const [list, object] = [[1], { a: 1 }]
    for (let i = 0; i < 2; i++) {
      keep(target, 'list', list, true)
      keep(target, 'object', object)
    }
    keep(target, 'object', { b: 2 })
    assert.deepEqual(target, { list: [1, 1], object: { a: 1, b: 2 } })
    assert.deepEqual([list, object], [[1], { a: 1 }])
  })
})
