import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StreamLog } from '../../src/log/stream-log.ts'
import type { WithLog } from './conformance.ts'
import { chunks, closedStream, codeOf, firstBatch, gather, init } from './support.ts'

/** How readers, streams and logs let go of each other. */
export function lettingGo(withLog: WithLog): void {
  test(
    'a reader that is aborted ends without a throw, waiting or not',
    withLog(async (log) => {
      const writer = log.create(init())
      writer.append(chunks(1))
      const controller = new AbortController()
      const reader = log.read(writer.id, -1, controller.signal)[Symbol.asyncIterator]()
      assert.equal((await reader.next()).done, false)
      const waiting = reader.next()
      controller.abort()
      assert.equal((await waiting).done, true)
      assert.equal((await reader.next()).done, true)
      const late = log.read(writer.id, -1, controller.signal)[Symbol.asyncIterator]()
      assert.equal((await late.next()).done, true)
    }),
  )

  test(
    'a reader that returns while it waits ends',
    withLog(async (log) => {
      const writer = log.create(init())
      const reader = log.read(writer.id, -1)[Symbol.asyncIterator]()
      const waiting = reader.next()
      await reader.return?.()
      assert.equal((await waiting).done, true)
    }),
  )

  test(
    'erasing makes a stream unknown, ends its readers and lets its writer go on into nothing',
    withLog(async (log) => {
      const writer = log.create(init())
      writer.append(chunks(2))
      const reader = log.read(writer.id, -1)[Symbol.asyncIterator]()
      await reader.next()
      const waiting = reader.next()
      await log.erase(writer.id)
      assert.equal((await waiting).done, true)
      writer.append(chunks(2))
      await writer.close({ status: 'completed' })
      assert.equal(await log.find(writer.id), undefined)
      assert.equal(await codeOf(firstBatch(log, writer.id, -1)), 'stream_not_found')
      await log.erase(writer.id)
      await log.erase('st_never')
      assert.deepEqual(await log.list('local'), [])
    }),
  )

  test(
    'closing the log ends the readers that wait',
    withLog(async (log) => {
      const writer = log.create(init())
      writer.append(chunks(1))
      const waiting = gather(log, writer.id)
      await log.close()
      assert.equal((await waiting).length, 1)
      assert.throws(() => log.create(init()), { code: 'log_unavailable' })
    }),
  )

  test(
    'a closed stream expires after its time, an open one does not',
    withLog(async (log, advance) => {
      const open = log.create(init())
      const closed = await closedStream(log)
      const state = await log.find(closed.id)
      assert.ok(typeof state === 'object')
      assert.equal(state.expiresAt, 1_700_000_000_000 + 60_000)
      const halfway = log.read(closed.id, 0)[Symbol.asyncIterator]()
      advance(59_999)
      assert.ok(typeof (await log.find(closed.id)) === 'object')
      advance(1)
      assert.equal(await log.find(closed.id), 'expired')
      assert.equal(await codeOf(firstBatch(log, closed.id, -1)), 'cursor_expired')
      assert.equal(await codeOf(halfway.next()), 'cursor_expired')
      assert.ok(typeof (await log.find(open.id)) === 'object')
      assert.deepEqual(
        (await log.list('local')).map((listed) => listed.id),
        [open.id],
      )
    }),
  )

  test(
    'when there are too many streams the oldest closed ones go first, and open ones never',
    withLog(
      async (log) => {
        const open = log.create(init())
        const first = await closedStream(log)
        const second = await closedStream(log)
        const third = log.create(init())
        assert.equal(await log.find(first.id), 'expired')
        assert.ok(typeof (await log.find(second.id)) === 'object')
        log.create(init())
        assert.throws(() => log.create(init()), { code: 'overloaded' })
        assert.ok(typeof (await log.find(open.id)) === 'object')
        assert.ok(typeof (await log.find(third.id)) === 'object')
      },
      { maxStreams: 3 },
    ),
  )
}

/** How streams are found and listed. */
export function finding(withLog: WithLog): void {
  test(
    'a stream is found with what was known at its start and where it stands',
    withLog(async (log) => {
      const start = init({ conversation: 'c1', createdAt: 7, owner: 'key_1' })
      const writer = log.create(start)
      const { request: _, ...fresh } = { request: '', ...(await found(log, writer.id)) }
      assert.deepEqual(fresh, {
        ...start,
        status: 'open',
        outcome: undefined,
        first: 0,
        last: -1,
        expiresAt: undefined,
      })
      writer.append(chunks(4))
      await writer.close({ status: 'cancelled' })
      const { status, last, owner } = await found(log, writer.id)
      assert.deepEqual({ status, last, owner }, { status: 'cancelled', last: 3, owner: 'key_1' })
    }),
  )

  test(
    'unknown streams are not found',
    withLog(async (log) => {
      assert.equal(await log.find('st_unknown'), undefined)
      assert.equal(await codeOf(firstBatch(log, 'st_unknown', -1)), 'stream_not_found')
    }),
  )

  test(
    'an owner lists its own streams, newest first, filtered and bounded',
    withLog(async (log) => {
      const ids: string[] = []
      for (let i = 0; i < 5; i++) {
        ids.push(log.create(init({ owner: 'a', createdAt: i >> 1, conversation: i % 2 === 0 ? 'even' : 'odd' })).id)
      }
      const closed = await closedStream(log, { owner: 'a', createdAt: 9 })
      log.create(init({ owner: 'b' }))
      const listed = async (filter?: Parameters<StreamLog['list']>[1]): Promise<string[]> =>
        (await log.list('a', filter)).map((stream) => stream.id)
      assert.deepEqual(await listed(), [closed.id, ...ids.toReversed()])
      assert.deepEqual(await listed({ status: 'completed' }), [closed.id])
      assert.deepEqual(await listed({ conversation: 'odd' }), [ids[3], ids[1]])
      assert.deepEqual(await listed({ status: 'open', limit: 2 }), [ids[4], ids[3]])
      assert.deepEqual(await log.list('c'), [])
    }),
  )
}

async function found(
  log: StreamLog,
  id: string,
): Promise<Exclude<Awaited<ReturnType<StreamLog['find']>>, 'expired' | undefined>> {
  const state = await log.find(id)
  assert.ok(typeof state === 'object')
  return state
}
