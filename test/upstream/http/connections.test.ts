import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Connections } from '../../../src/upstream/http/connections.ts'
import { TestClock } from '../../support/clock.ts'
import { until } from '../../support/until.ts'
import { collectGarbage } from '../../log/support.ts'
import { pair } from './pair.ts'
import { ask, codeOf, exchange, Recorder, request } from './recorder.ts'
import { inChunks, plainly, startAnswering, startServer } from './server.ts'

describe('a connection is not used again', () => {
  const NEVER: readonly (readonly [why: string, answer: string, closes: boolean])[] = [
    ['after "connection: close"', plainly('x', 'connection: close\r\n'), false],
    ['after HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx', false],
    ['after a body that lasts until the close', 'HTTP/1.1 200 OK\r\n\r\nx', true],
    ['after bytes behind the response', `${plainly('x')}HTTP/1.1 200 OK\r\n`, false],
    ['after bytes behind the chunks', `${inChunks('x')}\r\n`, false],
    ['after a body of 204', 'HTTP/1.1 204 None\r\ncontent-length: 1\r\n\r\nx', false],
    ['that would soon be closed', plainly('x', 'keep-alive: timeout=2\r\n'), false],
  ]
  for (const [why, answer, closes] of NEVER) {
    test(why, async () => {
      await using both = await pair((_, socket) => {
        socket.write(answer)
        if (closes) socket.end()
        return undefined
      })
      const { connections, server } = both
      for (let i = 0; i < 3; i++) assert.deepEqual((await exchange(connections, server.origin)).late, [])
      assert.equal(server.sockets.length, 3)
      await until(() => server.open === 0, 5_000, 'all are closed')
    })
  }

  test('while it is in use: two at once are two', async () => {
    await using both = await pair(plainly('x'))
    await Promise.all([1, 2].map(() => ask(both.connections, both.server.origin)))
    assert.equal(both.server.sockets.length, 2)
  })

  test('after its exchange was aborted, of which nothing is heard any more', async () => {
    await using both = await pair((_, socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx'))
    const { connections, server } = both
    const aborted = new Recorder()
    const connection = connections.send(server.origin, request(), aborted)
    await aborted.begun
    connection.destroy()
    await until(() => server.open === 0, 5_000, 'the server sees it')
    assert.deepEqual(aborted.events, ['connected', 'head', 'body'])
    const next = new Recorder()
    connections.send(server.origin, request(), next)
    await next.begun
    assert.equal(server.sockets.length, 2)
  })

  test('after it was idle for as long as the server said less 2 s, or half a minute', async () => {
    for (const [fields, ms] of [
      ['keep-alive: timeout=5\r\n', 3_000],
      ['', 30_000],
    ] as const) {
      await using both = await pair(plainly('x', fields))
      const { clock, connections, server } = both
      await ask(connections, server.origin)
      clock.advance(ms - 1)
      await ask(connections, server.origin)
      assert.equal(server.sockets.length, 1)
      clock.advance(ms)
      await ask(connections, server.origin)
      assert.equal(server.sockets.length, 2)
      await until(() => server.open === 1, 5_000, 'the old one is closed')
    }
  })

  test('after that time it is closed though nobody asks, and no timer is left', async () => {
    await using both = await pair(plainly('x', 'keep-alive: timeout=5\r\n'))
    await ask(both.connections, both.server.origin)
    both.clock.advance(5_000)
    await until(() => both.server.open === 0, 5_000, 'it is closed')
    assert.equal(both.clock.armed, 0)
  })
})

describe('an idle connection', () => {
  test('that the server closes is gone: the next request has a new one', async () => {
    for (const close of ['end', 'destroy', 'resetAndDestroy'] as const) {
      await using both = await pair(plainly('x'))
      const { connections, server } = both
      await using other = await startAnswering(plainly('other'))
      await ask(connections, server.origin)
      server.sockets[0]?.[close]()
      await until(() => server.sockets[0]?.closed === true, 5_000, 'the server closed it')
      // What is here and there again takes longer than that.
      await ask(connections, other.origin)
      assert.equal(await ask(connections, server.origin), 'x')
      assert.equal(server.sockets.length, 2)
    }
  })

  test("on which the server says farewell is gone, and what it said is nobody's response", async () => {
    await using both = await pair(plainly('x'))
    const { connections, server } = both
    await ask(connections, server.origin)
    server.sockets[0]?.end('HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
    await until(() => server.open === 0, 5_000, 'the client closed it')
    assert.equal((await exchange(connections, server.origin)).response?.status, 200)
    assert.equal(server.sockets.length, 2)
  })

  test('that fell in this very turn is not taken', async () => {
    await using both = await pair(plainly('x'))
    const { connections, server } = both
    const kept = new Recorder()
    const connection = connections.send(server.origin, request(), kept)
    await kept.over
    // As in the turn in which its end is read: the socket is destroyed, and has not said yet that it is closed.
    connection.fail(new Error('ended'))
    assert.equal(await ask(connections, server.origin), 'x')
    assert.equal(server.sockets.length, 2)
  })
})

describe('a connection that is no more', () => {
  test('is not kept, however it ended', async () => {
    await using both = await pair(({ path }, socket) => {
      if (path === '/close') return plainly('x', 'connection: close\r\n')
      return path === '/reset' ? void socket.resetAndDestroy() : undefined
    })
    const { connections, server } = both
    const send = (path: string): { readonly over: Promise<unknown>; readonly ref: WeakRef<object> } => {
      const sink = new Recorder()
      const connection = connections.send(server.origin, request(path), sink)
      if (path !== '/abort') return { over: sink.over, ref: new WeakRef(connection) }
      const before = server.sockets.length
      const asked = until(() => server.sockets.length > before, 5_000, 'it is made').then(() => connection.destroy())
      return { over: asked, ref: new WeakRef(connection) }
    }
    const refs: WeakRef<object>[] = []
    for (const path of ['/close', '/reset', '/abort']) {
      const { over, ref } = send(path)
      refs.push(ref)
      await over
    }
    await until(() => server.open === 0, 5_000, 'all are closed')
    // The last one has something behind it that the stack may still refer to.
    await ask(connections, server.origin, '/close')
    await new Promise(setImmediate)
    collectGarbage()
    assert.deepEqual(
      refs.map((ref) => ref.deref()),
      [undefined, undefined, undefined],
    )
  })
})

describe('all connections are closed', () => {
  test('at once: the idle ones, those in use, those being made, and those asked for afterwards', async () => {
    await using both = await pair(({ path }) => (path === '/idle' ? plainly('x') : undefined))
    const { clock, connections, server } = both
    await ask(connections, server.origin, '/idle')
    const used = new Recorder()
    connections.send(server.origin, request('/used'), used)
    await until(() => used.events.length > 0, 5_000, 'it is connected')
    const [made, later] = [new Recorder(), new Recorder()]
    connections.send(server.origin, request('/made'), made)
    connections.close()
    connections.send(server.origin, request('/later'), later)
    for (const one of [used, made, later]) assert.equal(await codeOf(one), 'cancelled')
    assert.deepEqual([used.events, made.events, later.events], [['connected', 'failed'], ['failed'], ['failed']])
    await until(() => server.open === 0, 5_000, 'all are closed')
    assert.equal(clock.armed, 0)
    connections.close()
  })
})

describe('a response that comes before its request', () => {
  test('on a new connection is taken for the answer, as nothing else can be', async () => {
    const connections = new Connections(new TestClock())
    await using server = await startServer((socket) => void socket.write(plainly('early')))
    assert.equal(await ask(connections, server.origin), 'early')
    connections.close()
  })
})
