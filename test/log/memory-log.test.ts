import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, test } from 'node:test'
import { createMemoryLog } from '../../src/log/memory-log.ts'
import { Tail } from '../../src/log/tail.ts'
import { LogReader } from '../../src/log/reader.ts'
import { conformance } from './conformance.ts'
import { chunks, closedStream, collectGarbage, createClock, firstBatch, gather, init } from './support.ts'

conformance('memory log', (options) => Promise.resolve(createMemoryLog(options)))

describe('memory log', () => {
  test('readers have an entry in the turn in which it was appended', async () => {
    const log = createMemoryLog({ now: createClock().now })
    const writer = log.create(init())
    writer.append(chunks(1))
    const found = await log.find(writer.id)
    assert.ok(typeof found === 'object')
    assert.equal(found.last, 0)
  })

  test('beyond its bytes the oldest closed streams go early, and what is open stays whole', async () => {
    const log = createMemoryLog({ now: createClock().now, maxBytes: 10_000 })
    const open = log.create(init())
    const first = await closedStream(log)
    const second = await closedStream(log)
    open.append([{ kind: 'chunk', data: 'x'.repeat(9_800) }])
    assert.equal(await log.find(first.id), 'expired')
    assert.ok(typeof (await log.find(second.id)) === 'object')
    open.append([{ kind: 'chunk', data: 'x'.repeat(20_000) }])
    assert.equal(await log.find(second.id), 'expired')
    assert.equal((await firstBatch(log, open.id, -1))?.entries.length, 2)
    await open.close({ status: 'completed' })
    assert.equal(await log.find(open.id), 'expired')
  })

  test('the request body is not kept', async () => {
    const log = createMemoryLog({ now: createClock().now })
    const writer = log.create(init({ request: '{"secret":1}' }))
    const found = await log.find(writer.id)
    assert.ok(typeof found === 'object')
    assert.equal(found.request, undefined)
  })

  test('10,000 entries cost at most 50 bytes each beside their data', () => {
    const log = createMemoryLog({ now: createClock().now })
    const writer = log.create(init())
    const count = 10_000
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < count; i++) writer.append([{ kind: 'chunk', data: Buffer.alloc(300, 'a').toString('latin1') }])
    collectGarbage()
    const each = (process.memoryUsage().heapUsed - before) / count - 300
    assert.ok(each <= 50, `${each.toFixed(1)} bytes`)
  })

  test('1,000 aborted waiting readers leave no listener and no waiter behind', async () => {
    const tail = new Tail()
    const controller = new AbortController()
    const source = {
      take: (after: number) => tail.take(after) ?? ('wait' as const),
      park: tail.park.bind(tail),
      leave: tail.leave.bind(tail),
    }
    for (let i = 0; i < 1_000; i++) {
      const own = new AbortController()
      const reader = new LogReader(() => source, -1, i % 2 === 0 ? own.signal : controller.signal)
      const waiting = reader.next()
      const neighbour = new LogReader(() => source, -1, undefined)
      void neighbour.next()
      if (i % 2 === 0) own.abort()
      else await reader.return()
      assert.equal((await waiting).done, true)
      await neighbour.return()
      assert.equal(getEventListeners(own.signal, 'abort').length, 0)
    }
    assert.equal(tail.waiting, 0)
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  })

  test('1,000 readers of one stream all see all of it', async () => {
    const log = createMemoryLog({ now: createClock().now })
    const writer = log.create(init())
    const readers = Array.from({ length: 1_000 }, () => gather(log, writer.id))
    for (let i = 0; i < 20; i++) {
      writer.append(chunks(1, i))
      await new Promise(setImmediate)
    }
    await writer.close({ status: 'completed' })
    for (const entries of await Promise.all(readers)) assert.equal(entries.length, 20)
  })
})
