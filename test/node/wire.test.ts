import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import type { FrameSink, FrameSource } from '../../src/gateway/deliver.ts'
import type { Frames } from '../../src/log/stream-log.ts'
import { Heartbeats, sendStream } from '../../src/node/send.ts'

/** Frames that are pushed one after the other, each in a turn of its own or all in one. */
function source(texts: readonly string[], pace: 'one turn' | 'a turn each'): FrameSource {
  return {
    async flow(sink: FrameSink) {
      for (const [at, text] of texts.entries()) {
        if (pace === 'a turn each') await new Promise((resolve) => setImmediate(resolve))
        const frames: Frames = { text, isLast: at === texts.length - 1 }
        if (!(await sink(frames))) return
      }
    },
    async *[Symbol.asyncIterator]() {
      yield* []
    },
  }
}

/** A server that answers each path with what `answers` has for it. */
async function serve(
  answers: Readonly<Record<string, FrameSource>>,
): Promise<{ readonly port: number; readonly stop: () => void }> {
  const heartbeats = new Heartbeats(60_000)
  const server = createServer((request, response) => {
    const frames = answers[request.url ?? '']
    assert.ok(frames)
    const headers = { 'content-type': 'text/event-stream' }
    void sendStream(response, { status: 200, headers, frames, onLeave: () => {} }, heartbeats, true, 5_000)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const stop = (): void => {
    heartbeats.stop()
    server.close()
    server.closeAllConnections()
  }
  return { port: address.port, stop }
}

/** Everything that comes back to these bytes, in the pieces in which it was read, until `isAll` or the server closes. */
async function exchange(port: number, request: string, isAll: (text: string) => boolean): Promise<readonly string[]> {
  const socket = connect(port, '127.0.0.1')
  const pieces: string[] = []
  socket.write(request)
  for await (const bytes of socket) {
    pieces.push(String(bytes))
    if (isAll(pieces.join(''))) break
  }
  return pieces
}

/** The bodies of several responses that came one after the other in chunks. */
function bodies(text: string): string[] {
  const found: string[] = []
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    rest = rest.subarray(rest.indexOf('\r\n\r\n') + 4)
    let body = ''
    for (;;) {
      const line = rest.indexOf('\r\n')
      const length = Number.parseInt(rest.subarray(0, line).toString(), 16)
      body += rest.subarray(line + 2, line + 2 + length).toString()
      assert.equal(rest.subarray(line + 2 + length, line + 4 + length).toString(), '\r\n')
      rest = rest.subarray(line + 4 + length)
      if (length === 0) break
    }
    found.push(body)
  }
  return found
}

const get = (path: string, version = '1.1'): string => `GET ${path} HTTP/${version}\r\nhost: localhost\r\n\r\n`
const endings = (text: string): number => text.split('\r\n0\r\n\r\n').length - 1
const TEXTS = ['data: é\n\n', 'data: 中文 👍\n\n', 'data: [DONE]\n\n']
const long = Array.from({ length: 40 }, (_, i) => `data: ${String(i).repeat(1_000)}\n\n`)

describe('a streamed response', () => {
  for (const pace of ['one turn', 'a turn each'] as const) {
    test(`is framed exactly, its frames coming in ${pace}`, async () => {
      const { port, stop } = await serve({ '/short': source(TEXTS, pace), '/long': source(long, pace) })
      for (const [path, texts] of Object.entries({ '/short': TEXTS, '/long': long })) {
        const pieces = await exchange(port, get(path), (text) => endings(text) === 1)
        assert.deepEqual(bodies(pieces.join('')), [texts.join('')])
      }
      stop()
    })
  }

  test('that is there at once leaves in one piece, head and end with it', async () => {
    const { port, stop } = await serve({ '/': source(TEXTS, 'one turn') })
    const pieces = await exchange(port, get('/'), (text) => endings(text) === 1)
    assert.equal(pieces.length, 1)
    stop()
  })

  test('tells its head before there is anything to say', async () => {
    const said = Promise.withResolvers<void>()
    const late: FrameSource = {
      async flow(sink) {
        await said.promise
        await sink({ text: 'data: late\n\n', isLast: true })
      },
      async *[Symbol.asyncIterator]() {
        yield* []
      },
    }
    const { port, stop } = await serve({ '/': late })
    const pieces = await exchange(port, get('/'), (text) => {
      if (text.endsWith('\r\n\r\n')) said.resolve()
      return endings(text) === 1
    })
    assert.match(pieces[0] ?? '', /^HTTP\/1.1 200 OK\r\n/)
    assert.deepEqual(bodies(pieces.join('')), ['data: late\n\n'])
    stop()
  })

  test('of HTTP/1.0 is bare, and ends with the connection', async () => {
    for (const pace of ['one turn', 'a turn each'] as const) {
      const { port, stop } = await serve({ '/': source(TEXTS, pace) })
      const text = (await exchange(port, get('/', '1.0'), () => false)).join('')
      assert.equal(text.slice(text.indexOf('\r\n\r\n') + 4), TEXTS.join(''))
      assert.doesNotMatch(text, /transfer-encoding/i)
      stop()
    }
  })

  test('waits for those that were asked for before it on the same connection', async () => {
    const { port, stop } = await serve({
      '/slow': source(long, 'a turn each'),
      '/quick': source(TEXTS, 'one turn'),
      '/last': source(TEXTS, 'a turn each'),
    })
    const asked = get('/slow') + get('/quick') + get('/last')
    const pieces = await exchange(port, asked, (text) => endings(text) === 3)
    assert.deepEqual(bodies(pieces.join('')), [long.join(''), TEXTS.join(''), TEXTS.join('')])
    stop()
  })
})
