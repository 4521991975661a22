import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { everySplit } from '../../sse/splits.ts'
import { essence, taken, takenOf, type Taken } from './reading.ts'

const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
const UNTIL_CLOSE = 'HTTP/1.1 200 OK\r\n\r\n'
const sized = (length: number): string => `HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n`

/** The response, read whole, byte by byte and cut in two anywhere, which must all come to the same. */
function read(text: string, closes = false): Taken {
  const bytes = Buffer.from(text, 'latin1')
  const whole = taken([bytes], closes)
  for (const { how, reads } of everySplit(bytes)) assert.deepEqual(essence(taken(reads, closes)), essence(whole), how)
  return whole
}

function assertWhole(text: string, body: string, closes = false): void {
  const { isDone, used, refused, ...got } = read(text, closes)
  assert.deepEqual(
    { isDone, used, refused, body: got.body },
    { isDone: true, used: text.length, refused: undefined, body },
  )
}

describe('the end of a response', () => {
  test('is where its last chunk is', () => {
    assertWhole(`${CHUNKED}5\r\nhello\r\n1\r\n,\r\n0\r\n\r\n`, 'hello,')
    assertWhole(`${CHUNKED}0\r\n\r\n`, '')
    assertWhole('HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\n,\r\n0\r\n\r\n', ',')
  })

  test('is where its chunks end, whatever their extensions, trailer fields, digits and leading zeros', () => {
    assertWhole(`${CHUNKED}5;a=b;c="d e"\r\nhello\r\n0;x\r\n\r\n`, 'hello')
    assertWhole(`${CHUNKED}5 \t\r\nhello\r\n5 ;a\r\nhello\r\n0 \r\n\r\n`, 'hellohello')
    assertWhole(`${CHUNKED}3\r\nabc\r\n0\r\nexpires: never\r\nx-sum: 1\r\n\r\n`, 'abc')
    assertWhole(
      `${CHUNKED}1A\r\n${'z'.repeat(26)}\r\n1a\r\n${'y'.repeat(26)}\r\n0\r\n\r\n`,
      'z'.repeat(26) + 'y'.repeat(26),
    )
    assertWhole(`${CHUNKED}00000003\r\nabc\r\n000000000000\r\n\r\n`, 'abc')
  })

  test('is not what looks like one within a chunk', () => {
    assertWhole(`${CHUNKED}7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n`, '\r\n0\r\n\r\n')
  })

  test('is after its length', () => {
    assertWhole(`${sized(5)}hello`, 'hello')
    assertWhole(sized(0), '')
  })

  test('is where the server closes, when nothing else says it', () => {
    assertWhole(`${UNTIL_CLOSE}hello`, 'hello', true)
    assertWhole(UNTIL_CLOSE, '', true)
    assert.equal(read(`${UNTIL_CLOSE}hello`).isDone, false)
  })

  test('is not where the server closes, when a length or a chunk says more', () => {
    for (const text of [
      `${sized(9)}hello`,
      `${CHUNKED}5\r\nhello\r\n`,
      `${CHUNKED}9\r\nhello`,
      `${CHUNKED}0\r\n`,
      'HTTP/1.1 2',
    ])
      assert.equal(read(text, true).isDone, false, text)
  })

  test('is its head for 204 and 304, whatever that says', () => {
    for (const status of [204, 304]) {
      assertWhole(`HTTP/1.1 ${status} None\r\n\r\n`, '')
      assertWhole(`HTTP/1.1 ${status} None\r\ncontent-length: 5\r\n\r\n`, '')
      assertWhole(`HTTP/1.1 ${status} None\r\ntransfer-encoding: chunked\r\n\r\n`, '')
    }
  })

  test('leaves what is behind it', () => {
    for (const [text, body] of [
      [`${sized(2)}ok`, 'ok'],
      [`${CHUNKED}2\r\nok\r\n0\r\n\r\n`, 'ok'],
      ['HTTP/1.1 204 None\r\n\r\n', ''],
    ] as const) {
      const got = read(`${text}HTTP/1.1 200 OK\r\n`)
      assert.deepEqual([got.used, got.body, got.isDone], [text.length, body, true])
    }
  })

  test('is told at once, and what one read brought of the body in one call', () => {
    const chunks = Array.from({ length: 50 }, (_, i) => `${(i + 1).toString(16)}\r\n${'x'.repeat(i + 1)}\r\n`)
    const { body, calls, isDone } = takenOf(`${CHUNKED}${chunks.join('')}0\r\n\r\n`)
    assert.deepEqual([body, calls, isDone], ['x'.repeat(1275), 1, true])
  })
})

describe('the head of a response', () => {
  test('is the last one: interim ones are passed over', () => {
    const { head, body } = read(
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\ncontent-length: 9\r\n\r\n${sized(2)}ok`,
    )
    assert.deepEqual([head?.status, { ...head?.fields }, body], [200, { 'content-length': '2' }, 'ok'])
  })

  test('has its names in lower case, its values without outer space, repeated fields joined', () => {
    const { head } = read(
      'HTTP/1.1 200 OK\r\nX-A:  b \t\r\nx-a:\r\nX-a:c d\r\n__proto__: e\r\ncontent-length:0\r\n\r\n',
    )
    assert.deepEqual(Object.entries(head?.fields ?? {}), [
      ['x-a', 'b, , c d'],
      ['__proto__', 'e'],
      ['content-length', '0'],
    ])
  })

  test('may have Latin-1 in its values, colons, and fields that go on in the next line', () => {
    const { head } = read('HTTP/1.1 200 OK\r\nx-a: \xe9:\r\n \t b\r\n\tc:d\r\ncontent-length: 0\r\n\r\n')
    assert.equal(head?.fields['x-a'], '\xe9: b c:d')
  })

  test('may have lines that end with a bare LF, and no reason', () => {
    assertWhole('HTTP/1.1 200\ncontent-length: 2\n\nok', 'ok')
    assertWhole('HTTP/1.1 200 \r\ncontent-length: 2\n\r\nok', 'ok')
  })

  test('is read in no time however its spaces lie', () => {
    const started = performance.now()
    const { head } = takenOf(`HTTP/1.1 200 OK\r\nx: a${' '.repeat(32_000)}b\r\ncontent-length: 0\r\n\r\n`)
    assert.equal(head?.fields['x']?.length, 32_002)
    // A regular expression that looks for the outer space took a second.
    assert.ok(performance.now() - started < 100)
  })
})

describe('how long a connection may be used again', () => {
  const kept = (head: string, closes = false): number => read(`${head}\r\n\r\n`, closes).keptMs

  test('is half a minute, unless the server says how long: then 2 s less, up to ten minutes', () => {
    assert.equal(kept('HTTP/1.1 200 OK\r\ncontent-length: 0'), 30_000)
    for (const [said, ms] of [
      ['timeout=5', 3_000],
      ['Timeout=75, max=100', 73_000],
      ['max=100, timeout=20', 18_000],
      ['timeout=1', 0],
      ['timeout=2', 0],
      ['timeout=99999999999', 600_000],
      ['max=5', 30_000],
      ['timeout=x', 30_000],
    ] as const)
      assert.equal(kept(`HTTP/1.1 200 OK\r\ncontent-length: 0\r\nkeep-alive: ${said}`), ms, said)
  })

  test('is not at all after "connection: close" or a body that lasts until the close', () => {
    assert.equal(kept('HTTP/1.1 204 OK\r\nconnection: Close'), 0)
    assert.equal(kept('HTTP/1.1 204 OK\r\nconnection: keep-alive\r\nconnection: x, close'), 0)
    assert.equal(kept('HTTP/1.1 200 OK', true), 0)
    assert.equal(kept('HTTP/1.1 200 OK\r\nconnection: keep-alive', true), 0)
  })

  test('is not at all in HTTP/1.0, unless it says keep-alive, and never after chunks, which it does not know', () => {
    assert.equal(kept('HTTP/1.0 200 OK\r\ncontent-length: 0'), 0)
    assert.equal(kept('HTTP/1.0 200 OK\r\ncontent-length: 0\r\nconnection: Keep-Alive\r\nkeep-alive: timeout=7'), 5_000)
    assert.equal(kept('HTTP/1.0 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive, close'), 0)
    assert.equal(kept('HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n0'), 0)
  })
})
