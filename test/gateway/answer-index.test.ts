import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { AnswerIndex } from '../../src/gateway/cache.ts'
import { requestKey } from '../../src/gateway/cache-key.ts'
import { record } from '../../src/gateway/cache-recording.ts'
import { replay } from '../../src/gateway/cache-replay.ts'
import { checkChatRequest } from '../../src/gateway/chat-request.ts'
import { patienceBeyond } from '../../src/gateway/flights.ts'
import type { CachedAnswer } from '../../src/ledger/cache-table.ts'
import { createLedger } from '../../src/ledger/ledger.ts'
import { createMemoryLog } from '../../src/log/memory-log.ts'
import type { CachePolicy } from '../../src/provider/provider.ts'
import { TestClock } from '../support/clock.ts'
import { plainProvider, route, target } from '../support/gateway.ts'

const chunk = (content: string, finish: string | null = null, index = 0): string =>
  JSON.stringify({ choices: [{ index, delta: { content }, finish_reason: finish }] })

const policy: CachePolicy = { enabled: true, ttl: 50_000, pace: 'at-once', coalesce: false }

function shop(maxBytes = 1_000) {
  const clock = new TestClock()
  const now = (): number => clock.date()
  const log = createMemoryLog({ now, retentionMs: 100_000 })
  const ledger = createLedger({ path: ':memory:', now })
  const open = (): AnswerIndex =>
    new AnswerIndex({ table: ledger.cache, log, clock, config: () => ({ cache: { maxBytes, policy } }) })
  const stored = async (
    index: AnswerIndex,
    stream: string,
    more: Partial<CachedAnswer> = {},
  ): Promise<CachedAnswer> => {
    const writer = log.create({ id: stream, owner: 'o', model: 'm', createdAt: now() })
    writer.append([
      { kind: 'chunk', data: 'x' },
      { kind: 'done', data: '[DONE]' },
    ])
    await writer.close({ status: 'completed' })
    const times = { storedAt: now(), expiresAt: now() + 50_000 }
    const answer = { stream, scope: 's', request: stream, hasUsage: false, bytes: 100, last: 1, ...times, ...more }
    index.store(answer, undefined)
    return answer
  }
  return { clock, log, ledger, open, stored }
}

const atOnce = (): number => 0

describe('the index of answers', () => {
  test('gives an answer until its time is over', async () => {
    const { clock, open, stored } = shop()
    const index = open()
    await stored(index, 'a')
    assert.equal((await index.find('a', false, atOnce))?.answer.stream, 'a')
    assert.equal(await index.find('a', true, atOnce), undefined, 'in this form it is not there')
    clock.advance(49_999)
    assert.notEqual(await index.find('a', false, atOnce), undefined)
    clock.advance(1)
    assert.equal(await index.find('a', false, atOnce), undefined)
    assert.deepEqual([index.size, index.bytes], [0, 0])
    assert.ok(index.mayRead('a', 's'), 'whoever was given it may still finish reading')
  })

  test('gives none that would end while it is replayed', async () => {
    const { clock, open, stored } = shop()
    const index = open()
    await stored(index, 'a', { expiresAt: clock.date() + 100_000 })
    clock.advance(80_000)
    assert.equal(await index.find('a', false, () => 19_000), undefined)
    assert.notEqual(await index.find('a', false, () => 10_000), undefined)
  })

  test('lets go of what was not asked for the longest when it is full', async () => {
    const { open, stored } = shop(300)
    const index = open()
    for (const id of ['a', 'b', 'c']) await stored(index, id)
    await index.find('a', false, atOnce)
    await stored(index, 'd')
    assert.equal(await index.find('b', false, atOnce), undefined)
    assert.notEqual(await index.find('a', false, atOnce), undefined)
    assert.deepEqual([index.size, index.bytes], [3, 300])
    await stored(index, 'e', { bytes: 301 })
    assert.equal(index.size, 3, 'one that is larger than all of it stays out')
  })

  test('keeps the newer of two answers to one request', async () => {
    const { open, stored } = shop()
    const index = open()
    await stored(index, 'a', { request: 'r' })
    await stored(index, 'b', { request: 'r' })
    assert.equal((await index.find('r', false, atOnce))?.answer.stream, 'b')
    assert.equal(index.size, 1)
  })

  test('is the same again after a restart, without what has ended', async () => {
    const { clock, open, stored } = shop()
    const before = open()
    await stored(before, 'a', { expiresAt: clock.date() + 10 })
    const b = await stored(before, 'b')
    clock.advance(10)
    const index = open()
    assert.equal(index.size, 1)
    assert.deepEqual((await index.find('b', false, atOnce))?.answer, b)
    assert.ok(index.mayRead('b', 's'))
    assert.ok(!index.mayRead('b', 'other'))
  })

  test('gives no stream that is not what was stored: erased, or longer than it was', async () => {
    const { log, open, stored } = shop()
    const index = open()
    await stored(index, 'a')
    await stored(index, 'b', { last: 0 })
    await log.erase('a')
    assert.equal(await index.find('a', false, atOnce), undefined)
    assert.equal(await index.find('b', false, atOnce), undefined)
  })

  test('keeps nothing that cannot be written down', async () => {
    const { ledger, open, stored } = shop()
    const index = open()
    ledger.close()
    await assert.rejects(stored(index, 'a'))
    assert.equal(index.size, 0)
  })
})

describe('what the cache takes for the same request', () => {
  const place = route('m', [target(plainProvider('http://127.0.0.1:1/v1'))])
  const keyOf = (body: unknown, more: { scope?: string; repair?: boolean; route?: typeof place } = {}): string => {
    const request = { scope: 'owner a', route: place, repair: false, ...more }
    return requestKey((bytes) => Buffer.from(bytes).toString(), { ...request, body: checkChatRequest(body) })
  }
  const base = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }

  test('does not depend on how it is delivered, or on the order of keys', () => {
    const others = [
      { ...base, stream: true },
      { stream: false, messages: [{ content: 'Hi', role: 'user' }], model: 'm' },
      { ...base, stream: true, stream_options: { include_usage: true } },
    ]
    for (const other of others) assert.equal(keyOf(other), keyOf(base))
    assert.notEqual(keyOf({ ...base, stream_options: { include_obfuscation: true } }), keyOf(base))
  })

  test('is another one for another caller, place, form, or any other field', () => {
    const elsewhere = route('m', [target(plainProvider('http://127.0.0.1:2/v1'))])
    const all = [
      keyOf(base),
      keyOf(base, { scope: 'owner b' }),
      keyOf(base, { scope: 'pool a' }),
      keyOf(base, { repair: true }),
      keyOf(base, { route: elsewhere }),
      keyOf({ ...base, temperature: 0 }),
      keyOf({ ...base, temperature: null }),
      keyOf({ ...base, seed: 1 }),
      keyOf({ ...base, n: 1 }),
      keyOf({ ...base, tools: [] }),
      keyOf({ ...base, x: [1, 2] }),
      keyOf({ ...base, x: [2, 1] }),
      keyOf({ ...base, x: '\uD800' }),
      keyOf({ ...base, x: '\uD801' }),
    ]
    assert.equal(new Set(all).size, all.length)
  })

  test('differs exactly where the JSON does', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const same = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
        assert.equal(keyOf({ ...base, x: a }) === keyOf({ ...base, x: b }), same)
        assert.equal(keyOf({ ...base, x: reversed(a) }), keyOf({ ...base, x: a }))
      }),
    )
  })
})

const rebuilt =
  (order: (entries: [string, unknown][]) => [string, unknown][]) =>
  (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rebuilt(order))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(order(Object.entries(value).map(([key, inner]) => [key, rebuilt(order)(inner)])))
  }
const sorted = rebuilt((entries) => entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
const reversed = rebuilt((entries) => entries.toReversed())

describe('the recording of a stream', () => {
  const recordingOf = async (choices: number, ...data: readonly string[]): Promise<boolean> => {
    const log = createMemoryLog({ now: Date.now })
    const writer = log.create({ id: 'a', owner: 'o', model: 'm', createdAt: 0 })
    const recording = record(log, 'a', choices, undefined)
    for (const each of data) writer.append([{ kind: each === '[DONE]' ? 'done' : 'chunk', data: each }])
    await writer.close({ status: 'completed' })
    return (await recording).isWhole
  }

  test('is whole when every choice ended as an answer ends, and the end was said', async () => {
    assert.equal(await recordingOf(1, chunk('a'), chunk('', 'stop'), '[DONE]'), true)
    assert.equal(await recordingOf(1, chunk('a'), chunk('', 'tool_calls').replace(':"t', ' :  "t'), '[DONE]'), true)
    assert.equal(await recordingOf(1, chunk('a'), chunk('', 'length'), '[DONE]'), false)
    assert.equal(await recordingOf(1, chunk('a'), chunk('', 'content_filter'), '[DONE]'), false)
    assert.equal(await recordingOf(1, chunk('a'), chunk('', 'stop')), false)
    assert.equal(await recordingOf(2, chunk('a'), chunk('', 'stop', 1), '[DONE]'), false)
    assert.equal(await recordingOf(2, chunk('', 'stop', 0), chunk('', 'stop', 1), '[DONE]'), true)
    assert.equal(await recordingOf(2, chunk('', 'stop', 0), chunk('', 'length', 1), '[DONE]'), false)
  })

  test('is not taken in by a text that speaks of a finish_reason', async () => {
    assert.equal(await recordingOf(1, chunk('{"finish_reason":"stop"}'), '[DONE]'), false)
  })

  test('has a pace at which it can be replayed, each part at its time', async () => {
    const clock = new TestClock()
    const log = createMemoryLog({ now: Date.now })
    const writer = log.create({ id: 'a', owner: 'o', model: 'm', createdAt: 0 })
    const recording = record(log, 'a', 1, { clock })
    for (const [wait, data] of [
      [300, 'one'],
      [4, 'two'],
      [50, 'three'],
      [0, '[DONE]'],
    ] as const) {
      clock.advance(wait)
      writer.append([{ kind: 'chunk', data }])
    }
    await writer.close({ status: 'completed' })
    const { pace } = await recording
    assert.deepEqual([...(pace ?? [])], [0, 300, 2, 354])
    assert.ok(pace)
    const started = clock.now()
    const seen: [number, string][] = []
    const done = (async () => {
      const { signal } = new AbortController()
      for await (const { text } of replay({ log, id: 'a', pace, clock, signal }))
        seen.push([clock.now() - started, text])
    })()
    for (let ms = 0; ms < 400; ms++) {
      for (let turn = 0; turn < 4; turn++) await Promise.resolve()
      clock.advance(1)
    }
    await done
    assert.deepEqual(seen, [
      [300, 'id: a:0\ndata: one\n\nid: a:1\ndata: two\n\n'],
      [354, 'id: a:2\ndata: three\n\nid: a:3\ndata: [DONE]\n\n'],
    ])
  })
})

test('who joins a generation adds the patience that the first one did not have', () => {
  const [cancel, stay, short, long] = [
    { type: 'cancel' },
    { type: 'continue' },
    { type: 'grace', ms: 10 },
    { type: 'grace', ms: 30 },
  ] as const
  assert.equal(patienceBeyond(long, short), 20)
  assert.equal(patienceBeyond(short, long), 0)
  assert.equal(patienceBeyond(long, cancel), 30)
  assert.equal(patienceBeyond(stay, long), Infinity)
  assert.equal(patienceBeyond(stay, stay), 0)
  assert.equal(patienceBeyond(cancel, cancel), 0)
})
