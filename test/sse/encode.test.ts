import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { SluiceError } from '../../src/errors.ts'
import { encodeComment, encodeEvent, frame, HEARTBEAT } from '../../src/sse/encode.ts'
import { asBrowser, decodeAll, fixture, utf8, type Dispatched } from './read.ts'

interface EncoderCase {
  readonly name: string
  readonly message: {
    readonly event?: string
    readonly data?: string
    readonly id?: string
    /** Some cases try text. */
    readonly retry?: number
    readonly comment?: string
  }
  readonly expect: string
  readonly expected_decoded?: readonly Dispatched[]
}

const cases: readonly EncoderCase[] = JSON.parse(fixture('sse-encoder-cases.json'))
const refused = (one: EncoderCase): boolean => one.expect.startsWith('throw')

function encode({ event, data, id, retry, comment }: EncoderCase['message']): string {
  if (comment !== undefined) return encodeComment(comment)
  return encodeEvent({ name: event, data: data ?? '', id, retry })
}

describe('the encoder passes what four other encoders are tested for', () => {
  test('46 cases are there, of which 15 are to be refused', () => {
    assert.equal(cases.length, 46)
    assert.equal(cases.filter(refused).length, 15)
  })

  for (const one of cases.filter(refused)) {
    test(`${one.name}: refused`, () => {
      assert.throws(
        () => encode(one.message),
        (error) => error instanceof SluiceError && error.code === 'invalid_value',
      )
    })
  }

  for (const one of cases.filter((each) => !refused(each))) {
    test(`${one.name}: ${one.expect}`, () => {
      const wire = encode(one.message)
      const items = decodeAll([utf8(wire)])
      if (one.message.comment !== undefined) {
        const lines = one.message.comment.split(/\r\n|\r|\n/)
        assert.deepEqual(
          items,
          lines.map((text) => ({ type: 'comment', text })),
        )
        return
      }
      const data = (one.message.data ?? '').replace(/\r\n?/g, '\n').toWellFormed()
      const expected = one.expected_decoded ?? [
        { type: one.message.event ?? 'message', data, id: one.message.id ?? '' },
      ]
      assert.deepEqual(asBrowser(items), expected)
      const retries = items.filter((item) => item.type === 'retry')
      assert.deepEqual(retries, one.message.retry === undefined ? [] : [{ type: 'retry', ms: one.message.retry }])
      if (one.message.id === '') assert.match(wire, /^id: $/m)
    })
  }
})

describe('a frame', () => {
  test('is an id line, a data line and a blank line', () => {
    assert.equal(frame('st_1:', 41, '{"a":1}'), 'id: st_1:41\ndata: {"a":1}\n\n')
  })

  test('is the same event that encodeEvent makes, for any data', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.string({ unit: fc.constantFrom('a', '\r', '\n', '\0', ':', ' ', '漢', '\u2028') }),
        (offset, data) => {
          assert.equal(frame('st_1:', offset, data), encodeEvent({ id: `st_1:${offset}`, data }))
        },
      ),
    )
  })

  for (const bad of ['st\n:', 'st\r:', 'st\0:']) {
    test(`refuses the prefix ${JSON.stringify(bad)}, also after a good one`, () => {
      frame('st_1:', 0, '')
      assert.throws(() => frame(bad, 0, '{}'), SluiceError)
      assert.throws(() => frame(bad, 0, '{}'), SluiceError)
    })
  }
})

describe('whatever is encoded', () => {
  const nasty = fc.string({
    unit: fc.constantFrom('\r', '\n', '\0', ' ', ':', 'a', 'data: ', 'id: ', 'event: ', '\uFEFF', '漢', '👩'),
  })

  test('is one event with these fields, or refused', () => {
    fc.assert(
      fc.property(
        nasty,
        fc.option(nasty, { nil: undefined }),
        fc.option(nasty, { nil: undefined }),
        (data, name, id) => {
          let wire: string
          try {
            wire = encodeEvent({ data, name, id })
          } catch (error) {
            assert.ok(error instanceof SluiceError)
            assert.match(`${name} ${id}`, /[\r\n\0]/)
            return
          }
          const expected = { type: 'event', name: name ?? '', data: data.replace(/\r\n?/g, '\n'), id }
          assert.deepEqual(decodeAll([utf8(wire)]), [expected])
        },
      ),
    )
  })

  test('as a comment is comments only, and dispatches nothing', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const items = decodeAll([utf8(encodeComment(text))])
        assert.deepEqual(
          items,
          text.split(/\r\n|\r|\n/).map((line) => ({ type: 'comment', text: line })),
        )
      }),
    )
  })

  test('the heartbeat is one comment and no blank line', () => {
    assert.equal(HEARTBEAT, ': hb\n')
    assert.equal(HEARTBEAT, encodeComment('hb'))
  })

  test('a retry is written as digits', () => {
    assert.equal(encodeEvent({ data: '', retry: 0 }), 'retry: 0\ndata: \n\n')
    assert.throws(() => encodeEvent({ data: '', retry: 1e21 }), SluiceError)
    assert.throws(() => encodeEvent({ data: '', retry: Infinity }), SluiceError)
  })
})
