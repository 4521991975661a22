import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { Connections } from '../../../src/upstream/http/connections.ts'
import { TestClock } from '../../support/clock.ts'
import { until } from '../../support/until.ts'
import { exchange, Recorder, request } from './recorder.ts'
import { CERTIFICATE, inChunks, onRequests, plainly, startAnswering, startServer } from './server.ts'

let connections: Connections
beforeEach(() => void (connections = new Connections(new TestClock(), { ca: CERTIFICATE })))
afterEach(() => connections.close())

const WIRES = [
  ['in plain', false],
  ['over TLS', true],
] as const

/** The same numbers every time. */
function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((state / 2 ** 32) * sides)
  }
}

/** A response with these bytes in chunks of any size. */
function anyChunks(body: Buffer, roll: (sides: number) => number): Buffer {
  const parts: Buffer[] = [Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')]
  for (let at = 0; at < body.length;) {
    const size = 1 + roll(roll(4) === 0 ? 9_000 : 300)
    const data = body.subarray(at, at + size)
    const extension = roll(5) === 0 ? ';a="b"' : ''
    parts.push(Buffer.from(`${data.length.toString(16)}${extension}\r\n`), data, Buffer.from('\r\n'))
    at += size
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
}

describe('fifty streams at once, of which pieces come in any order, arrive as they were sent', () => {
  for (const [wire, isSecure] of WIRES) {
    test(wire, async () => {
      const roll = dice(isSecure ? 7 : 8)
      const bodies = Array.from({ length: 50 }, () => randomBytes(20_000 + roll(60_000)))
      const waiting: { readonly socket: Socket; left: Buffer }[] = []
      await using server = await startServer(
        (socket) =>
          onRequests(socket, ({ path }) => {
            const body = bodies[Number(path.slice(1))]
            assert.ok(body)
            waiting.push({ socket, left: anyChunks(body, roll) })
          }),
        { isSecure },
      )
      // Twice, so that connections are also used again.
      for (const round of [1, 2]) {
        const sinks = bodies.map((_, i) => {
          const sink = new Recorder()
          connections.send(server.origin, request(`/${i}`), sink)
          return sink
        })
        await until(() => waiting.length === bodies.length, 10_000, 'all have asked')
        while (waiting.length > 0) {
          for (let i = roll(8); i >= 0 && waiting.length > 0; i--) {
            const at = roll(waiting.length)
            const one = waiting[at]
            assert.ok(one)
            const size = 1 + roll(roll(3) === 0 ? 20_000 : 200)
            one.socket.write(one.left.subarray(0, size))
            one.left = one.left.subarray(size)
            if (one.left.length === 0) waiting.splice(at, 1)
          }
          await new Promise(setImmediate)
        }
        for (const [i, sink] of sinks.entries()) {
          assert.equal(await sink.over, undefined)
          assert.ok(bodies[i]?.equals(sink.bytes), `stream ${i} of round ${round}`)
        }
      }
      assert.equal(server.sockets.length, bodies.length)
    })
  }
})

describe('a stream that is held back', () => {
  for (const [wire, isSecure] of WIRES) {
    test(`${wire} is not read, so that its server waits, and goes on without a loss`, async () => {
      const TOTAL = 48 * 1024 * 1024
      const block = randomBytes(256 * 1024)
      let sent = 0
      await using server = await startServer(
        (socket) => {
          const more = (): void => {
            while (sent < TOTAL) {
              sent += block.length
              if (!socket.write(block)) return
            }
          }
          socket.on('drain', more)
          onRequests(socket, () => {
            socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${TOTAL}\r\n\r\n`)
            more()
          })
        },
        { isSecure },
      )
      let bytes = 0
      const wrong: number[] = []
      const over = Promise.withResolvers<Error | undefined>()
      const connection = connections.send(server.origin, request(), {
        connected: () => undefined,
        head: () => undefined,
        body: (part) => {
          if (bytes === 0) connection.pause()
          for (let at = 0; at < part.length; at += 4_096) {
            if (part[at] !== block[(bytes + at) % block.length]) wrong.push(bytes + at)
          }
          bytes += part.length
        },
        end: () => over.resolve(undefined),
        failed: (error) => over.resolve(error),
      })
      await until(() => bytes > 0, 10_000, 'it began')
      // The server is at rest once it has written nothing for a while.
      for (let before = -1; before !== sent; await new Promise((resolve) => setTimeout(resolve, 100))) before = sent
      assert.ok(bytes <= 128 * 1024, `${bytes} bytes were read though it was held back`)
      assert.ok(sent < TOTAL, 'the server could write all of it')
      connection.resume()
      assert.equal(await over.promise, undefined)
      assert.deepEqual([bytes, wrong], [TOTAL, []])
    })
  }

  test('at its end is whole when it goes on, also where the end is the close', async () => {
    await using server = await startAnswering((_, socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\nhello'))
    const sink = new Recorder({ head: () => connection.pause() })
    const connection = connections.send(server.origin, request(), sink)
    await sink.begun
    connection.resume()
    assert.deepEqual([await sink.over, sink.text], [undefined, 'hello'])
  })
})

describe('a request', () => {
  for (const [wire, isSecure] of WIRES) {
    test(`of 4 MB ${wire} reaches a server that reads slowly as it was sent`, async () => {
      const body = randomBytes(2 * 1024 * 1024).toString('hex')
      let got = ''
      await using server = await startServer(
        (socket) => {
          onRequests(socket, ({ text }) => {
            got = text.slice(text.indexOf('\r\n\r\n') + 4)
            socket.write(plainly('thanks'))
          })
          socket.on('data', () => {
            socket.pause()
            setImmediate(() => setImmediate(() => socket.resume()))
          })
        },
        { isSecure },
      )
      assert.equal((await exchange(connections, server.origin, '/', body)).text, 'thanks')
      assert.ok(got === body)
      assert.equal((await exchange(connections, server.origin, '/', 'again')).text, 'thanks')
      assert.equal(server.sockets.length, 1)
    })
  }

  test('in any language is as long as it says', async () => {
    const body = JSON.stringify({ content: 'Grüße, 世界 🌍', half: '\ud83c' }).replace('\\ud83c', '\ud83c')
    const got: string[] = []
    await using server = await startAnswering(({ text, nth }) => {
      got.push(Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4), 'latin1').toString())
      return inChunks(String(nth))
    })
    for (const nth of ['0', '1']) assert.equal((await exchange(connections, server.origin, '/', body)).text, nth)
    assert.deepEqual(
      got,
      [body, body].map((text) => text.toWellFormed()),
    )
  })

  test('that is answered before it was read is over then, and its connection too', async () => {
    const body = 'x'.repeat(32 * 1024 * 1024)
    await using server = await startServer((socket, connection) => {
      if (connection > 0) return onRequests(socket, () => void socket.write(plainly('ok')))
      socket.once('data', () => {
        socket.pause()
        socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig')
      })
      return undefined
    })
    const first = await exchange(connections, server.origin, '/', body)
    assert.deepEqual([await first.over, first.response?.status, first.text], [undefined, 413, 'big'])
    assert.equal((await exchange(connections, server.origin)).text, 'ok')
    assert.equal(server.sockets.length, 2)
  })
})
