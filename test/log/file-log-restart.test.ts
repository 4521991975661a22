import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { SluiceError } from '../../src/errors.ts'
import { writeSegmentHeader } from '../../src/log/segment.ts'
import type { StreamState, StreamWriter } from '../../src/log/stream-log.ts'
import { filesOf, freshDirs, isOnDisk, openLog, stateOf, until } from './file-support.ts'
import { chunks, closedStream, codeOf, createClock, firstBatch, gather, init } from './support.ts'

const fresh = freshDirs()

describe('file log: across a restart', () => {
  test('streams are there again as they were, to read, to find and to list', async () => {
    const dir = fresh()
    const first = await openLog(dir)
    const done = await closedStream(first, { conversation: 'c', createdAt: 5 }, 40)
    const error = { message: 'm', type: 't', code: 'c', param: null }
    const failed = first.create(init({ owner: 'other' }))
    failed.append([{ kind: 'error', data: JSON.stringify({ error }) }])
    await failed.close({ status: 'failed', error })
    const before = [await stateOf(first, done.id), await stateOf(first, failed.id), await gather(first, done.id)]
    await first.close()
    const second = await openLog(dir)
    assert.deepEqual(
      [await stateOf(second, done.id), await stateOf(second, failed.id), await gather(second, done.id)],
      before,
    )
    assert.deepEqual(await gather(second, done.id, 37), await gather(second, done.id).then((all) => all.slice(38)))
    assert.deepEqual(
      (await second.list('local', { conversation: 'c' })).map((stream) => stream.id),
      [done.id],
    )
    assert.throws(() => second.create(init({ id: done.id })), { code: 'conflict' })
    await second.close()
  })

  test('a stream whose producer is gone is closed as failed, with one error after what was kept', async () => {
    const dir = fresh()
    const first = await openLog(dir)
    const writer = first.create(init())
    writer.append(chunks(3))
    await first.close()
    for (let start = 0; start < 2; start++) {
      const log = await openLog(dir)
      const state = await stateOf(log, writer.id)
      assert.equal(state.status, 'failed')
      assert.equal(state.outcome?.error?.code, 'producer_lost')
      const entries = await gather(log, writer.id)
      assert.deepEqual(
        entries.map(({ offset, kind }) => [offset, kind]),
        [
          [0, 'chunk'],
          [1, 'chunk'],
          [2, 'chunk'],
          [3, 'error'],
        ],
      )
      assert.equal(JSON.parse(entries[3]?.data ?? '').error.code, 'producer_lost')
      await log.close()
    }
  })

  test('a stream that had said its end before the crash keeps that end', async () => {
    const dir = fresh()
    const first = await openLog(dir)
    const done = first.create(init())
    done.append([...chunks(1), { kind: 'done', data: '[DONE]' }])
    const cancelled = first.create(init())
    const envelope = new SluiceError('cancelled', 'Cancelled').toEnvelope()
    cancelled.append([{ kind: 'error', data: JSON.stringify(envelope) }])
    await first.close()
    const second = await openLog(dir)
    assert.equal((await stateOf(second, done.id)).status, 'completed')
    assert.equal((await gather(second, done.id)).length, 2)
    assert.deepEqual((await stateOf(second, cancelled.id)).outcome, { status: 'cancelled', error: envelope.error })
    await second.close()
  })

  test('a stream can be taken up again: it has its request, and its offsets go on, twice over', async () => {
    const dir = fresh()
    const first = await openLog(dir)
    const { id } = first.create(init({ request: '{"n":1}' }))
    await first.close()
    let count = 0
    for (let life = 0; life < 3; life++) {
      const taken: [StreamState, StreamWriter][] = []
      const log = await openLog(dir, { onOrphan: (state, writer) => taken.push([state, writer]) })
      assert.equal(taken.length, 1)
      const [state, writer] = taken[0] ?? assert.fail()
      assert.deepEqual([state.id, state.request, state.status, state.last], [id, '{"n":1}', 'open', count - 1])
      writer.append(chunks(4, count))
      count += 4
      assert.equal((await gather(log, id, -1, count)).length, count)
      if (life === 2) await writer.close({ status: 'completed' })
      await log.close()
    }
    const log = await openLog(dir)
    assert.deepEqual(
      (await gather(log, id)).map(({ data }) => data),
      chunks(12).map(({ data }) => data),
    )
    assert.equal((await stateOf(log, id)).status, 'completed')
    await log.close()
  })

  test('a hook that throws leaves the stream to be closed', async () => {
    const dir = fresh()
    const first = await openLog(dir)
    const { id } = first.create(init())
    await first.close()
    const second = await openLog(dir, {
      onOrphan: () => {
        throw new Error('no')
      },
    })
    assert.equal((await stateOf(second, id)).outcome?.error?.code, 'producer_lost')
    await second.close()
  })

  test('what has expired is told from what never was', async () => {
    const dir = fresh()
    const clock = createClock()
    const first = await openLog(dir, { now: clock.now, retentionMs: 1_000 })
    const early = await closedStream(first)
    const late = await closedStream(first)
    clock.advance(1_000)
    assert.equal(await first.find(early.id), 'expired')
    await first.close()
    for (let start = 0; start < 3; start++) {
      const log = await openLog(dir, { now: clock.now, retentionMs: 1_000 })
      assert.equal(await log.find(late.id), 'expired')
      assert.equal(await codeOf(firstBatch(log, early.id, -1)), 'cursor_expired')
      assert.equal(await log.find('st_never'), undefined)
      await log.close()
    }
  })

  test('what was erased stays erased, and its content is on the disk no more', async () => {
    const dir = fresh()
    const first = await openLog(dir)
    const kept = first.create(init())
    kept.append([{ kind: 'chunk', data: '{"secret":"kept-4711"}' }])
    await kept.close({ status: 'completed' })
    await until(() => filesOf(dir, 'archive').length > 0)
    const open = first.create(init())
    open.append([{ kind: 'chunk', data: 'secret' }])
    await firstBatch(first, open.id, -1)
    await first.erase(open.id)
    await first.close()
    const second = await openLog(dir)
    assert.equal(await second.find(open.id), undefined)
    assert.equal(isOnDisk(dir, 'kept-4711'), true)
    await second.erase(kept.id)
    await second.close()
    const third = await openLog(dir)
    assert.equal(await third.find(kept.id), undefined)
    await third.close()
    assert.deepEqual(
      filesOf(dir, 'archive').filter((name) => readFileSync(join(dir, name)).includes('kept-4711')),
      [],
    )
  })

  test('a log of a later version is refused, not misread', async () => {
    const dir = fresh()
    await (await openLog(dir)).close()
    const header = writeSegmentHeader({ kind: 'journal', number: 1, salt: 1, previousLength: 0 })
    header.writeUInt8(99, 6)
    header.writeUInt32LE(crc32(header.subarray(0, 28)), 28)
    const fd = openSync(join(dir, filesOf(dir, 'journal')[0] ?? ''), 'r+')
    writeSync(fd, header, 0, header.length, 0)
    closeSync(fd)
    await assert.rejects(openLog(dir), { code: 'log_unavailable', message: /version 99/ })
  })
})
