import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { SluiceError } from '../../../src/errors.ts'
import { requestText, type Request } from '../../../src/upstream/http/request.ts'

const text = (given: Partial<Request> = {}): string =>
  requestText({ method: 'POST', path: '/v1/chat?a=b', host: 'api.example:8443', fields: {}, body: '{}', ...given })

/** What a request was refused with. */
function refusal(given: Partial<Request>): SluiceError {
  try {
    text(given)
  } catch (error) {
    assert.ok(error instanceof SluiceError)
    return error
  }
  throw new Error('it was not refused')
}

describe('the text of a request', () => {
  test('is its line, its host, that the connection is to be kept, its fields, and its body with its length', () => {
    assert.equal(
      text({ fields: { 'x-a': 'b', accept: 'c, d' } }),
      'POST /v1/chat?a=b HTTP/1.1\r\nhost: api.example:8443\r\nconnection: keep-alive\r\n' +
        'x-a: b\r\naccept: c, d\r\ncontent-length: 2\r\n\r\n{}',
    )
  })

  test('has no length where nothing can follow, and says 0 where nothing does', () => {
    assert.equal(
      text({ method: 'GET', body: undefined }),
      'GET /v1/chat?a=b HTTP/1.1\r\nhost: api.example:8443\r\nconnection: keep-alive\r\n\r\n',
    )
    for (const body of [undefined, '']) assert.match(text({ body }), /\r\ncontent-length: 0\r\n\r\n$/)
  })

  test('says how many bytes of UTF-8 its body has', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (body) => {
        const [head = '', ...rest] = text({ body }).split('\r\n\r\n')
        assert.equal(rest.join('\r\n\r\n'), body)
        assert.equal(Number(/content-length: (\d+)$/.exec(head)?.[1]), Buffer.from(body).length)
      }),
    )
  })

  test('may have tabs and any visible ASCII in a value', () => {
    const visible = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')
    assert.ok(text({ fields: { 'x-a': `\t${visible}` } }).includes(`\r\nx-a: \t${visible}\r\n`))
  })

  test('is refused for a value that would end its line or is no visible ASCII, which is not told', () => {
    for (const bad of ['\r\nx-b: c', '\n', '\r', '\0', '\x7f', '\x1b', 'é', '\u010a', '\u{1f30d}', '\u2028']) {
      const error = refusal({ fields: { 'x-ok': 'yes', authorization: `Bearer sk-secret${bad}` } })
      assert.equal(error.code, 'internal')
      assert.match(error.message, /^(?!.*sk-secret).*"authorization"/)
    }
  })

  test('is refused for a name that is no token', () => {
    for (const name of ['', 'a b', 'a:', 'a\r\nb', 'a\n', 'é', '(a)', 'a\0', 'a\u010a'])
      assert.equal(refusal({ fields: { [name]: 'secret' } }).code, 'internal', name)
  })

  test('has one head and as many lines as fields, whatever these are, or is refused', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary', maxLength: 8 }), fc.string({ unit: 'binary', maxLength: 8 })),
        (fields) => {
          let made: string
          try {
            made = text({ fields })
          } catch (error) {
            assert.ok(error instanceof SluiceError && error.code === 'internal')
            return
          }
          const lines = made.split(/\r\n|\r|\n/)
          assert.equal(lines.length, 3 + Object.keys(fields).length + 3)
        },
      ),
      { numRuns: 500 },
    )
  })
})
