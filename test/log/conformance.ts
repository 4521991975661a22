import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Batch, StreamLog } from '../../src/log/stream-log.ts'
import { chunks, closedStream, codeOf, createClock, firstBatch, gather, init } from './support.ts'
import { finding, lettingGo } from './conformance-lifetime.ts'
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

/** Runs a test's body with a log of its own. */
export type WithLog = (
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
