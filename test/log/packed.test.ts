import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createMemoryLog } from '../../src/log/memory-log.ts'
import { Packed } from '../../src/log/packed.ts'
import { Packer } from '../../src/log/packer.ts'
import { Slabs } from '../../src/log/slabs.ts'
import type { Entry, NewEntry, Outcome, StreamInit } from '../../src/log/stream-log.ts'
import { Tail } from '../../src/log/tail.ts'
import { chunks, closedStream, collectGarbage, createClock, gather, init } from './support.ts'

const chunk = (text: string, id = 1): string =>
  `{"id":"chatcmpl-${id}","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":${JSON.stringify(text)}}}]}`

const wellFormed = fc.string({ unit: 'grapheme', maxLength: 40 })
const data = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(wellFormed, fc.constantFrom(1, 1, 1, 2)).map(([text, id]) => chunk(text, id)) },
  { weight: 2, arbitrary: wellFormed },
  { weight: 1, arbitrary: fc.constantFrom('', '[DONE]', 'é', '漢'.repeat(5_000), chunk('x'.repeat(5_000))) },
)
const kind = fc.constantFrom('chunk', 'chunk', 'chunk', 'usage', 'event', 'done', 'error')
const name = fc.option(fc.oneof(fc.constantFrom('answer', 'flowNodeStatus', ''), wellFormed), { nil: undefined })
const entry: fc.Arbitrary<NewEntry> = fc
  .record({ kind, data, name })
  .map((one) => (one.name === undefined ? { kind: one.kind, data: one.data } : one))
const entries = fc.array(entry, { maxLength: 60 })

/** UTF-16 halves that are no characters, which UTF-8 cannot hold. */
const broken = fc.constantFrom('\ud800', 'a\udc00b', '\udfff\ud800')

const facts = fc.dictionary(fc.string({ unit: 'binary', maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 })
const outcome: fc.Arbitrary<Outcome> = fc.record(
  {
    status: fc.constantFrom('completed', 'failed', 'cancelled'),
    error: fc.constant({ message: 'm "\ud800"', type: 't', code: 'c', param: null }),
    usage: facts.map(plain),
    timeline: fc.array(fc.tuple(fc.nat(), facts).map(([at, more]) => ({ ...plain(more), at, type: 'attempt' }))),
  },
  { requiredKeys: ['status'], noNullPrototype: true },
)

const start = fc.record(
  {
    owner: wellFormed,
    model: fc.oneof({ weight: 4, arbitrary: wellFormed }, { weight: 1, arbitrary: broken }),
    createdAt: fc.double({ min: 0, max: 2e12, noNaN: true }),
    conversation: fc.oneof({ weight: 4, arbitrary: wellFormed }, { weight: 1, arbitrary: broken }),
  },
  { requiredKeys: ['owner', 'model', 'createdAt'], noNullPrototype: true },
)

describe('a packed stream', () => {
  test('gives back every entry from any offset, in bounded batches', () => {
    const packer = new Packer()
    fc.assert(
      fc.property(entries, fc.nat(60), fc.nat(40), (given, after, room) => {
        const packed = pack(packer, given, room)
        const expected = numbered(given).slice(after)
        const read: Entry[] = []
        while (after + read.length < packed.count) {
          const batch = packed.batch(after + read.length)
          assert.ok(batch.entries.length > 0)
          read.push(...batch.entries)
        }
        assert.deepEqual(read, expected)
      }),
      { numRuns: 300 },
    )
  })

  test('is read in steps of a quarter of a million characters, wherever the reader stands', () => {
    const text = 'x'.repeat(4_000)
    const given = Array.from({ length: 600 }, (_, i) => ({ kind: 'chunk' as const, data: `${text}${i}${text}` }))
    const packed = pack(new Packer(), given, 0)
    for (const first of [0, 1, 299, 567]) {
      const { length } = packed.batch(first).entries
      assert.ok(length === 33, `${length} entries of 8,000 characters`)
    }
    assert.equal(packed.batch(590).entries.length, 10)
  })

  test('takes up what is different in its entries, not what is the same', () => {
    const given = Array.from({ length: 1_000 }, (_, i) => ({ kind: 'chunk' as const, data: chunk(` word${i}`) }))
    const packer = new Packer()
    pack(packer, given, 0)
    const length = packer.pack(ended(given))
    assert.ok(length < 1_000 * 20, `${length} bytes`)
  })
})

describe('a stream of the memory log that has ended', () => {
  test('is found as it was, whatever it was called and however it ended', async () => {
    const log = createMemoryLog({ now: createClock().now })
    await fc.assert(
      fc.asyncProperty(start, entries, outcome, async (given, appended, end) => {
        const writer = log.create(init(given))
        writer.append(appended)
        const before = await log.find(writer.id)
        await writer.close(end)
        assert.ok(typeof before === 'object')
        assert.deepEqual(await log.find(writer.id), {
          ...before,
          status: end.status,
          outcome: end,
          expiresAt: 1_700_000_000_000 + 3_600_000,
        })
        assert.deepEqual(
          await log
            .list(given.owner, { conversation: given.conversation, status: end.status, limit: 1e6 })
            .then((all) => all.filter(({ id }) => id === writer.id).length),
          1,
        )
        await log.erase(writer.id)
      }),
      { numRuns: 200 },
    )
  })

  test('gives back texts that UTF-8 cannot hold', async () => {
    const log = createMemoryLog({ now: createClock().now })
    const odd = fc.oneof(
      { weight: 3, arbitrary: entry },
      {
        weight: 1,
        arbitrary: fc
          .tuple(broken, fc.option(broken, { nil: undefined }))
          .map(([text, called]): NewEntry =>
            called === undefined ? { kind: 'chunk', data: text } : { kind: 'event', data: 'x', name: called },
          ),
      },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(odd, { maxLength: 12 }), fc.integer({ min: -1, max: 12 }), async (given, after) => {
        const writer = log.create(init())
        writer.append(given)
        await writer.close({ status: 'completed' })
        assert.deepEqual(await gather(log, writer.id, after), numbered(given).slice(after + 1))
      }),
      { numRuns: 200 },
    )
  })

  test('is read to its end by those who were half-way when it ended, and by those who waited', async () => {
    const log = createMemoryLog({ now: createClock().now })
    const writer = log.create(init())
    writer.append(chunks(5))
    const half = log.read(writer.id, -1)[Symbol.asyncIterator]()
    assert.equal((await half.next()).value.entries.length, 5)
    const waiting = gather(log, writer.id)
    await new Promise(setImmediate)
    writer.append(chunks(3, 5))
    await writer.close({ status: 'completed' })
    assert.deepEqual(
      (await half.next()).value.entries.map(({ offset }: Entry) => offset),
      [5, 6, 7],
    )
    assert.equal((await half.next()).done, true)
    assert.equal((await waiting).length, 8)
  })

  test('gives readers at the same place the same batch', async () => {
    const log = createMemoryLog({ now: createClock().now })
    const others = await Promise.all(Array.from({ length: 5 }, () => closedStream(log)))
    const writer = await closedStream(log)
    const batches = new Set<unknown>()
    for (let i = 0; i < 10; i++) {
      for await (const batch of log.read(writer.id, 0)) batches.add(batch)
      for (const other of others) await gather(log, other.id)
    }
    assert.equal(batches.size, 1)
  })

  test('keeps two objects in the heap, whatever its size', async () => {
    const log = createMemoryLog({ now: createClock().now })
    const many = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) await closedStream(log, {}, 20)
    }
    await many(1_000)
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    await many(5_000)
    collectGarbage()
    const each = (process.memoryUsage().heapUsed - before) / 5_000
    assert.ok(each < 300, `${each.toFixed(0)} bytes`)
  })
})

/** At some place of a slab. */
function pack(packer: Packer, given: readonly NewEntry[], room: number): Packed {
  const length = packer.pack(ended(given))
  assert.ok(length > 0)
  const slabs = new Slabs((length + room) * 4, () => {})
  slabs.add(Buffer.alloc(room), room)
  const slab = slabs.add(packer.bytes, length)
  return new Packed(slab, slab.used - length)
}

function ended(given: readonly NewEntry[]): Parameters<Packer['pack']>[0] {
  const tail = new Tail()
  for (const one of given) tail.push(one)
  tail.publish(tail.pushed)
  const known: StreamInit = { id: 'st_1', owner: 'local', model: 'm', createdAt: 0 }
  return { init: known, tail, outcome: { status: 'completed' }, closedAt: 0 }
}

function numbered(given: readonly NewEntry[]): Entry[] {
  return given.map((one, offset) => ({ offset, ...one }))
}

/** As JSON gives it back: without a prototype of its own, and -0 is 0. */
function plain(value: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value))
}
