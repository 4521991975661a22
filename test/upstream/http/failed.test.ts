import assert from 'node:assert/strict'
import dns from 'node:dns'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { CLOSED } from '../../../src/upstream/http/connection.ts'
import { Connections } from '../../../src/upstream/http/connections.ts'
import { TestClock } from '../../support/clock.ts'
import { until } from '../../support/until.ts'
import { resolving } from './lookup.ts'
import { ask, codeOf, exchange, Recorder, request } from './recorder.ts'
import { CERTIFICATE, onRequests, plainly, startAnswering, startServer } from './server.ts'

let connections: Connections
beforeEach(() => void (connections = new Connections(new TestClock())))
afterEach(() => {
  connections.close()
  mock.restoreAll()
})

const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'

describe('an exchange fails, after what was read was given,', () => {
  const BREAKS: readonly (readonly [how: string, breaks: (socket: Socket) => void, code: string, body?: string])[] = [
    ['reset before the head', (socket) => socket.resetAndDestroy(), 'ECONNRESET'],
    ['ended before the head', (socket) => socket.end(), CLOSED],
    ['ended in the head', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent'), CLOSED],
    ['ended after an interim head', (socket) => socket.end('HTTP/1.1 100 Continue\r\n\r\n'), CLOSED],
    ['ended in a length', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello'), CLOSED, 'hello'],
    ['ended in half a chunk', (socket) => socket.end(`${CHUNKED}3\r\nabc\r\n9\r\nhello`), CLOSED, 'abchello'],
    ['ended before the last chunk', (socket) => socket.end(`${CHUNKED}5\r\nhello\r\n`), CLOSED, 'hello'],
    ['ended in the trailer fields', (socket) => socket.end(`${CHUNKED}5\r\nhello\r\n0\r\nx: y\r\n`), CLOSED, 'hello'],
    ['malformed', (socket) => socket.write('SSH-2.0-x'), 'upstream_malformed'],
    ['malformed in the body', (socket) => socket.write(`${CHUNKED}5\r\nhello\r\nx\r\n`), 'upstream_malformed', 'hello'],
  ]
  for (const [how, breaks, code, body = ''] of BREAKS) {
    test(`when it is ${how}`, async () => {
      await using server = await startServer((socket) => onRequests(socket, () => breaks(socket)))
      const failed = await exchange(connections, server.origin)
      assert.deepEqual([await codeOf(failed), failed.text], [code, body])
      assert.equal(failed.events.at(-1), 'failed')
      assert.deepEqual(failed.late, [])
      await until(() => server.open === 0, 5_000, 'the connection is closed')
    })
  }

  test('when it is reset in the middle of the body', async () => {
    let socket: Socket | undefined
    await using server = await startAnswering((_, asking) => {
      socket = asking
      return `${CHUNKED}5\r\nhello\r\n`
    })
    const failed = new Recorder()
    connections.send(server.origin, request(), failed)
    await failed.begun
    socket?.resetAndDestroy()
    assert.deepEqual([await codeOf(failed), failed.text], ['ECONNRESET', 'hello'])
    assert.deepEqual(failed.events, ['connected', 'head', 'body', 'failed'])
  })

  test('when its sink throws, with what it threw', async () => {
    await using server = await startAnswering(plainly('hello'))
    for (const hook of ['head', 'body'] as const) {
      const error = new Error('of the sink')
      const failed = new Recorder({
        [hook]: () => {
          throw error
        },
      })
      connections.send(server.origin, request(), failed)
      assert.equal(await failed.over, error)
      assert.deepEqual([failed.events.at(-2), failed.events.at(-1), failed.late], [hook, 'failed', []])
    }
    assert.equal(await ask(connections, server.origin), 'hello')
    await until(() => server.open === 1, 5_000, 'what the sinks threw at is closed')
  })

  test('but not when its sink throws at its end: that costs the connection', async () => {
    await using server = await startAnswering(plainly('hello'))
    const whole = new Recorder({
      end: () => {
        throw new Error('of the sink')
      },
    })
    connections.send(server.origin, request(), whole)
    assert.deepEqual([await whole.over, whole.text], [undefined, 'hello'])
    await until(() => server.open === 0, 5_000, 'it is closed')
    assert.deepEqual([await ask(connections, server.origin), whole.late], ['hello', []])
  })
})

describe('an exchange that its sink destroys says no more', () => {
  for (const event of ['connected', 'head', 'body'] as const) {
    test(`from within "${event}", though all of the response was read`, async () => {
      await using server = await startAnswering(plainly('hello'))
      const seen = Promise.withResolvers<void>()
      const sink = new Recorder({
        [event]: () => {
          connection?.destroy()
          seen.resolve()
        },
      })
      let connection: ReturnType<Connections['send']> | undefined
      connection = connections.send(server.origin, request(), sink)
      await seen.promise
      await until(() => server.sockets.length === 0 || server.open === 0, 5_000, 'it is closed')
      assert.deepEqual([sink.events.at(-1), sink.late], [event, []])
    })
  }
})

describe('a connection is not made', () => {
  test('when nobody listens', async () => {
    const server = await startServer(() => undefined)
    await server.close()
    const failed = await exchange(connections, server.origin)
    assert.deepEqual([await codeOf(failed), failed.events], ['ECONNREFUSED', ['failed']])
  })

  test('when the name has no address', async () => {
    resolving()
    assert.equal(await codeOf(await exchange(connections, 'http://nowhere.example')), 'ENOTFOUND')
    assert.equal(await codeOf(await exchange(connections, 'https://nowhere.example')), 'ENOTFOUND')
  })

  test('when it is given up meanwhile, of which the sink hears nothing', async () => {
    await using plain = await startAnswering(plainly('x'))
    await using secure = await startServer(() => undefined, { isSecure: true })
    const lookups: (() => void)[] = []
    mock.method(dns, 'lookup', (_name: string, _options: object, done: (...given: unknown[]) => void) => {
      lookups.push(() => done(null, [{ address: '127.0.0.1', family: 4 }]))
    })
    const origins = [`http://slow.example:${plain.port}`, `https://slow.example:${secure.port}`]
    const [early, late] = [1, 2].map(() =>
      origins.map((origin) => {
        const sink = new Recorder()
        return { sink, connection: connections.send(origin, request(), sink) }
      }),
    )
    for (const { connection } of early ?? []) connection.destroy()
    for (const found of lookups) found()
    for (const { connection } of late ?? []) connection.destroy()
    await ask(connections, plain.origin)
    assert.deepEqual([plain.open, secure.open, lookups.length], [1, 0, 4])
    for (const { sink } of [...(early ?? []), ...(late ?? [])]) assert.deepEqual(sink.events, [])
  })
})

describe('a host with several addresses', () => {
  for (const isSecure of [false, true]) {
    test(`is reached at the one that answers${isSecure ? ', over TLS too' : ''}`, async () => {
      await using server = await startAnswering(({ path }) => plainly(path.repeat(50)), { isSecure })
      resolving('::1', '127.0.0.1')
      const client = new Connections(new TestClock(), { ca: CERTIFICATE })
      const origin = `${isSecure ? 'https' : 'http'}://localhost:${server.port}`
      for (const path of ['/one', '/two']) assert.equal(await ask(client, origin, path), path.repeat(50))
      assert.equal(server.sockets.length, 1)
      client.close()
    })
  }

  test("is not reached when none of them answers, which is told with the first one's code", async () => {
    const server = await startServer(() => undefined)
    await server.close()
    resolving('::1', '127.0.0.1')
    const error: unknown = await (await exchange(connections, `http://localhost:${server.port}`)).over
    assert.ok(error instanceof AggregateError)
    assert.equal(error.errors.length, 2)
  })

  test('is not asked for where it is an address already, of either kind', async () => {
    const server = await startServer(() => undefined)
    await server.close()
    const asked = resolving()
    for (const host of ['127.0.0.1', '[::1]']) await exchange(connections, `http://${host}:${server.port}`)
    assert.deepEqual(asked, [])
  })
})
