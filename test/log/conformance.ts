import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Batch, StreamLog } from '../../src/log/stream-log.ts'
import { chunks, closedStream, codeOf, createClock, firstBatch, gather, init } from './support.ts'
import { properties } from './properties.ts'

/** What the suite may ask of a log under test. */
export interface SuiteOptions {
  readonly now: () => number
  readonly retentionMs?: number
  readonly maxStreams?: number
}

/** Opens a log; `close` of the log must let go of everything but what `cleanUp` removes. */
export type OpenLog = (options: SuiteOptions) => Promise<StreamLog>

/** Runs the guarantees of `StreamLog` over one kind of log. */
export function conformance(name: string, open: OpenLog): void {
  const withLog =
    (body: (log: StreamLog, advance: (ms: number) => void) => Promise<void>, over: Partial<SuiteOptions> = {}) =>
    async (): Promise<void> => {
      const clock = createClock()
      const log = await open({ now: clock.now, retentionMs: 60_000, ...over })
      try {
        await body(log, clock.advance)
      } finally {
        await log.close()
      }
    }

  describe(`${name}: reading`, () => reading(withLog))
  describe(`${name}: ends`, () => ends(withLog))
  describe(`${name}: letting go`, () => lettingGo(withLog))
  describe(`${name}: finding and listing`, () => finding(withLog))
  describe(`${name}: laws`, () => properties(open))
}

type WithLog = (
  body: (log: StreamLog, advance: (ms: number) => void) => Promise<void>,
  over?: Partial<SuiteOptions>,
) => () => Promise<void>

function reading(withLog: WithLog): void {
  test(
    'a read from the start gives every entry as it was appended, with offsets from 0',
    withLog(async (log) => {
      const writer = log.create(init())
      writer.append([
        { kind: 'chunk', data: '{"a":"é\u2028😀\\u0000"}' },
        { kind: 'event', name: 'flowNodeStatus', data: '' },
        { kind: 'event', name: '', data: 'x' },
        { kind: 'usage', data: '{"choices":[]}' },
        { kind: 'done', data: '[DONE]' },
      ])
      await writer.close({ status: 'completed' })
      assert.deepEqual(await gather(log, writer.id), [
        { offset: 0, kind: 'chunk', data: '{"a":"é\u2028😀\\u0000"}' },
        { offset: 1, kind: 'event', name: 'flowNodeStatus', data: '' },
        { offset: 2, kind: 'event', name: '', data: 'x' },
        { offset: 3, kind: 'usage', data: '{"choices":[]}' },
        { offset: 4, kind: 'done', data: '[DONE]' },
      ])
    }),
  )

  test(
    'a reader that waits is given what is appended',
    withLog(async (log) => {
      const writer = log.create(init())
      const reader = log.read(writer.id, -1)[Symbol.asyncIterator]()
      const waiting = reader.next()
      writer.append(chunks(2))
      const { value } = await waiting
      assert.deepEqual(value.entries, [
        { offset: 0, kind: 'chunk', data: '{"n":0}' },
        { offset: 1, kind: 'chunk', data: '{"n":1}' },
      ])
    }),
  )

  test(
    'readers that tail at the same place are given the same batch object',
    withLog(async (log) => {
      const writer = log.create(init())
      const readers = Array.from({ length: 5 }, () => log.read(writer.id, -1)[Symbol.asyncIterator]())
      for (let round = 0; round < 3; round++) {
        const waiting = readers.map((reader) => reader.next())
        writer.append(chunks(2, round * 2))
        const batches = new Set((await Promise.all(waiting)).map((result): Batch => result.value))
        assert.equal(batches.size, 1)
      }
      writer.append(chunks(2, 6))
      await firstBatch(log, writer.id, 5)
      writer.append(chunks(2, 8))
      const late = await Promise.all(readers.map((reader) => reader.next()))
      assert.equal(new Set(late.map((result): Batch => result.value)).size, 1, 'also those that come a little later')
    }),
  )

  test(
    'a cursor beyond the head of an open stream waits for what comes after it',
    withLog(async (log) => {
      const writer = log.create(init())
      const waiting = gather(log, writer.id, 3)
      for (let i = 0; i < 6; i++) writer.append(chunks(1, i))
      await writer.close({ status: 'completed' })
      assert.deepEqual(
        (await waiting).map((entry) => entry.offset),
        [4, 5],
      )
    }),
  )

  test(
    'a long replay comes in bounded batches',
    withLog(async (log) => {
      const writer = log.create(init())
      const data = 'x'.repeat(10_000)
      for (let i = 0; i < 100; i++) writer.append([{ kind: 'chunk', data }])
      await writer.close({ status: 'completed' })
      let next = 0
      for await (const batch of log.read(writer.id, -1)) {
        assert.ok(batch.entries.length <= 27, `${batch.entries.length} entries of 10 kB in one batch`)
        for (const entry of batch.entries) assert.equal(entry.offset, next++)
      }
      assert.equal(next, 100)
    }),
  )

  test(
    'calls of next that overlap are answered in order',
    withLog(async (log) => {
      const writer = log.create(init())
      const reader = log.read(writer.id, -1)[Symbol.asyncIterator]()
      const calls = Array.from({ length: 4 }, () => reader.next())
      const seen: number[] = []
      const all = Promise.all(
        calls.map((call) =>
          call.then((result) => result.done !== true && seen.push(result.value.entries[0]?.offset ?? -1)),
        ),
      )
      for (let i = 0; i < 3; i++) {
        writer.append(chunks(1, i))
        if (i === 0) void reader.next()
        await new Promise(setImmediate)
        while (seen.length <= i) await new Promise(setImmediate)
      }
      await writer.close({ status: 'completed' })
      await all
      assert.deepEqual(seen, [0, 1, 2])
    }),
  )

  test(
    'a cursor that is no offset is refused',
    withLog(async (log) => {
      const writer = log.create(init())
      for (const after of [-2, 0.5, Number.NaN]) {
        assert.equal(await codeOf(firstBatch(log, writer.id, after)), 'cursor_invalid')
      }
    }),
  )
}

function ends(withLog: WithLog): void {
  test(
    'readers of a closed stream end after its last entry, at whatever place they are',
    withLog(async (log) => {
      const writer = log.create(init())
      writer.append(chunks(3))
      const tailing = gather(log, writer.id)
      await writer.close({ status: 'failed' })
      assert.equal((await tailing).length, 3)
      assert.equal((await gather(log, writer.id, 1)).length, 1)
      assert.equal((await gather(log, writer.id, 2)).length, 0)
      assert.equal((await gather(log, writer.id, 9)).length, 0)
    }),
  )

  test(
    'a stream has one outcome, and the first close decides it',
    withLog(async (log) => {
      const writer = log.create(init())
      const error = { message: 'm', type: 't', code: 'c', param: null }
      await Promise.all([writer.close({ status: 'failed', error }), writer.close({ status: 'completed' })])
      await writer.close({ status: 'cancelled' })
      const state = await log.find(writer.id)
      assert.ok(typeof state === 'object')
      assert.equal(state.status, 'failed')
      assert.deepEqual(state.outcome, { status: 'failed', error })
    }),
  )

  test(
    'nothing can be appended after the end',
    withLog(async (log) => {
      const writer = await closedStream(log)
      assert.throws(() => writer.append(chunks(1)), { code: 'internal' })
      assert.equal((await gather(log, writer.id)).length, 3)
    }),
  )

  test(
    'an id can be used once',
    withLog(async (log) => {
      const writer = log.create(init())
      assert.throws(() => log.create(init({ id: writer.id })), { code: 'conflict' })
    }),
  )
}

function lettingGo(withLog: WithLog): void {
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

function finding(withLog: WithLog): void {
  test(
    'a stream is found with what was known at its start and where it stands',
    withLog(async (log) => {
      const start = init({ conversation: 'c1', createdAt: 7, owner: 'key_1' })
      const writer = log.create(start)
      const { request: _, ...fresh } = { request: '', ...(await state(log, writer.id)) }
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
      const { status, last, owner } = await state(log, writer.id)
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

async function state(
  log: StreamLog,
  id: string,
): Promise<Exclude<Awaited<ReturnType<StreamLog['find']>>, 'expired' | undefined>> {
  const found = await log.find(id)
  assert.ok(typeof found === 'object')
  return found
}
