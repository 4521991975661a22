import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { deliver, type Reader } from '../../src/gateway/deliver.ts'
import { createMemoryLog } from '../../src/log/memory-log.ts'
import type { Frames, StreamLog } from '../../src/log/stream-log.ts'
import { gatewayConfig, plainProvider, startRig } from '../support/gateway.ts'
import { until } from '../support/until.ts'

const chunk = (text: string): { kind: 'chunk'; data: string } => ({
  kind: 'chunk',
  data: JSON.stringify({ choices: [{ index: 0, delta: { content: text }, finish_reason: null }] }),
})
const reader = (settings: Partial<Reader> = {}): Reader => ({
  after: -1,
  compactTo: -1,
  maxLag: 1_000_000,
  signal: new AbortController().signal,
  ...settings,
})

function startLog(): { log: StreamLog; writer: ReturnType<StreamLog['create']> } {
  const log = createMemoryLog({ now: () => 0 })
  return { log, writer: log.create({ id: 'st_1', owner: 'local', model: 'm', createdAt: 0 }) }
}

describe('many readers of one stream', () => {
  test('a thousand readers share one encoding of each batch', async () => {
    const { log, writer } = startLog()
    const seen = new Set<Frames>()
    const texts: string[] = []
    const readers = Array.from({ length: 1_000 }, async () => {
      let text = ''
      for await (const frames of deliver(log, 'st_1', reader())) {
        seen.add(frames)
        text += frames.text
      }
      texts.push(text)
    })
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setImmediate(resolve))
      writer.append([chunk(`token ${i}`)])
    }
    await writer.close({ status: 'completed' })
    await Promise.all(readers)
    assert.equal(new Set(texts).size, 1)
    assert.equal(seen.size, 20)
  })

  test('one that is too far behind an open stream is cut with a resumable error, without an id', async () => {
    const { log, writer } = startLog()
    const frames: string[] = []
    const slow = deliver(log, 'st_1', reader({ maxLag: 10 }))[Symbol.asyncIterator]()
    writer.append([chunk('first')])
    for (let i = 0; ; i++) {
      const next = await slow.next()
      if (next.done === true) break
      frames.push(next.value.text)
      // One more batch each time, and every tenth time a lot at once.
      writer.append(i % 10 === 9 ? Array.from({ length: 2_000 }, () => chunk('x'.repeat(2_000))) : [chunk('more')])
    }
    assert.match(frames.at(-1) ?? '', /^data: .*"code":"reader_too_slow"/)
  })

  test('a replay of a closed stream may be as slow as it likes', async () => {
    const { log, writer } = startLog()
    writer.append(Array.from({ length: 30_000 }, (_, i) => chunk(`token number ${i}`)))
    await writer.close({ status: 'completed' })
    let text = ''
    for await (const frames of deliver(log, 'st_1', reader({ maxLag: 1 }))) text += frames.text
    assert.doesNotMatch(text, /reader_too_slow/)
    assert.match(text, /token number 29999/)
  })
})

describe('a reader that takes nothing', () => {
  test('is given up after a while, and costs the others nothing', async () => {
    await using rig = await startRig({
      config: (simulator) => ({
        passthrough: plainProvider(simulator.url),
        server: { ...gatewayConfig().server, readerPatience: 300, onDisconnect: { type: 'cancel' } },
      }),
    })
    const body = JSON.stringify({
      model: 'sim:tokens=200000,interval=0ms,first=0ms',
      stream: true,
      messages: [{ role: 'user', content: 'hi' }],
    })
    const socket = connect(rig.server.port, '127.0.0.1')
    socket.pause()
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    await until(() => rig.server.gateway.openStreams === 1, 2_000, 'it has begun')
    const quick = await (await rig.chat({ model: 'sim:tokens=10,interval=0ms,first=0ms', stream: true })).text()
    assert.match(quick, /\[DONE\]/)
    await until(() => rig.server.gateway.openStreams === 0, 5_000, 'it is given up')
    socket.destroy()
  })
})
