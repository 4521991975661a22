import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { collectGarbage } from '../../log/support.ts'
import { pair } from './pair.ts'
import { ask, exchange, Recorder, request } from './recorder.ts'
import { inChunks, plainly, startAnswering } from './server.ts'

const CONNECTION = /^connection: keep-alive\r$/m

describe('a connection is used again', () => {
  for (const [what, answer] of [
    ['a length', plainly('hello')],
    ['chunks', inChunks('hel', 'lo')],
    ['interim heads', `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${plainly('hello')}`],
    ['HTTP/1.0 and keep-alive', 'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 5\r\n\r\nhello'],
  ] as const) {
    test(`after a whole response with ${what}, as often as one likes`, async () => {
      await using both = await pair(answer)
      for (let i = 0; i < 20; i++) {
        const { events, text, late } = await exchange(both.connections, both.server.origin)
        assert.deepEqual([events, text, late], [['connected', 'head', 'body', 'end'], 'hello', []])
      }
      assert.equal(both.server.sockets.length, 1)
    })
  }

  test('after 204, which has no body', async () => {
    await using both = await pair('HTTP/1.1 204 None\r\n\r\n')
    for (let i = 0; i < 3; i++) assert.equal(await ask(both.connections, both.server.origin), '')
    assert.equal(both.server.sockets.length, 1)
  })

  test('that was used last', async () => {
    await using both = await pair((_, __, connection) => plainly(String(connection)))
    const { connections, server } = both
    const all = [0, 1, 2].map(() => exchange(connections, server.origin))
    const order = await Promise.all(all.map(async (one) => (await one).text))
    assert.deepEqual(order.toSorted(), ['0', '1', '2'])
    const last = await ask(connections, server.origin)
    for (let i = 0; i < 5; i++) assert.equal(await ask(connections, server.origin), last)
    assert.equal(server.sockets.length, 3)
  })

  test('by a request that is sent while its last response ends', async () => {
    await using both = await pair(({ path }) => plainly(path))
    const { connections, server } = both
    const second = new Recorder()
    const first = new Recorder({ end: () => void connections.send(server.origin, request('/second'), second) })
    connections.send(server.origin, request('/first'), first)
    assert.deepEqual([await second.over, first.text, second.text], [undefined, '/first', '/second'])
    assert.deepEqual([server.sockets.length, first.late], [1, []])
  })

  test('only by the origin that it leads to', async () => {
    await using both = await pair(plainly('one'))
    await using other = await startAnswering(plainly('other'))
    assert.equal(await ask(both.connections, both.server.origin), 'one')
    assert.equal(await ask(both.connections, other.origin), 'other')
    assert.equal(await ask(both.connections, both.server.origin), 'one')
    assert.deepEqual([both.server.sockets.length, other.sockets.length], [1, 1])
  })

  test('though its last response was held back when it ended', async () => {
    await using both = await pair(({ path }) => plainly(path))
    const { connections, server } = both
    // As a queue does that is full: the end comes with the same read, and nobody resumes what is over.
    const first = new Recorder({ body: () => connection.pause() })
    const connection = connections.send(server.origin, request('/first'), first)
    assert.equal(await first.over, undefined)
    assert.equal(await ask(connections, server.origin, '/second'), '/second')
    assert.equal(server.sockets.length, 1)
  })

  test('without another listener for each request, and the server is told that it may be', async () => {
    const seen: string[] = []
    await using both = await pair(({ text }) => {
      seen.push(text)
      return plainly('')
    })
    const warned: Error[] = []
    const onWarning = (warning: Error): void => void warned.push(warning)
    process.on('warning', onWarning)
    for (let i = 0; i < 50; i++) await ask(both.connections, both.server.origin)
    process.off('warning', onWarning)
    assert.deepEqual([warned, both.server.sockets.length], [[], 1])
    assert.ok(seen.every((text) => CONNECTION.test(text)))
  })

  test('of whose last exchange it keeps nothing', async () => {
    await using both = await pair(plainly('x'.repeat(10_000)))
    const { connections, server } = both
    const sinks = await Promise.all(
      [1, 2, 3].map(async () => new WeakRef(await exchange(connections, server.origin, '/', 'y'.repeat(10_000)))),
    )
    await new Promise(setImmediate)
    collectGarbage()
    assert.deepEqual([sinks.map((sink) => sink.deref()), server.open], [[undefined, undefined, undefined], 3])
  })
})
