import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { CLOSED } from '../../../src/upstream/http/connection.ts'
import { Connections } from '../../../src/upstream/http/connections.ts'
import { TestClock } from '../../support/clock.ts'
import { until } from '../../support/until.ts'
import { resolving } from './lookup.ts'
import { ask, codeOf, exchange, Recorder, request } from './recorder.ts'
import { CERTIFICATE, inChunks, plainly, startAnswering, startServer } from './server.ts'

let connections: Connections
beforeEach(() => void (connections = new Connections(new TestClock(), { ca: CERTIFICATE })))
afterEach(() => {
  connections.close()
  mock.restoreAll()
})

describe('a connection over TLS', () => {
  test('is made to a server whose certificate is trusted, and used again', async () => {
    await using server = await startAnswering(({ path }) => inChunks('at ', path), { isSecure: true })
    for (let i = 0; i < 5; i++) assert.equal(await ask(connections, server.origin, `/${i}`), `at /${i}`)
    assert.equal(server.sockets.length, 1)
  })

  test('names the host that it wants, and no address', async () => {
    const named: unknown[] = []
    await using server = await startAnswering(
      (_, socket) => {
        named.push(socket instanceof TLSSocket && socket.servername)
        return plainly('x')
      },
      { isSecure: true },
    )
    resolving('127.0.0.1')
    for (const host of ['localhost', '127.0.0.1']) await ask(connections, `https://${host}:${server.port}`)
    assert.deepEqual(named, ['localhost', false])
  })

  test('is not made to one whose certificate nobody signed, and the code says why', async () => {
    await using server = await startAnswering(plainly('x'), { isSecure: true })
    const others = new Connections(new TestClock())
    const failed = await exchange(others, server.origin)
    assert.deepEqual([await codeOf(failed), failed.events], ['DEPTH_ZERO_SELF_SIGNED_CERT', ['failed']])
    others.close()
  })

  test('is not made to one whose certificate is for another name', async () => {
    await using server = await startAnswering(plainly('x'), { isSecure: true })
    resolving('127.0.0.1')
    assert.equal(await ask(connections, `https://localhost:${server.port}`), 'x')
    const failed = await exchange(connections, `https://other.example:${server.port}`)
    assert.equal(await codeOf(failed), 'ERR_TLS_CERT_ALTNAME_INVALID')
  })

  test('is not made to a server that speaks no TLS', async () => {
    await using server = await startServer(
      (socket) => void socket.once('data', () => socket.end('HTTP/1.1 400 \r\n\r\n')),
    )
    const failed = await exchange(connections, server.origin.replace('http', 'https'))
    assert.match((await codeOf(failed)) ?? '', /^(ERR_SSL|EPROTO)/)
  })

  test('is not made to one that closes before it is', async () => {
    await using server = await startServer((socket) => void socket.once('data', () => socket.end()))
    const code = await codeOf(await exchange(connections, server.origin.replace('http', 'https')))
    assert.ok(code === CLOSED || code === 'ECONNRESET', code ?? 'none')
  })

  test('can be given up while it is made', async () => {
    await using server = await startServer((socket) => void socket.resume())
    const sink = new Recorder()
    const connection = connections.send(server.origin.replace('http', 'https'), request(), sink)
    await until(() => server.sockets.length === 1, 5_000, 'it is connected')
    connection.destroy()
    await until(() => server.open === 0, 5_000, 'it is closed')
    assert.deepEqual(sink.events, [])
  })

  test('goes on where the last one began: no certificate is sent again', async () => {
    const reused: boolean[] = []
    const answer = plainly('x', 'connection: close\r\n')
    await using server = await startAnswering(
      (_, socket) => {
        reused.push(socket instanceof TLSSocket && socket.isSessionReused())
        return answer
      },
      { isSecure: true },
    )
    for (let i = 0; i < 4; i++) assert.equal(await ask(connections, server.origin), 'x')
    assert.deepEqual(reused, [false, true, true, true])
  })

  test('ends where the server ends it: a body without another end is whole', async () => {
    await using server = await startAnswering((_, socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\nhello'), {
      isSecure: true,
    })
    const { text, events, late } = await exchange(connections, server.origin)
    assert.deepEqual([text, events, late], ['hello', ['connected', 'head', 'body', 'end'], []])
    await until(() => server.open === 0, 5_000, 'it is closed')
  })

  test('fails where the server ends it too early, cuts it, or sends what is no TLS', async () => {
    await using target = await startAnswering(
      (_, socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello'),
      {
        isSecure: true,
      },
    )
    for (const [cut, code] of [
      ['end', CLOSED],
      ['resetAndDestroy', 'ECONNRESET'],
      ['write', 'ERR_SSL'],
    ] as const) {
      // Between the two, so that it can be cut below TLS.
      await using between = await startServer((socket) => {
        const up = connect(target.port, '127.0.0.1')
        up.on('error', () => undefined)
        socket.on('close', () => up.destroy())
        socket.pipe(up)
        up.on('data', (bytes) => socket.write(bytes))
      })
      const sink = new Recorder()
      connections.send(between.origin.replace('http', 'https'), request(), sink)
      await sink.begun
      if (cut === 'write') between.sockets[0]?.write('no TLS at all')
      else between.sockets[0]?.[cut]()
      const failed = await codeOf(sink)
      assert.ok(failed?.startsWith(code), `${cut}: ${failed}`)
      assert.equal(sink.text, 'hello')
    }
  })

  test('that is idle is gone when the server closes it', async () => {
    await using server = await startAnswering(plainly('x'), { isSecure: true })
    await ask(connections, server.origin)
    server.sockets[0]?.end()
    await until(() => server.open === 0, 5_000, 'both have closed it')
    assert.equal(await ask(connections, server.origin), 'x')
    assert.equal(server.sockets.length, 2)
  })
})
