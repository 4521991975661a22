import { Buffer } from 'node:buffer'
import fc from 'fast-check'

/** A valid response, and what it means. */
export interface Sample {
  readonly bytes: Buffer
  /** Whether the server has to close behind it. */
  readonly closes: boolean
  readonly status: number
  /** As a client gives them: lower-case names, repeated ones joined, in the order of their first one. */
  readonly fields: Readonly<Record<string, string>>
  /** As Latin-1, a character for a byte. */
  readonly body: string
}

type Field = readonly [name: string, value: string]

const oneOf = (characters: string): fc.Arbitrary<string> => fc.constantFrom(...characters.split(''))
const token = fc.string({ unit: oneOf("abcxyzABCXYZ0189-_.!#$%&'*+^`|~"), minLength: 1, maxLength: 12 })
/** Begins and ends with something visible. */
const value = fc
  .string({ unit: oneOf(' \t:;,="()/?@[]{}aZ09\xe9\xff'), maxLength: 30 })
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''))
/** Of names that do not say where a body ends or what becomes of the connection. */
const field: fc.Arbitrary<Field> = fc.tuple(
  token.map((name) => `x-${name}`),
  value,
)
const space = fc.constantFrom('', ' ', '\t', '  ')
const lines = (fields: readonly (readonly [Field, string, string])[]): string =>
  fields.map(([[name, text], before, after]) => `${name}:${before}${text}${after}\r\n`).join('')
const written = fc.array(fc.tuple(field, space, space), { maxLength: 5 })

const interim = fc
  .record({ status: fc.constantFrom(102, 103, 199), fields: written })
  .map(({ status, fields }) => `HTTP/1.1 ${status} \r\n${lines(fields)}\r\n`)

/** Of a chunk, behind its size. */
const extensions = fc
  .array(
    fc.tuple(
      token,
      fc.option(
        fc.oneof(
          token,
          token.map((text) => `"${text}"`),
        ),
      ),
    ),
    { maxLength: 2 },
  )
  .map((all) => all.map(([name, text]) => (text === null ? `;${name}` : `;${name}=${text}`)).join(''))

const part = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 40 }) },
  // Looks as if it were a frame.
  {
    weight: 2,
    arbitrary: fc.constantFrom('\r\n', '\r\n0\r\n\r\n', '5\r\n', '\n', '\r').map((text) => Buffer.from(text)),
  },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1_000, maxLength: 5_000 }) },
)
const chunk = fc.record({ data: part, ext: extensions, zeros: fc.nat(3), upper: fc.boolean() })

function chunkText({
  data,
  ext,
  zeros,
  upper,
}: {
  data: Uint8Array
  ext: string
  zeros: number
  upper: boolean
}): string {
  const size = '0'.repeat(zeros) + data.length.toString(16)
  return `${upper ? size.toUpperCase() : size}${ext}\r\n${latin1(data)}\r\n`
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

interface Framed {
  readonly fields: readonly Field[]
  readonly text: string
  readonly body: string
  readonly closes: boolean
}

const chunked: fc.Arbitrary<Framed> = fc
  .record({ chunks: fc.array(chunk, { maxLength: 8 }), ext: extensions, trailers: written })
  .map(({ chunks, ext, trailers }) => ({
    fields: [['Transfer-Encoding', 'chunked']],
    text: `${chunks.map(chunkText).join('')}0${ext}\r\n${lines(trailers)}\r\n`,
    body: chunks.map(({ data }) => latin1(data)).join(''),
    closes: false,
  }))

const parts = fc.array(part, { maxLength: 5 }).map((all) => all.map(latin1).join(''))
const sized: fc.Arbitrary<Framed> = parts.map((body) => ({
  fields: [['Content-Length', String(body.length)]],
  text: body,
  body,
  closes: false,
}))
const untilClose: fc.Arbitrary<Framed> = parts.map((body) => ({ fields: [], text: body, body, closes: true }))
const bodiless: fc.Arbitrary<Framed> = fc
  .constantFrom<readonly Field[]>([], [['content-length', '7']])
  .map((fields) => ({ fields, text: '', body: '', closes: false }))

const framed = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(200, 201, 299, 400, 429, 503), chunked) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(200, 404, 500, 599), sized) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(200, 206, 502), untilClose) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(204, 304), bodiless) },
)

/** Any response that is as RFC 9112 has it. */
export const sample: fc.Arbitrary<Sample> = fc
  .record({
    interims: fc.array(interim, { maxLength: 2 }),
    reason: fc.constantFrom('', 'OK', 'Not "really": OK'),
    before: written,
    after: written,
    framed,
  })
  .map(({ interims, reason, before, after, framed: [status, { fields: framing, text, body, closes }] }) => {
    const all = [...before, ...framing.map((one) => [one, ' ', ''] as const), ...after]
    const head = `HTTP/1.1 ${status} ${reason}\r\n${lines(all)}\r\n`
    const fields = joined(all.map(([one]) => one))
    return { bytes: Buffer.from(interims.join('') + head + text, 'latin1'), closes, status, fields, body }
  })

/** Fields by lower-case name, repeated ones joined. */
export function joined(all: readonly Field[]): Readonly<Record<string, string>> {
  const fields = new Map<string, string>()
  for (const [name, text] of all) {
    const before = fields.get(name.toLowerCase())
    fields.set(name.toLowerCase(), before === undefined ? text : `${before}, ${text}`)
  }
  return Object.fromEntries(fields)
}

const fragment = fc.constantFrom(
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.0 204 \r\n',
  'HTTP/1.1 100 \r\n\r\n',
  'transfer-encoding: chunked\r\n',
  'content-length: 5\r\n',
  'connection: close\r\n',
  'keep-alive: timeout=5\r\n',
  'a: b\r\n',
  '\r\n',
  '\n',
  '\r',
  ' ',
  '5\r\nhello\r\n',
  '5;a=b\r\n',
  '0\r\n',
  '0\r\n\r\n',
  'f',
  ':',
  '\0',
)

/** Something done to bytes in one place. */
const damage = fc.record({
  at: fc.nat(),
  cut: fc.nat(3),
  put: fc.oneof(fragment, fc.string({ maxLength: 3, unit: 'binary-ascii' })),
})

/** Bytes that may be a response: pieces of some in any order, valid ones with damages, or anything. */
export const nearly: fc.Arbitrary<Buffer> = fc.oneof(
  fc.array(fragment, { maxLength: 20 }).map((all) => Buffer.from(all.join(''), 'latin1')),
  fc.array(fragment, { maxLength: 9 }).map((all) => Buffer.from(`HTTP/1.1 200 OK\r\n${all.join('')}`, 'latin1')),
  fc.tuple(sample, fc.array(damage, { minLength: 1, maxLength: 4 })).map(([{ bytes }, damages]) =>
    Buffer.from(
      damages.reduce((text, { at, cut, put }) => {
        const place = at % (text.length + 1)
        return text.slice(0, place) + put + text.slice(place + cut)
      }, bytes.toString('latin1')),
      'latin1',
    ),
  ),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
)
