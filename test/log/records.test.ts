import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { IN_RUNS, readEntries, writeEntry, writeRuns } from '../../src/log/entries.ts'
import { RecordType, RecordWriter, readHeader } from '../../src/log/record.ts'
import { scan } from '../../src/log/scan.ts'
import type { Found } from '../../src/log/scan.ts'
import { SEGMENT_HEADER_BYTES, readSegmentHeader, writeSegmentHeader } from '../../src/log/segment.ts'
import type { NewEntry } from '../../src/log/stream-log.ts'
import { Tail } from '../../src/log/tail.ts'

const SALT = 0x5eed

/** A segment with these records' texts. */
function segment(salt: number, ...texts: readonly (string | Uint8Array)[]): Buffer {
  const writer = new RecordWriter()
  writer.reset(salt)
  for (const [i, text] of texts.entries()) {
    writer.begin(RecordType.entries, 7 + i, 1, i * 10, 10)
    if (typeof text === 'string') writer.text(text)
    else writer.raw(text)
    writer.finish()
  }
  const head = writeSegmentHeader({ kind: 'journal', number: 1, salt, previousLength: 0 })
  return Buffer.concat([head, writer.bytes.subarray(0, writer.length)])
}

function textsOf(found: Iterable<Found>): string[] {
  return [...found].map((one) => (one.type === 'record' ? one.content.toString() : one.type))
}

describe('records', () => {
  test('are found again as they were written, whatever they hold and however many there are', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 400 })), fc.nat(0xffffffff), (all, salt) => {
        const utf8 = all.map((text) => Buffer.from(text).toString())
        assert.deepEqual(textsOf(scan(segment(salt, ...all), salt)), utf8)
      }),
    )
  })

  test('have all that stands in their header', () => {
    const writer = new RecordWriter()
    writer.reset(SALT)
    writer.begin(RecordType.block, 0xffffffff, 0xffff, 4_000_000_000, 3_000_000_000, 255)
    writer.raw(Buffer.alloc(100_000, 1))
    writer.finish()
    const { type, key, epoch, first, count, flags, length } = readHeader(writer.bytes, 0, SALT) ?? assert.fail()
    assert.deepEqual(
      { type, key, epoch, first, count, flags, length },
      {
        type: 16,
        key: 0xffffffff,
        epoch: 0xffff,
        first: 4_000_000_000,
        count: 3_000_000_000,
        flags: 255,
        length: 100_000,
      },
    )
  })

  test('with any one bit flipped are never given, and the records around them always are', () => {
    const sound = segment(SALT, 'before', 'the one that is hit', 'after')
    const from = SEGMENT_HEADER_BYTES + 32 + 6
    const to = from + 32 + 19
    for (let bit = from * 8; bit < to * 8; bit++) {
      const bytes = Buffer.from(sound)
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const [first, hit, last, ...more] = textsOf(scan(bytes, SALT))
      assert.deepEqual([first, last, more], ['before', 'after', []])
      assert.equal(hit, bit >> 3 < from + 32 ? 'lost' : 'damaged')
    }
  })

  test('hidden in the text of another record are not found, even when that one is damaged', () => {
    const hidden = segment(SALT + 1, 'smuggled').subarray(SEGMENT_HEADER_BYTES)
    const bytes = segment(SALT, hidden, 'after')
    bytes[SEGMENT_HEADER_BYTES + 4] = 0xff
    assert.deepEqual(textsOf(scan(bytes, SALT)), ['lost', 'after'])
    assert.deepEqual(textsOf(scan(bytes, SALT + 1)).includes('smuggled'), true, 'who knew the salt could')
  })

  test('cut anywhere, or followed by zeros, are a torn end and nothing else', () => {
    const whole = segment(SALT, 'one', 'two')
    const two = whole.length - 35
    for (let length = two; length < whole.length; length++) {
      assert.deepEqual(textsOf(scan(whole.subarray(0, length), SALT)), length === two ? ['one'] : ['one', 'torn'])
    }
    assert.deepEqual(textsOf(scan(Buffer.concat([whole, Buffer.alloc(50)]), SALT)), ['one', 'two', 'torn'])
    assert.deepEqual(textsOf(scan(Buffer.concat([whole, Buffer.alloc(50, 1)]), SALT)), ['one', 'two', 'lost'])
  })
})

describe('entries', () => {
  const entry: fc.Arbitrary<NewEntry> = fc.oneof(
    fc.record(
      {
        kind: fc.constantFrom('chunk', 'usage', 'done', 'error', 'event'),
        data: fc.string({ unit: 'grapheme' }),
      },
      { noNullPrototype: true },
    ),
    fc.record(
      {
        kind: fc.constant('event'),
        data: fc.string({ unit: 'grapheme' }),
        name: fc.string({ unit: 'grapheme' }),
      },
      { noNullPrototype: true },
    ),
  )

  test('are read back as they were written', () => {
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const writer = new RecordWriter()
        writer.reset(0)
        for (const one of entries) writeEntry(writer, one)
        assert.deepEqual(readEntries(writer.bytes.subarray(0, writer.length), entries.length, 0), entries)
      }),
    )
  })

  test('that do not fill their record exactly are refused', () => {
    const writer = new RecordWriter()
    writer.reset(0)
    writeEntry(writer, { kind: 'chunk', data: 'abc' })
    const bytes = writer.bytes.subarray(0, writer.length)
    for (const [part, count] of [
      [bytes, 2],
      [bytes, 0],
      [bytes.subarray(0, -1), 1],
      [Buffer.concat([bytes, bytes.subarray(0, 1)]), 1],
    ] as const) {
      assert.throws(() => readEntries(part, count, 0), { code: 'log_damaged' })
    }
  })
})

describe('entries in runs', () => {
  const around = fc.constantFrom('', `{"id":"${'x'.repeat(60)}","delta":"`, `{"id":"${'жук'.repeat(30)}","delta":"`)
  const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', 'word', '漢'.repeat(500)))
  const entry: fc.Arbitrary<NewEntry> = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(around, text).map(([before, own]) => plain(before + own + '"}'.repeat(20))) },
    { weight: 1, arbitrary: text.map((data): NewEntry => ({ kind: 'event', data, name: 'n' })) },
    { weight: 1, arbitrary: text.map((data): NewEntry => ({ kind: 'usage', data })) },
  )

  function plain(data: string): NewEntry {
    return { kind: 'chunk', data }
  }

  function written(tail: Tail, characters = Infinity): { readonly bytes: Buffer; readonly last: number } {
    const writer = new RecordWriter()
    writer.reset(0)
    const last = writeRuns(writer, tail, tail.base, tail.pushed, characters)
    return { bytes: writer.bytes.subarray(0, writer.length), last }
  }

  function tailOf(entries: readonly NewEntry[]): Tail {
    const tail = new Tail()
    for (const one of entries) tail.push(one)
    return tail
  }

  test('are read back as they were pushed, also when the first of them are in memory no longer', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 80 }), fc.nat(79), (entries, drop) => {
        const tail = tailOf(entries)
        tail.dropBefore(Math.min(drop, entries.length))
        const kept = entries.slice(tail.base)
        assert.deepEqual(readEntries(written(tail).bytes, kept.length, IN_RUNS), kept)
        tail.publish(tail.pushed)
        const read = tail.take(tail.base - 1)?.entries ?? []
        assert.deepEqual(
          read,
          kept.map((one, at) => ({ offset: tail.base + at, ...one })),
        )
      }),
    )
  })

  test('stop after so many characters, and one at least is written', () => {
    const tail = tailOf(Array.from({ length: 50 }, (_, i) => plain(`${'x'.repeat(90)}${i}`)))
    assert.equal(written(tail, 1).last, 0)
    assert.equal(written(tail, 1_000).last, 10)
    assert.equal(written(tail).last, 49)
  })

  test('take the bytes of what they have not in common', () => {
    const tail = tailOf(Array.from({ length: 100 }, (_, i) => plain(`${'x'.repeat(300)}${i % 10}`)))
    assert.ok(written(tail).bytes.length < 1_500, String(written(tail).bytes.length))
  })

  test('that do not fill their record exactly are refused', () => {
    const { bytes } = written(tailOf([plain(`${'x'.repeat(60)}1`), plain(`${'x'.repeat(60)}2`), plain('other')]))
    const tooMany = Buffer.from(bytes)
    tooMany.writeUInt32LE(0xffffffff, 0)
    for (const [part, count] of [
      [bytes, 2],
      [bytes, 4],
      [Buffer.concat([bytes, Buffer.alloc(1)]), 3],
      [tooMany, 0xffffffff],
      ...Array.from({ length: bytes.length }, (_, length) => [bytes.subarray(0, length), 3] as const),
    ] as const) {
      assert.throws(() => readEntries(part, count, IN_RUNS), { code: 'log_damaged' })
    }
  })
})

describe('segment headers', () => {
  test('are read back, and not when a bit was flipped or bytes are missing', () => {
    const header = { kind: 'archive', number: 12, salt: 0xdeadbeef, previousLength: 2 ** 40 } as const
    const bytes = writeSegmentHeader(header)
    assert.deepEqual(readSegmentHeader(bytes), header)
    for (let bit = 0; bit < 28 * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.equal(readSegmentHeader(changed), undefined)
    }
    assert.equal(readSegmentHeader(bytes.subarray(0, 31)), undefined)
  })
})
