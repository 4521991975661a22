import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SluiceError } from '../../src/errors.ts'
import { pipe } from '../../src/pipe.ts'
import { decodeSse, SseDecoder } from '../../src/sse/decode.ts'
import type { SseItem } from '../../src/sse/event.ts'
import { asBrowser, decodeAll, eventsOf, fixture, utf8, type Dispatched } from './read.ts'
import { everySplit, inPieces } from './splits.ts'

interface DecoderCase {
  readonly name: string
  readonly dialect: 'whatwg' | 'openai-sdk'
  readonly input_base64: string
  readonly chunks_base64: readonly string[]
  readonly expected_events: readonly Dispatched[]
  readonly expected_events_openai_sdk?: readonly { readonly event: string; readonly data: string }[]
}

const cases: readonly DecoderCase[] = JSON.parse(fixture('sse-decoder-cases.json'))
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'))

const event = (data: string, fields: object = {}): SseItem => ({
  type: 'event',
  name: '',
  data,
  id: undefined,
  ...fields,
})
const comment = (text: string): SseItem => ({ type: 'comment', text })

describe('the decoder gives what OpenAI and undici test their own decoders for', () => {
  test('all 99 cases are there', () => assert.equal(cases.length, 99))

  for (const one of cases) {
    test(`${one.name}: whole, as recorded, byte by byte and cut at every point`, () => {
      const bytes = bytesOf(one.input_base64)
      const recorded = { how: 'as recorded', reads: one.chunks_base64.map(bytesOf) }
      // A long case cut at every point would take a minute and tell nothing new.
      const splits =
        bytes.length > 4_000
          ? [recorded, { how: 'byte by byte', reads: inPieces(bytes, 1) }]
          : [recorded, ...everySplit(bytes)]
      for (const { how, reads } of splits) {
        assert.deepEqual(asBrowser(decodeAll(reads)), one.expected_events, how)
        if (one.expected_events_openai_sdk === undefined) continue
        const events = eventsOf(decodeAll(reads, { dispatchEmpty: true }))
        const shown = events.map(({ name, data }) => ({ event: name, data }))
        assert.deepEqual(shown, one.expected_events_openai_sdk, `${how}, the SDK's rule`)
      }
    })
  }
})

describe('every rule of the standard holds however the bytes are cut', () => {
  const rules: readonly (readonly [title: string, wire: string, items: readonly SseItem[]])[] = [
    ['a BOM at the start is dropped', '\uFEFFdata: a\n\n', [event('a')]],
    [
      'a second BOM is kept as part of a field name, which makes the line unknown',
      '\uFEFF\uFEFFdata: a\n\ndata: b\n\n',
      [event('b')],
    ],
    ['a BOM before the second event makes its line unknown', 'data: a\n\n\uFEFFdata: b\n\n', [event('a')]],
    ['a BOM inside data is kept', 'data: \uFEFFa\n\n', [event('\uFEFFa')]],
    ['a BOM before a comment', '\uFEFF: hb\n', [comment('hb')]],
    ['LF ends lines', 'data: a\ndata: b\n\n', [event('a\nb')]],
    ['CR ends lines', 'data: a\rdata: b\r\r', [event('a\nb')]],
    ['CRLF ends lines', 'data: a\r\ndata: b\r\n\r\n', [event('a\nb')]],
    [
      'CR ends a line also where the block ends with LF',
      'data: a\rb\n\nid: 1\rdata: c\n\n',
      [event('a'), event('c', { id: '1' })],
    ],
    ['line ends may be mixed', 'data: a\rdata: b\ndata: c\r\n\rdata: d\n\r\n', [event('a\nb\nc'), event('d')]],
    ['CR LF CR is two line ends', 'data: a\r\n\rdata: b\n\n', [event('a'), event('b')]],
    ['blank lines in a row give nothing', '\n\n\r\r\n\ndata: a\n\n\n\n', [event('a')]],
    ['one space after the colon is dropped, a second is kept', 'data:a\ndata: b\ndata:  c\n\n', [event('a\nb\n c')]],
    ['a field without a colon has an empty value', 'data\n\n', [event('')]],
    ['two such lines are one newline', 'data\ndata\n\n', [event('\n')]],
    ['a leading space makes another field', ' data: a\n\n', []],
    ['a field name is compared exactly', 'Data: a\nDATA: b\ndatax: c\ndata : d\n\n', []],
    ['a value may hold colons', 'data: {"a":"b:c"}\n\n', [event('{"a":"b:c"}')]],
    ['a name', 'event: ping\ndata: a\n\n', [event('a', { name: 'ping' })]],
    [
      'the last name counts, an empty one too',
      'event: a\nevent:\ndata: x\n\nevent: a\nevent: b\ndata: y\n\n',
      [event('x'), event('y', { name: 'b' })],
    ],
    ['a name does not outlive its block', 'event: a\n\ndata: x\n\n', [event('x')]],
    ['an id', 'id: 7\ndata: a\n\n', [event('a', { id: '7' })]],
    ['an empty id is told apart from none', 'id\ndata: a\n\ndata: b\n\n', [event('a', { id: '' }), event('b')]],
    ['an id after the data', 'data: a\nid: 7\n\n', [event('a', { id: '7' })]],
    ['an id with NUL is ignored, the one before it stays', 'id: 1\nid: 2\0\ndata: a\n\n', [event('a', { id: '1' })]],
    ['an id alone with NUL is ignored', 'id: \0\ndata: a\n\n', [event('a')]],
    [
      'an id in a block without data belongs to the next event',
      'id: 1\n\n\ndata: a\n\ndata: b\n\n',
      [event('a', { id: '1' }), event('b')],
    ],
    ['NUL in data is kept', 'data: a\0b\n\n', [event('a\0b')]],
    ['retry is told at once', 'retry: 1500\n', [{ type: 'retry', ms: 1500 }]],
    ['retry takes digits only', 'retry: 1.5\nretry: -1\nretry: 1e3\nretry:\nretry: 0x1\nretry: ٣\n', []],
    [
      'an endless retry is cut to a number that is exact',
      `retry: ${'9'.repeat(400)}\n`,
      [{ type: 'retry', ms: Number.MAX_SAFE_INTEGER }],
    ],
    [
      'comments are items, in their place',
      ': a\ndata: x\n:b\n\n:\n',
      [comment('a'), comment('b'), event('x'), comment('')],
    ],
    ['a heartbeat needs no blank line', ': hb\n: hb\n', [comment('hb'), comment('hb')]],
    ['unknown fields are ignored', 'foo: bar\nfoo\ndata: a\n\n', [event('a')]],
    ['a block without data is no event', 'event: a\nfoo: b\n\n', []],
    ['an error line is kept and dispatches alone', 'error: {"code":400}\n\n', [event('', { error: '{"code":400}' })]],
    ['an error line beside data', 'data: a\nerror: b\n\n', [event('a', { error: 'b' })]],
    [
      'U+2028, U+2029, U+0085, VT and FF end no line',
      'data: a\u2028b\u2029c\u0085d\u000be\ff\n\n',
      [event('a\u2028b\u2029c\u0085d\u000be\ff')],
    ],
    ['characters of two, three and four bytes', 'data: é漢👩‍👩‍👧\nid: ü\n\n', [event('é漢👩‍👩‍👧', { id: 'ü' })]],
  ]
  for (const [title, wire, items] of rules) {
    test(title, () => {
      for (const { how, reads } of everySplit(utf8(wire))) assert.deepEqual(decodeAll(reads), items, how)
    })
  }

  test('a tear in the middle of a character with bytes that are no UTF-8 gives U+FFFD as TextDecoder does', () => {
    const torn = [[0xff], [0xc3], [0xe6, 0xbc], [0xf0, 0x9f, 0x98], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf8, 0x88]]
    for (const bad of torn) {
      const data = Uint8Array.of(0x61, ...bad, 0x62)
      const wire = Uint8Array.of(...utf8('data: '), ...data, 10, ...utf8('data: z'), ...bad, 10, 10)
      const expected = [event(`${new TextDecoder().decode(data)}\nz${new TextDecoder().decode(Uint8Array.from(bad))}`)]
      for (const { how, reads } of everySplit(wire)) assert.deepEqual(decodeAll(reads), expected, how)
    }
  })
})

describe('nothing is held back', () => {
  test('the last event of a bare-CR stream comes with its second CR, and a late LF makes no other', () => {
    const decoder = new SseDecoder()
    assert.deepEqual(decoder.push(utf8('data: a\r\r')), [event('a')])
    assert.deepEqual(decoder.push(utf8('\n')), [])
    assert.deepEqual(decoder.push(utf8('data: b\r')), [])
    assert.deepEqual(decoder.push(utf8('\r')), [event('b')])
    assert.deepEqual(decoder.push(utf8('\ndata: c\n\n')), [event('c')])
  })

  test('an event comes with the read that completes it, between pieces of others', () => {
    const decoder = new SseDecoder()
    assert.deepEqual(decoder.push(utf8('data: a\n\ndata: b')), [event('a')])
    assert.deepEqual(decoder.push(utf8('b\n')), [])
    assert.deepEqual(decoder.push(utf8('\n: hb\n')), [event('bb'), comment('hb')])
  })

  test('a heartbeat comes at once, also inside a block that is open', () => {
    const decoder = new SseDecoder()
    assert.deepEqual(decoder.push(utf8('event: a\n: hb\n')), [comment('hb')])
    assert.deepEqual(decoder.push(utf8('data: x\n\n')), [event('x', { name: 'a' })])
  })

  test('the bytes may be overwritten once push has returned', () => {
    const decoder = new SseDecoder()
    const bytes = utf8('data: a\n\ndata: bc')
    const [first] = decoder.push(bytes)
    bytes.fill(0x78)
    assert.deepEqual(first, event('a'))
    assert.deepEqual(decoder.push(utf8('\n\n')), [event('bc')])
  })
})

describe('the end of the bytes', () => {
  const ends: readonly (readonly [title: string, wire: string, items: readonly SseItem[]])[] = [
    ['an event without its blank line is given, flagged', 'data: a\n', [event('a', { unterminated: true })]],
    ['and without its line end', 'data: [DONE]', [event('[DONE]', { unterminated: true })]],
    ['and with an error line only', 'error: x', [event('', { error: 'x', unterminated: true })]],
    ['a complete one is not flagged', 'data: a\n\n', [event('a')]],
    ['a name without data is nothing', 'event: a\n', []],
    ['half a number is no reconnection time', 'retry: 15', []],
    ['a cut comment is a sign of life all the same', ': h', [comment('h')]],
    ['nothing at all', '', []],
  ]
  for (const [title, wire, items] of ends) {
    test(title, () => {
      for (const { how, reads } of everySplit(utf8(wire))) assert.deepEqual(decodeAll(reads), items, how)
    })
  }

  test('the decoder is as new afterwards', () => {
    const decoder = new SseDecoder()
    decoder.push(utf8('id: 1\nevent: a\ndata: x\r'))
    decoder.end()
    assert.deepEqual(decoder.push(utf8('\n\uFEFFdata: y\n\n')), [])
    decoder.end()
    assert.deepEqual(decoder.push(utf8('\uFEFFdata: y\n\n')), [event('y')])
  })
})

describe('an event has a largest size', () => {
  const tooLarge = (error: unknown): boolean =>
    error instanceof SluiceError && error.code === 'upstream_too_large' && error.facts.limit === '10 bytes'

  const limited: readonly (readonly [title: string, wire: string, passes: boolean])[] = [
    ['a line of just the limit passes', 'data: 1234\n\n', true],
    ['a line above it does not', 'data: 12345\n\n', false],
    ['an unfinished line above it does not', 'data: 12345', false],
    ['the lines of a block are counted together', 'data\ndata: 1\n\n', false],
    ['bytes are counted, not characters', 'data: 漢1\n\n', true],
    ['so that four characters can be too many', 'data: 漢12\n\n', false],
    ['blocks are counted apart', 'data: 1234\n\ndata: 5678\n\n', true],
    ['comments are counted by their line only', ': 12345678\n: 12345678\ndata: 1234\n\n', true],
    ['but a comment line has the same limit', ': 123456789\n', false],
    ['ids and names count', 'id: 1\ndata:2\n\n', false],
  ]
  for (const [title, wire, passes] of limited) {
    test(title, () => {
      for (const { how, reads } of everySplit(utf8(wire))) {
        const decode = (): unknown => decodeAll(reads, { maxEventBytes: 10 })
        if (passes) assert.doesNotThrow(decode, how)
        else assert.throws(decode, tooLarge, how)
      }
    })
  }

  test('what was complete before is given first; the error comes with every later call', () => {
    const decoder = new SseDecoder({ maxEventBytes: 10 })
    assert.deepEqual(decoder.push(utf8('data: 1\n\n: hb\ndata: 1234567\n\n')), [event('1'), comment('hb')])
    assert.throws(() => decoder.push(utf8('data: 2\n\n')), tooLarge)
    assert.throws(() => decoder.end(), tooLarge)
  })

  test('the limit is 8 MiB unless told', () => {
    const lines = new Uint8Array(8 * 1024 * 1024).fill(0x61)
    lines.set(utf8('data:'))
    assert.equal(eventsOf(decodeAll([lines, utf8('\n\n')])).length, 1)
    assert.throws(() => decodeAll([lines, utf8('a')]), SluiceError)
  })

  test('a day of heartbeats is not an event', () => {
    const decoder = new SseDecoder({ maxEventBytes: 100 })
    for (let i = 0; i < 10_000; i++) assert.equal(decoder.push(utf8(': hb\n')).length, 1)
  })
})

describe('cost grows with the bytes and not with their square', () => {
  /** Milliseconds of CPU. */
  const cost = (run: () => void): number => {
    const before = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  }
  const line = (size: number): Uint8Array => new Uint8Array(size).fill(0x61)

  test('a line of 2 MB that comes byte by byte', () => {
    const bytes = Uint8Array.of(...utf8('data: '), ...utf8('\n\n'))
    const run = (size: number): void => {
      const decoder = new SseDecoder()
      decoder.push(bytes.subarray(0, 6))
      const one = line(1)
      for (let i = 0; i < size; i++) decoder.push(one)
      assert.equal(eventsOf(decoder.push(bytes.subarray(6)))[0]?.data.length, size)
    }
    run(100_000)
    // A square would take minutes.
    assert.ok(cost(() => run(2_000_000)) < 5_000)
  })

  for (const [title, unit] of [
    ['data lines', 'data: x\n'],
    ['lines of CR', 'data: x\r'],
    ['lines without a colon', 'data\n'],
  ] as const) {
    test(`200,000 ${title} in one block, whole and in pieces`, () => {
      const bytes = utf8(`${unit.repeat(200_000)}\n\n`)
      for (const size of [bytes.length, 1_000, 7]) {
        const took = cost(() => assert.equal(eventsOf(decodeAll(inPieces(bytes, size))).length, 1))
        assert.ok(took < 5_000, `pieces of ${size}: ${took} ms`)
      }
    })
  }
})

describe('the decoder as a stage', () => {
  test('passes on what each read completes, then the end', async () => {
    async function* source(): AsyncGenerator<Uint8Array[]> {
      yield [utf8('data: a\n\nda'), utf8('ta: b\n\n')]
      yield []
      yield [utf8('data: c')]
    }
    const batches: (readonly SseItem[])[] = []
    for await (const batch of pipe(source(), decodeSse())) batches.push(batch)
    assert.deepEqual(batches, [[event('a')], [event('b')], [event('c', { unterminated: true })]])
  })

  test('throws on a body that is too large only after what came before it', async () => {
    async function* source(): AsyncGenerator<Uint8Array[]> {
      yield [utf8('data: a\n\ndata: 12345678901')]
    }
    const seen: SseItem[] = []
    await assert.rejects(async () => {
      for await (const batch of pipe(source(), decodeSse({ maxEventBytes: 10 }))) seen.push(...batch)
    }, SluiceError)
    assert.deepEqual(seen, [event('a')])
  })
})
