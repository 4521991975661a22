import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { SluiceError, type ErrorCode } from '../../src/errors.ts'
import { createDialer, open, type Exchange } from '../../src/upstream/open.ts'
import { TestClock } from '../support/clock.ts'
import { plainProvider, target } from '../support/gateway.ts'
import { until } from '../support/until.ts'
import { inChunks, onRequests, plainly, startAnswering, startServer } from './http/server.ts'

let clock: TestClock
let dialer: ReturnType<typeof createDialer>
beforeEach(() => void (dialer = createDialer((clock = new TestClock()))))
afterEach(() => dialer.close())

const NEVER = new AbortController().signal
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
const sized = (body: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`), body])

function ask(origin: string, path = '/chat', signal: AbortSignal = NEVER): Promise<Exchange> {
  return open(dialer, target(plainProvider(`${origin}/v1`)), { method: 'POST', path, body: '{}' }, signal)
}

/** All bytes of an exchange, and the error that they ended with. */
async function all({ bytes }: Exchange): Promise<{ readonly body: Buffer; readonly error: unknown }> {
  const parts: Uint8Array[] = []
  try {
    for await (const batch of bytes) parts.push(...batch)
    return { body: Buffer.concat(parts), error: undefined }
  } catch (error) {
    return { body: Buffer.concat(parts), error }
  }
}

function assertIs(error: unknown, code: ErrorCode, message: RegExp): true {
  assert.ok(error instanceof SluiceError)
  assert.deepEqual([error.code, error.facts.provider], [code, 'sim'])
  assert.match(error.message, message)
  return true
}

describe('what goes wrong with a provider is told with its name', () => {
  test("upstream_connect_failed, with the system's code: nobody listens, no such name", async () => {
    const server = await startServer(() => undefined)
    await server.close()
    await assert.rejects(ask(server.origin), (error) =>
      assertIs(error, 'upstream_connect_failed', /^sim: .*ECONNREFUSED/),
    )
    await assert.rejects(ask('http://nowhere.invalid'), (error) =>
      assertIs(error, 'upstream_connect_failed', /^sim: no connection \((ENOTFOUND|EAI_AGAIN)\)/),
    )
  })

  test('upstream_connect_failed: a certificate that nobody signed', async () => {
    await using server = await startAnswering(plainly('x'), { isSecure: true })
    await assert.rejects(ask(server.origin), (error) =>
      assertIs(error, 'upstream_connect_failed', /^sim: no connection \(DEPTH_ZERO_SELF_SIGNED_CERT\)/),
    )
  })

  test('upstream_reset before a response: reset, closed', async () => {
    for (const [how, code] of [
      ['resetAndDestroy', /^sim: the connection broke before a response \(ECONNRESET\)/],
      ['end', /^sim: the connection broke before a response \(closed by the server\)/],
    ] as const) {
      await using server = await startAnswering((_, socket) => void socket[how]())
      await assert.rejects(ask(server.origin), (error) => assertIs(error, 'upstream_reset', code))
    }
  })

  test('upstream_reset in the middle of one, after what had come', async () => {
    await using server = await startAnswering((_, socket) => void socket.end(`${CHUNKED}5\r\nhello\r\n`))
    const { body, error } = await all(await ask(server.origin))
    assert.equal(body.toString(), 'hello')
    assertIs(error, 'upstream_reset', /^sim: the connection broke in mid-response/)
  })

  test('upstream_malformed: no HTTP, or chunks that are none, after what had come', async () => {
    await using server = await startAnswering(({ path }) =>
      path === '/v1/none' ? 'HTTP/3 is not this\r\n' : `${CHUNKED}5\r\nhello\r\nnothing\r\n`,
    )
    await assert.rejects(ask(server.origin, '/none'), (error) =>
      assertIs(error, 'upstream_malformed', /^sim: the response/),
    )
    const { body, error } = await all(await ask(server.origin, '/chunks'))
    assert.equal(body.toString(), 'hello')
    assertIs(error, 'upstream_malformed', /^sim: the size of a chunk/)
  })

  test('the deadline that passed: for the connection, for the head', async () => {
    await using server = await startServer((socket) => void socket.resume())
    const secure = ask(server.origin.replace('http', 'https'))
    await until(() => server.sockets.length === 1, 5_000, 'it connects')
    clock.advance(60_000)
    await assert.rejects(secure, (error) => assertIs(error, 'upstream_connect_timeout', /^sim: no connection/))
    const plain = ask(server.origin)
    await until(() => server.sockets.length === 2, 5_000, 'it connects')
    await until(() => (server.sockets[1]?.bytesRead ?? 0) > 0, 5_000, 'it asks')
    clock.advance(600_000)
    await assert.rejects(plain, (error) => assertIs(error, 'upstream_head_timeout', /^sim: no response head/))
    await until(() => server.open === 0, 5_000, 'both are closed')
    assert.equal(clock.armed, 0)
  })
})

describe('an exchange', () => {
  test('that is aborted closes its connection and ends with the reason, before and after its head', async () => {
    await using server = await startAnswering(({ path }) =>
      path === '/v1/wait' ? undefined : `${CHUNKED}5\r\nhello\r\n`,
    )
    for (const path of ['/wait', '/go']) {
      const leaving = new AbortController()
      const reason = new SluiceError('cancelled', 'the caller left')
      const asked = ask(server.origin, path, leaving.signal)
      if (path === '/wait') {
        await until(() => (server.sockets.at(-1)?.bytesRead ?? 0) > 0, 5_000, 'it asks')
        leaving.abort(reason)
        await assert.rejects(asked, reason)
      } else {
        const exchange = await asked
        const read = all(exchange)
        leaving.abort(reason)
        assert.equal((await read).error, reason)
      }
      await until(() => server.open === 0, 5_000, 'it is closed')
      assert.equal(getEventListeners(leaving.signal, 'abort').length, 0)
    }
    assert.equal(clock.armed, 0)
  })

  test('that is over has let go of its signal and its deadlines, and its connection is used again', async () => {
    const { signal } = new AbortController()
    await using server = await startAnswering(inChunks('hello'))
    for (let i = 0; i < 5; i++)
      assert.equal((await all(await ask(server.origin, '/', signal))).body.toString(), 'hello')
    assert.deepEqual([server.sockets.length, getEventListeners(signal, 'abort').length], [1, 0])
    // What is left looks after the idle connection.
    assert.equal(clock.armed, 1)
  })

  test('whose body nobody reads holds its server back, and whoever reads it later gets all of it', async () => {
    const sent = randomBytes(24 * 1024 * 1024)
    await using server = await startServer((socket) =>
      onRequests(socket, ({ nth }) => {
        if (nth > 0) return void socket.write(plainly('again'))
        return void socket.write(sized(sent))
      }),
    )
    const exchange = await ask(server.origin)
    const [socket] = server.sockets
    assert.ok(socket)
    for (let before = -1; before !== socket.writableLength; await new Promise((resolve) => setTimeout(resolve, 100)))
      before = socket.writableLength
    assert.ok(socket.writableLength > 0)
    assert.ok(sent.equals((await all(exchange)).body))
    assert.equal((await all(await ask(server.origin))).body.length, 'again'.length)
    assert.equal(server.sockets.length, 1)
  })

  test('whose last bytes were more than is kept does not hold up the next one on its connection', async () => {
    const sent = randomBytes(1024 * 1024 + 1)
    await using server = await startServer((socket) =>
      onRequests(socket, ({ nth }) => {
        if (nth > 0) return void socket.write(plainly('again'))
        return void socket.write(sized(sent))
      }),
    )
    const { signal } = new AbortController()
    const exchange = await ask(server.origin, '/', signal)
    await until(() => getEventListeners(signal, 'abort').length === 0, 5_000, 'all of it came')
    assert.equal((await all(await ask(server.origin))).body.length, 'again'.length)
    assert.ok(sent.equals((await all(exchange)).body))
    assert.equal(server.sockets.length, 1)
  })

  test('read slowly beside others that are read fast has its own bytes', async () => {
    const bodies = Array.from({ length: 12 }, () => randomBytes(60_000))
    await using server = await startServer((socket) =>
      onRequests(socket, async ({ path }) => {
        const body = bodies[Number(path.slice('/v1/'.length))] ?? Buffer.alloc(0)
        socket.write(CHUNKED)
        for (let at = 0; at < body.length; at += 1_000) {
          socket.write(Buffer.concat([Buffer.from('3e8\r\n'), body.subarray(at, at + 1_000), Buffer.from('\r\n')]))
          await new Promise(setImmediate)
        }
        socket.write('0\r\n\r\n')
      }),
    )
    const exchanges = await Promise.all(bodies.map((_, i) => ask(server.origin, `/${i}`)))
    const reads = exchanges.map(async (exchange, i) => {
      const parts: Uint8Array[] = []
      for await (const batch of exchange.bytes) {
        parts.push(...batch)
        if (i % 2 === 0) for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
      }
      return Buffer.concat(parts)
    })
    for (const [i, body] of (await Promise.all(reads)).entries()) assert.ok(bodies[i]?.equals(body), `stream ${i}`)
  })
})
