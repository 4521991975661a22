import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Entry, StreamLog, StreamWriter } from '../../src/log/stream-log.ts'
import { createFaultyDisk, freshDirs, openLog, stateOf, until } from './file-support.ts'
import { chunks, codeOf, firstBatch, gather, init } from './support.ts'

const fresh = freshDirs()

describe('file log: a disk that fails', () => {
  test('with a full disk live relay goes on, degraded; when there is space again nothing was lost', async () => {
    const dir = fresh()
    const disk = createFaultyDisk()
    const log = await openLog(dir, { disk })
    const writer = log.create(init())
    const reading = gather(log, writer.id)
    writer.append(chunks(3))
    await firstBatch(log, writer.id, 1)
    assert.deepEqual(log.health(), { durability: 'process', degraded: false, reason: undefined })

    disk.fail('ENOSPC')
    for (let i = 3; i < 30; i += 3) {
      writer.append(chunks(3, i))
      assert.equal((await firstBatch(log, writer.id, i + 1))?.entries[0]?.offset, i + 2)
    }
    const { degraded, reason } = log.health()
    assert.equal(degraded, true)
    assert.match(reason ?? '', /ENOSPC/)
    const brief = log.create(init())
    brief.append([{ kind: 'done', data: '[DONE]' }])
    await brief.close({ status: 'completed' })
    assert.equal((await gather(log, brief.id)).length, 1)

    disk.fail(undefined)
    writer.append(chunks(3, 30))
    await until(() => !log.health().degraded)
    await writer.close({ status: 'completed' })
    assert.equal((await reading).length, 33)
    await log.close()
    const again = await openLog(dir, {
      onDamage: (damage) => assert.fail(JSON.stringify(damage)),
    })
    assert.deepEqual(await gather(again, writer.id), await reading)
    assert.equal((await stateOf(again, brief.id)).status, 'completed')
    await again.close()
  })

  test('killed while the disk is full, what was safe before is there and ends honestly', async () => {
    const dir = fresh()
    const disk = createFaultyDisk()
    const log = await openLog(dir, { disk })
    const writer = log.create(init())
    writer.append(chunks(3))
    await firstBatch(log, writer.id, 1)
    disk.fail('ENOSPC')
    writer.append(chunks(3, 3))
    await firstBatch(log, writer.id, 4)
    await assert.rejects(log.close(), { code: 'log_unavailable', message: /ENOSPC/ })
    const again = await openLog(dir)
    const entries = await gather(again, writer.id)
    assert.deepEqual(
      entries.map(({ offset, kind }) => `${offset} ${kind}`),
      ['0 chunk', '1 chunk', '2 chunk', '3 error'],
    )
    await again.close()
  })

  test('what cannot be kept is bounded in memory: the oldest go, the newest are relayed', async () => {
    const disk = createFaultyDisk()
    const log = await openLog(fresh(), { disk, hotBytes: 200_000 })
    const closed = log.create(init())
    closed.append(chunks(100))
    disk.fail('ENOSPC')
    await closed.close({ status: 'completed' })
    const writer = log.create(init())
    const reading = gather(log, writer.id)
    for (let i = 0; i < 100; i++) {
      writer.append([{ kind: 'chunk', data: `${i}:`.repeat(5_000).slice(0, 10_000) }])
      await firstBatch(log, writer.id, i - 1)
    }
    assert.equal(await log.find(closed.id), 'expired')
    const { first, last } = await stateOf(log, writer.id)
    assert.equal(last, 99)
    assert.ok(first >= 75 && first < 99, `first is ${first}`)
    assert.equal(await codeOf(firstBatch(log, writer.id, -1)), 'cursor_expired')
    assert.equal((await gather(log, writer.id, first - 1, last - first + 1)).length, last - first + 1)
    disk.fail(undefined)
    await until(() => !log.health().degraded)
    await writer.close({ status: 'completed' })
    assert.equal((await reading).length, 100, 'the reader at the head has missed nothing')
    await log.close()
  })

  test('a trimmed stream comes back trimmed', async () => {
    const dir = fresh()
    const disk = createFaultyDisk()
    const log = await openLog(dir, { disk, hotBytes: 50_000 })
    const writer = log.create(init())
    writer.append(chunks(3))
    await firstBatch(log, writer.id, -1)
    disk.fail('ENOSPC')
    for (let i = 3; i < 20; i++) {
      writer.append([{ kind: 'chunk', data: `${i}:`.repeat(5_000).slice(0, 10_000) }])
      await firstBatch(log, writer.id, i - 1)
    }
    disk.fail(undefined)
    await until(() => !log.health().degraded)
    const { first } = await stateOf(log, writer.id)
    assert.ok(first > 3)
    await writer.close({ status: 'completed' })
    const before = await gather(log, writer.id, first - 1)
    await log.close()
    const again = await openLog(dir)
    assert.equal((await stateOf(again, writer.id)).first, first)
    assert.equal(await codeOf(firstBatch(again, writer.id, -1)), 'cursor_expired')
    assert.deepEqual(await gather(again, writer.id, first - 1), before)
    await again.close()
  })

  test('while a write hangs readers are served from memory', { timeout: 20_000 }, async () => {
    const disk = createFaultyDisk()
    const log = await openLog(fresh(), { disk })
    const writer = log.create(init())
    writer.append(chunks(1))
    await firstBatch(log, writer.id, -1)
    const release = disk.hang()
    writer.append(chunks(1, 1))
    await until(() => {
      writer.append(chunks(1))
      return log.health().degraded
    })
    const { last } = await stateOf(log, writer.id)
    assert.ok(last > 1)
    assert.equal((await gather(log, writer.id, -1, last + 1)).length, last + 1)
    release()
    await until(() => !log.health().degraded)
    await writer.close({ status: 'completed' })
    await log.close()
  })

  test('a small file system that runs full and is freed again', { skip: tmpfsRefused() }, async () => {
    const dir = fresh()
    mkdirSync(dir, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', dir])
    try {
      await runFull(join(dir, 'log'), join(dir, 'filler'))
    } finally {
      execFileSync('umount', [dir])
    }
  })
})

async function runFull(dir: string, filler: string): Promise<void> {
  const options = { segmentBytes: 256 * 1024, maxBytes: 4 * 1024 * 1024 }
  const log = await openLog(dir, options)
  writeFileSync(filler, Buffer.alloc(7 * 1024 * 1024))
  const writers = Array.from({ length: 8 }, () => log.create(init()))
  const readers = writers.map((writer) => gather(log, writer.id))
  const random = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(3_000))).toString('base64')
  const data: string[] = []
  const round = async (): Promise<void> => {
    const next = random()
    data.push(next)
    for (const writer of writers) writer.append([{ kind: 'chunk', data: next }])
    await Promise.all(writers.map((writer) => firstBatch(log, writer.id, data.length - 2)))
  }
  while (!log.health().degraded) await round()
  assert.match(log.health().reason ?? '', /ENOSPC/)
  for (let i = 0; i < 20; i++) await round()
  rmSync(filler)
  await until(() => !log.health().degraded)
  await round()
  await Promise.all(writers.map((writer) => writer.close({ status: 'completed' })))
  for (const entries of await Promise.all(readers)) assert.deepEqual(dataOf(entries), data)
  await log.close()
  const again = await openLog(dir, { ...options, onDamage: (damage) => assert.fail(JSON.stringify(damage)) })
  await allWhole(again, writers, data)
  await again.close()
}

async function allWhole(log: StreamLog, writers: readonly StreamWriter[], data: readonly string[]): Promise<void> {
  for (const { id } of writers) {
    assert.equal((await stateOf(log, id)).status, 'completed')
    assert.deepEqual(dataOf(await gather(log, id)), data)
  }
}

function dataOf(entries: readonly Entry[]): string[] {
  return entries.map((entry) => entry.data)
}

/** Why a tmpfs cannot be mounted here; false when it can. */
function tmpfsRefused(): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux to mount a tmpfs'
  return false
}
