import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import type { SseItem } from '../../src/sse/event.ts'
import { decodeAll, eventsOf, utf8 } from './read.ts'
import { anySplit } from './splits.ts'

/** What the other parser says: events, comments and retries in their order. */
function oracle(bytes: Uint8Array): SseItem[] {
  const items: SseItem[] = []
  const parser = createParser({
    onEvent: ({ event, data, id }) => items.push({ type: 'event', name: event ?? '', data, id }),
    onComment: (text) => items.push({ type: 'comment', text }),
    onRetry: (ms) => items.push({ type: 'retry', ms }),
  })
  parser.feed(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
  return items
}

const lineEnd = fc.constantFrom('\n', '\r\n', '\n', '\n')
const value = fc.string({
  unit: fc.constantFrom('a', '{"b":1}', ' ', ':', 'é', '漢', '👩‍👩‍👧', '\u2028', '\uFEFF'),
  maxLength: 6,
})
const line = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom('data: ', 'data:', 'data:  '), value).map((parts) => parts.join('')),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('event: ', 'id: ', 'id:', ':', ': ', 'foo: '), value)
      .map((parts) => parts.join('')),
  },
  { weight: 1, arbitrary: fc.constantFrom('retry: 10', 'retry: x', 'data', 'event', 'id', 'foo') },
)
/** Blocks that all have data: for others the oracle forgets an id that browsers keep. */
const block = fc
  .tuple(fc.array(line, { maxLength: 4 }), value, fc.array(line, { maxLength: 2 }), lineEnd)
  .map(([before, data, after, end]) => [...before, `data: ${data}`, ...after, '', ''].join(end))
const stream = fc.array(block, { maxLength: 6 }).map((blocks) => utf8(blocks.join('')))

describe('the decoder', () => {
  test('says of any standard stream, however it is cut, what eventsource-parser says of it whole', () => {
    fc.assert(
      fc.property(
        stream.chain((bytes) => fc.tuple(fc.constant(bytes), anySplit(bytes))),
        ([bytes, reads]) => {
          assert.deepEqual(decodeAll(reads), oracle(bytes))
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('gives the same for any bytes whatsoever, however they are cut', () => {
    const soup = fc.array(
      fc.oneof(
        fc.constantFrom(
          ...[
            'data:',
            'data: ',
            'id: ',
            'event:',
            'retry: 1',
            'error: ',
            ':',
            '\n',
            '\r',
            '\r\n',
            '\n\n',
            '\0',
            '漢',
            '\uFEFF',
          ].map(utf8),
        ),
        fc.uint8Array({ maxLength: 3 }),
      ),
      { maxLength: 40 },
    )
    const bytes = soup.map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])))
    fc.assert(
      fc.property(
        bytes.chain((all) => fc.tuple(fc.constant(all), anySplit(all))),
        fc.boolean(),
        ([all, reads], dispatchEmpty) => {
          assert.deepEqual(decodeAll(reads, { dispatchEmpty }), decodeAll([all], { dispatchEmpty }))
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('refuses the same streams for their size, however they are cut', () => {
    const refuses = (reads: readonly Uint8Array[], maxEventBytes: number): boolean => {
      try {
        decodeAll(reads, { maxEventBytes })
        return false
      } catch {
        return true
      }
    }
    fc.assert(
      fc.property(
        stream.chain((all) => fc.tuple(fc.constant(all), anySplit(all))),
        fc.integer({ min: 5, max: 60 }),
        ([all, reads], limit) => {
          assert.equal(refuses(reads, limit), refuses([all], limit))
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('makes U+FFFD of the same bytes as TextDecoder', () => {
    const bad = fc.array(
      fc.constantFrom(0x61, 0x80, 0xbf, 0xc0, 0xc3, 0xe2, 0xe0, 0xed, 0xa0, 0xf0, 0x9f, 0xf4, 0x90, 0xff),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(bad, (codes) => {
        const bytes = Uint8Array.from(codes)
        const wire = Uint8Array.of(...utf8('data:x'), ...bytes, 10, 10)
        assert.equal(eventsOf(decodeAll([wire]))[0]?.data, `x${new TextDecoder().decode(bytes)}`)
      }),
      { numRuns: 2_000 },
    )
  })
})
