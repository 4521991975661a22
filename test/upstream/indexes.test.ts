import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Indexes } from '../../src/upstream/indexes.ts'

test('indexes are a set, whatever number somebody calls an index', () => {
  const index = fc.oneof(fc.nat(40), fc.constantFrom(-1, 0.5, 30, 31, 32, 2 ** 32, Number.NaN))
  const step = fc.tuple(fc.constantFrom('add', 'delete', 'has', 'clear'), index)
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const ours = new Indexes()
      const model = new Set<number>()
      for (const [what, one] of steps) {
        for (const set of [ours, model]) {
          if (what === 'add') set.add(one)
          else if (what === 'delete') set.delete(one)
          else if (what === 'clear') set.clear()
        }
        assert.equal(ours.has(one), model.has(one))
        assert.equal(ours.isEmpty, model.size === 0)
      }
    }),
  )
})
