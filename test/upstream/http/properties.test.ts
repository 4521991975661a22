import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { anySplit, inPieces } from '../../sse/splits.ts'
import { essence, taken, type Taken } from './reading.ts'
import { nearly, sample, type Sample } from './responses.ts'

const cutSample = sample.chain((one) => fc.tuple(fc.constant(one), anySplit(one.bytes)))
const cutNearly = nearly.chain((bytes) => fc.tuple(fc.constant(bytes), anySplit(bytes)))

function assertIs({ head, body, isDone, used, refused }: Taken, want: Sample): void {
  assert.equal(refused, undefined)
  assert.deepEqual([head?.status, { ...head?.fields }], [want.status, want.fields])
  assert.equal(body, want.body)
  assert.deepEqual([isDone, used], [true, want.bytes.length])
}

describe('any valid response', () => {
  test('is what it says, however it is cut into reads', () => {
    fc.assert(
      fc.property(cutSample, ([one, reads]) => {
        assertIs(taken([one.bytes], one.closes), one)
        assertIs(taken(reads, one.closes), one)
        assertIs(taken(inPieces(one.bytes, 1), one.closes), one)
      }),
      { numRuns: 600 },
    )
  })

  test('is given with one call for each read that brings something of its body, and no more', () => {
    fc.assert(
      fc.property(cutSample, ([one, reads]) => {
        assert.ok(taken(reads, one.closes).calls <= reads.filter(({ length }) => length > 0).length)
        assert.equal(taken([one.bytes], one.closes).calls, one.body === '' ? 0 : 1)
      }),
      { numRuns: 200 },
    )
  })

  test('leaves all that is behind it, unless it has no end but the close', () => {
    fc.assert(
      fc.property(sample, nearly, (one, behind) => {
        fc.pre(!one.closes)
        assertIs(taken([Buffer.concat([one.bytes, behind])]), one)
      }),
      { numRuns: 200 },
    )
  })

  test('is not whole without its last byte', () => {
    fc.assert(
      fc.property(sample, (one) => {
        fc.pre(!one.closes)
        const { isDone, refused } = taken([one.bytes.subarray(0, -1)], true)
        assert.deepEqual([isDone, refused], [false, undefined])
      }),
      { numRuns: 200 },
    )
  })
})

describe('any bytes at all', () => {
  test('are a response, the beginning of one, or refused as malformed: the same however they are cut', () => {
    fc.assert(
      fc.property(cutNearly, fc.boolean(), ([bytes, reads], closes) => {
        const whole = taken([bytes], closes)
        assert.deepEqual(essence(taken(reads, closes)), essence(whole))
        assert.deepEqual(essence(taken(inPieces(bytes, 1), closes)), essence(whole))
        assert.ok(whole.used === undefined || whole.isDone || whole.used === bytes.length)
      }),
      { numRuns: 3_000 },
    )
  })
})
