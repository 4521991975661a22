import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createMemoryLog } from '../../src/log/memory-log.ts'
import { type Slab, Slabs } from '../../src/log/slabs.ts'
import { collectGarbage, createClock, gather, init } from './support.ts'

const SIZE = 1_000

/** One stream's bytes: where they are and what they were. */
interface Put {
  readonly slab: Slab
  readonly at: number
  readonly length: number
  readonly mark: number
}

describe('slabs', () => {
  test('hold what was put into them until it is released, and count no more than twice that and two slabs', () => {
    // Streams go in the order in which they came; `early` ones are erased before.
    const step = fc.record({ length: fc.integer({ min: 1, max: SIZE / 4 }), goes: fc.nat(3), early: fc.nat(50) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let counted = 0
        const slabs = new Slabs(SIZE, (bytes) => {
          counted += bytes
        })
        const kept: Put[] = []
        let erased = 0
        for (const [mark, { length, goes, early }] of steps.entries()) {
          const slab = slabs.add(Buffer.alloc(length, mark), length)
          kept.push({ slab, at: slab.used - length, length, mark })
          for (let i = 0; i < goes - 1; i++) release(slabs, kept.shift())
          const [one] = early < kept.length ? kept.splice(early, 1) : []
          erased += one?.length ?? 0
          release(slabs, one)
          for (const put of kept) assert.ok(isWhole(put))
          const living = kept.reduce((sum, put) => sum + put.length, 0)
          const ofLiving = new Set(kept.map((put) => put.slab)).size * SIZE
          assert.ok(counted >= living, `${counted} bytes are counted, ${living} in use`)
          assert.ok(counted <= ofLiving, `${counted} bytes are counted, ${ofLiving} in slabs in use`)
          if (erased === 0) assert.ok(counted <= (living * 4) / 3 + 2 * SIZE)
        }
        for (const put of kept.splice(0)) release(slabs, put)
        assert.equal(counted, 0)
      }),
      { numRuns: 300 },
    )
  })

  test('that were let go of are filled again', () => {
    const slabs = new Slabs(SIZE, () => {})
    const seen = new Set<Slab>()
    const kept: Slab[] = []
    for (let i = 0; i < 1_000; i++) {
      const slab = slabs.add(Buffer.alloc(SIZE / 4), SIZE / 4)
      seen.add(slab)
      kept.push(slab)
      if (kept.length > 10) slabs.release(kept.shift() ?? slab)
    }
    assert.ok(seen.size <= 4, `${seen.size} slabs for what three can hold`)
  })
})

describe('the memory of a memory log', () => {
  const text = (i: number): string => `${i} ${'x'.repeat(1_000)}`
  const write = async (log: ReturnType<typeof createMemoryLog>, i: number): Promise<string> => {
    const writer = log.create(init())
    writer.append([{ kind: 'chunk', data: text(i) }])
    await writer.close({ status: 'completed' })
    return writer.id
  }
  /** Bytes outside the heap. They are given back by a thread after a collection: a few turns later. */
  const outside = async (limit = 0): Promise<number> => {
    for (let turn = 0; ; turn++) {
      collectGarbage()
      const { arrayBuffers } = process.memoryUsage()
      if (arrayBuffers < limit || turn === 20) return arrayBuffers
      await new Promise(setImmediate)
    }
  }

  test('stays within its limit however many streams come, and the newest can be read', async () => {
    const maxBytes = 4 * 1024 * 1024
    const log = createMemoryLog({ now: createClock().now, maxBytes })
    const before = await outside()
    const ids: string[] = []
    for (let i = 0; i < 20_000; i++) ids.push(await write(log, i))
    const used = (await outside(before + maxBytes)) - before
    assert.ok(used < maxBytes * 1.05, `${used} bytes`)
    const states = await log.list('local', { limit: 20_000 })
    assert.ok(states.length * 1_400 > maxBytes * 0.95, `${states.length} streams are kept`)
    for (const [i, id] of ids.entries()) {
      const isKept = i >= ids.length - states.length
      if (isKept) assert.equal((await gather(log, id))[0]?.data, text(i))
      else assert.equal(await log.find(id), 'expired')
    }
  })

  test('is given back when streams are erased, in any order, or expire', async () => {
    const clock = createClock()
    const log = createMemoryLog({ now: clock.now, retentionMs: 60_000 })
    const before = await outside()
    const few = 8 * 1024 * 1024
    const ids: string[] = []
    for (let i = 0; i < 20_000; i++) ids.push(await write(log, i))
    assert.ok(process.memoryUsage().arrayBuffers - before > 2 * few)
    for (let i = 0; i < ids.length; i++) await log.erase(ids[(i * 7_919) % ids.length] ?? '')
    assert.ok((await outside(before + few)) - before < few)
    for (let i = 0; i < 20_000; i++) await write(log, i)
    clock.advance(60_000)
    assert.deepEqual(await log.list('local'), [])
    assert.ok((await outside(before + few)) - before < few)
  })
})

function release(slabs: Slabs, put: Put | undefined): void {
  if (put !== undefined) slabs.release(put.slab)
}

function isWhole({ slab, at, length, mark }: Put): boolean {
  return slab.bytes.subarray(at, at + length).every((byte) => byte === (mark & 255))
}
