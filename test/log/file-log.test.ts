import assert from 'node:assert/strict'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { StreamLog, StreamWriter } from '../../src/log/stream-log.ts'
import { conformance } from './conformance.ts'
import { filesOf, freshDirs, openLog, until } from './file-support.ts'
import { chunks, closedStream, createClock, firstBatch, gather, init } from './support.ts'

const fresh = freshDirs()

conformance('file log', (options) => openLog(fresh(), options))
conformance('file log that survives power loss', (options) => openLog(fresh(), { ...options, durability: 'power' }))
conformance('file log of tiny segments', (options) => openLog(fresh(), { ...options, segmentBytes: 2_000 }))

describe('file log: memory and files', () => {
  /** Long, and with nothing in common that would be kept once. */
  const wide = (count: number, from: number) =>
    chunks(count, from).map((entry, i) => ({ ...entry, data: `${from + i}:`.repeat(300).slice(0, 1_000) }))

  test('a long open stream is moved to disk piece by piece and read back from there', async () => {
    const dir = fresh()
    const log = await openLog(dir)
    const writer = log.create(init())
    const tailing = gather(log, writer.id)
    for (let i = 0; i < 1_000; i += 10) {
      writer.append(wide(10, i))
      if (i % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 3))
    }
    await until(() => filesOf(dir, 'archive').length > 0)
    const replayed = await gather(log, writer.id, -1, 1_000)
    assert.deepEqual(
      replayed.map(({ offset, data }) => `${offset}:${data.length}`),
      wide(1_000, 0).map(({ data }, i) => `${i}:${data.length}`),
    )
    await log.close()
    assert.deepEqual(await tailing, replayed)
    const again = await openLog(dir)
    const entries = await gather(again, writer.id)
    assert.equal(entries.length, 1_001)
    assert.deepEqual(entries.slice(0, 1_000), replayed)
    await again.close()
  })

  test('a reader of a closed stream shares its batches with the others', async () => {
    const log = await openLog(fresh())
    const writer = await closedStream(log, {}, 50)
    await new Promise((resolve) => setTimeout(resolve, 30))
    const [a, b] = await Promise.all([firstBatch(log, writer.id, -1), firstBatch(log, writer.id, -1)])
    assert.ok(a !== undefined)
    assert.equal(a, b)
    await log.close()
  })

  test('the journal is given back when its streams are in the archive, and an idle open stream does not hold it', async () => {
    const dir = fresh()
    const log = await openLog(dir, { segmentBytes: 20_000 })
    const idle = log.create(init())
    idle.append(chunks(3))
    for (let i = 0; i < 60; i++) {
      const writer = log.create(init())
      writer.append(wide(5, 0))
      await writer.close({ status: 'completed' })
    }
    await until(() => filesOf(dir, 'journal').length <= 6)
    const names = filesOf(dir, 'journal')
    assert.ok(!names.includes('journal-00000001.log'))
    idle.append(chunks(2, 3))
    await idle.close({ status: 'completed' })
    assert.equal((await gather(log, idle.id)).length, 5)
    await log.close()
    const again = await openLog(dir)
    assert.equal((await gather(again, idle.id)).length, 5)
    await again.close()
  })

  test('an idle open stream survives a crash after it has left its first segment', async () => {
    const dir = fresh()
    const log = await openLog(dir, { segmentBytes: 20_000 })
    const idle = log.create(init())
    idle.append(chunks(3))
    for (let i = 0; i < 60; i++) {
      const writer = log.create(init())
      writer.append(wide(5, 0))
      await writer.close({ status: 'completed' })
    }
    await until(() => !filesOf(dir, 'journal').includes('journal-00000001.log'))
    await log.close()
    const again = await openLog(dir)
    assert.deepEqual(
      (await gather(again, idle.id)).map(({ offset, kind }) => `${offset} ${kind}`),
      ['0 chunk', '1 chunk', '2 chunk', '3 error'],
    )
    await again.close()
  })

  test('segments go when all that was in them has expired, by age and by size', async () => {
    const dir = fresh()
    const clock = createClock()
    const options = { now: clock.now, retentionMs: 10_000, maxBytes: 160_000, segmentBytes: 20_000 }
    const log = await openLog(dir, options)
    const random = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(1_500))).toString('base64')
    const ids: string[] = []
    for (let i = 0; i < 200; i++) {
      const writer = log.create(init())
      writer.append([{ kind: 'chunk', data: random() }])
      await writer.close({ status: 'completed' })
      ids.push(writer.id)
      clock.advance(1)
      if (i % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await until(() => sizeOf(dir, 'archive') <= 180_000)
    assert.equal(await log.find(ids[0] ?? ''), 'expired')
    assert.equal((await gather(log, ids.at(-1) ?? '')).length, 1)
    assert.ok(!filesOf(dir, 'archive').includes('archive-00000001.log'))
    clock.advance(10_000)
    assert.deepEqual(await log.list('local'), [])
    await until(() => filesOf(dir, 'archive').length <= 1)
    await log.close()
  })

  test('a segment that is mostly dead is cleared: what lives in it is copied and reads the same', async () => {
    const dir = fresh()
    const log = await openLog(dir, { segmentBytes: 20_000 })
    const random = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(600))).toString('base64')
    const writers: StreamWriter[] = []
    for (let i = 0; i < 60; i++) {
      const writer = log.create(init())
      writer.append([{ kind: 'chunk', data: random() }])
      await writer.close({ status: 'completed' })
      writers.push(writer)
      if (i % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await until(() => filesOf(dir, 'archive').length >= 2)
    const survivors = writers.filter((_, i) => i % 10 === 3)
    const before = await Promise.all(survivors.map(({ id }) => gather(log, id)))
    for (const writer of writers) if (!survivors.includes(writer)) await log.erase(writer.id)
    await until(() => !filesOf(dir, 'archive').includes('archive-00000001.log'))
    assert.deepEqual(await Promise.all(survivors.map(({ id }) => gather(log, id))), before)
    await log.close()
    const again = await openLog(dir)
    assert.deepEqual(await Promise.all(survivors.map(({ id }) => gather(again, id))), before)
    assert.equal((await again.list('local')).length, survivors.length)
    await again.close()
  })

  test('1,000 aborted readers of a closed stream leave no open file behind', async () => {
    const log = await openLog(fresh())
    const writer = await closedStream(log, {}, 200)
    await new Promise((resolve) => setTimeout(resolve, 30))
    const open = (): number => readdirSync('/proc/self/fd').length
    const before = open()
    await Promise.all(
      Array.from({ length: 1_000 }, async (_, i) => {
        const controller = new AbortController()
        const reading = gatherUntil(log, writer.id, controller.signal)
        if (i % 2 === 0) controller.abort()
        await reading
      }),
    )
    assert.ok(open() <= before)
    await log.close()
  })
})

async function gatherUntil(log: StreamLog, id: string, signal: AbortSignal): Promise<number> {
  let count = 0
  for await (const batch of log.read(id, -1, signal)) count += batch.entries.length
  return count
}

function sizeOf(dir: string, kind: 'archive' | 'journal'): number {
  return filesOf(dir, kind).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0)
}
