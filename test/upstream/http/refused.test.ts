import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { everySplit, inPieces } from '../../sse/splits.ts'
import { essence, taken, takenOf, type Taken } from './reading.ts'

const HEAD = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n`

/** What becomes of bytes that must be refused, however they are cut. */
function refuse(text: string): Taken {
  const bytes = Buffer.from(text, 'latin1')
  const whole = taken([bytes])
  assert.equal(whole.refused, 'upstream_malformed', JSON.stringify(text.slice(0, 200)))
  if (bytes.length < 1_000)
    for (const { how, reads } of everySplit(bytes)) assert.deepEqual(essence(taken(reads)), essence(whole), how)
  else assert.deepEqual(essence(taken(inPieces(bytes, 7))), essence(whole))
  return whole
}

describe('a response is refused as malformed', () => {
  test('when it does not begin with a status line, at the first byte that tells', () => {
    for (const first of [
      'HTTP/2 200 OK',
      'HTTP/1.2 200 OK',
      'HTTP/1.1  200',
      'HTTP/1.1 20',
      'HTTP/1.1 2000',
      'http/1.1 200',
      '',
    ])
      refuse(`${first}\r\n`)
    for (const first of ['HTTP/1.1 099 Less', 'HTTP/1.1 200\tOK', 'HTTP/1.1 -20 OK', ' HTTP/1.1 200 OK'])
      refuse(`${first}\r\n`)
    // Nobody waits for the end of a line from a server that speaks something else.
    for (const first of ['SSH-2.0-OpenSSH', '\x15\x03\x01\x00\x02\x02\x46', 'HTTP/2', 'HTTPS', '<html>', '\r'])
      refuse(first)
  })

  test('when it changes the protocol', () => {
    refuse('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n')
  })

  test('when a header line has a control character, no colon, or no name', () => {
    for (const line of [
      'a: b\0',
      'a: b\x7f',
      'a: \x1b[31m',
      'a: b\rc',
      'a: b\r',
      'a',
      'a b',
      ': b',
      'a b: c',
      'a : b',
      'a\0: b',
      '\xe9: b',
      '(a): b',
    ])
      refuse(`${HEAD}${line}\r\n\r\n`)
  })

  test('when its first header line goes on with nothing, or a folded one has a control character', () => {
    refuse(`${HEAD} a: b\r\n\r\n`)
    refuse(`${HEAD}\ta: b\r\n\r\n`)
    refuse(`${HEAD}a: b\r\n c\0\r\n\r\n`)
  })

  test('when its length is not one number', () => {
    for (const length of ['x', '', '-1', '+1', '1.0', '1e3', '0x5', '5 5', '9'.repeat(16), '５'])
      refuse(`${HEAD}content-length: ${length}\r\n\r\n`)
  })

  test('when it has two lengths, though they be the same, or a length and a coding', () => {
    refuse(`${HEAD}content-length: 5\r\ncontent-length: 6\r\n\r\n`)
    refuse(`${HEAD}content-length: 5\r\ncontent-length: 5\r\n\r\n`)
    refuse(`${HEAD}content-length: 5, 5\r\n\r\n`)
    refuse(`${HEAD}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n`)
  })

  test('when it is coded by anything but chunks', () => {
    for (const coding of [
      'gzip',
      'gzip, chunked',
      'chunked, gzip',
      'chunked, chunked',
      'identity',
      '',
      'xchunked',
      'chunked;a=b',
    ])
      refuse(`${HEAD}transfer-encoding: ${coding}\r\n\r\n`)
    refuse(`${HEAD}transfer-encoding: chunked\r\ntransfer-encoding: gzip\r\n\r\n`)
    refuse(`${HEAD}transfer-encoding: chunked\r\n ,gzip\r\n\r\n`)
  })

  test('when the size of a chunk is no number, or more than anybody sends', () => {
    for (const size of [
      '',
      ' ',
      ' 5',
      'x',
      '5x',
      'g',
      '5G',
      '5:',
      '5/',
      '5@',
      '5`',
      '0x5',
      '-5',
      '+5',
      '5,',
      '5 5',
      ';a',
      '5;a\rb',
      'f'.repeat(13),
      '0'.repeat(13),
    ])
      refuse(`${CHUNKED}${size}\r\n`)
  })

  test('when a chunk is longer than its size says, at the first byte', () => {
    for (const more of ['x', '\rx', '\r\r', '0'])
      assert.equal(refuse(`${CHUNKED}5\r\nhello${more}`).body, 'hello', JSON.stringify(more))
    assert.equal(refuse(`${CHUNKED}5\r\nhello5\r\nworld\r\n0\r\n\r\n`).body, 'hello')
  })

  test('but what was read of its body before is given', () => {
    const { head, body, isDone } = refuse(`${CHUNKED}5\r\nhello\r\n2\r\n, \r\nworld\r\n`)
    assert.deepEqual([head?.status, body, isDone], [200, 'hello, ', false])
  })

  test('in words of ours, none of the server', () => {
    for (const said of [
      'secret',
      `${HEAD}secret: \x1b\r\n`,
      `${HEAD}secret\r\n`,
      `${HEAD}content-length: secret\r\n\r\n`,
    ]) {
      assert.match(refuse(said).why ?? '', /^(?!.*secret).+/)
    }
    assert.match(refuse(`${CHUNKED}secret\r\n`).why ?? '', /^(?!.*secret).+/)
  })
})

describe('a response is refused as too long to be one', () => {
  const LIMIT = 32 * 1024

  test('when its head is over 32 KiB, to the byte, however it is cut', () => {
    const end = '\r\ncontent-length: 0\r\n\r\n'
    const head = (length: number): string => `${HEAD}x: ${'y'.repeat(length - HEAD.length - 3 - end.length)}${end}`
    for (const size of [1, 7, 40_000]) {
      assert.equal(taken(inPieces(Buffer.from(head(LIMIT)), size)).isDone, true)
      assert.equal(taken(inPieces(Buffer.from(head(LIMIT + 1)), size)).refused, 'upstream_malformed')
    }
    refuse(`${HEAD}${'a: b\r\n'.repeat(LIMIT / 6)}`)
    refuse('HTTP/1.1 200 '.padEnd(LIMIT + 1, 'x'))
  })

  test('when its trailer fields are', () => {
    const fields = 'a: b\r\n'.repeat(5_000)
    assert.equal(takenOf(`${CHUNKED}0\r\n${fields}\r\n`).isDone, true)
    refuse(`${CHUNKED}0\r\n${fields}${fields}`)
    refuse(`${CHUNKED}0\r\n${'x'.repeat(LIMIT + 1)}`)
  })

  test('when the line with a chunk size is over 16 KiB', () => {
    const ok = `${CHUNKED}1;${'x'.repeat(LIMIT / 2 - 4)}\r\na\r\n`
    assert.equal(takenOf(ok.repeat(1) + '0\r\n\r\n').isDone, true)
    refuse(`${CHUNKED}1;${'x'.repeat(LIMIT / 2)}`)
    refuse(`${CHUNKED}${'1'.repeat(LIMIT)}`)
  })

  test('but not for the sum of its interim heads, nor of its chunk extensions', () => {
    const interim = `HTTP/1.1 103 Early Hints\r\nlink: ${'x'.repeat(20_000)}\r\n\r\n`
    const chunk = `1;${'x'.repeat(10_000)}\r\na\r\n`
    const bytes = Buffer.from(`${interim.repeat(3)}${CHUNKED}${chunk.repeat(4)}0\r\n\r\n`)
    const { body, isDone } = taken(inPieces(bytes, 1_000))
    assert.deepEqual([body, isDone], ['aaaa', true])
  })
})
