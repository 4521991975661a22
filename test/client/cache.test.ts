import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { canonicalJson, type CacheStore, ResponseCache } from '../../src/client/cache.ts'
import { MemoryStore } from '../../src/client/memory-store.ts'
import { Accumulator } from '../../src/completion/accumulate.ts'
import type { ChatCompletion, ChatCompletionChunk } from '../../src/completion/chunk.ts'
import type { ChatRequest } from '../../src/completion/request.ts'
import { TestClock } from '../support/clock.ts'
import { answer, calls, chunk } from './tools/support.ts'

const request: ChatRequest = { model: 'm', messages: [{ role: 'user', content: 'hi' }], temperature: 0 }

function complete(chunks: readonly ChatCompletionChunk[]): ChatCompletion {
  const accumulator = new Accumulator()
  for (const each of chunks) accumulator.add(structuredClone(each))
  return accumulator.completion()
}

async function* play(chunks: readonly ChatCompletionChunk[]): AsyncGenerator<ChatCompletionChunk> {
  for (const each of chunks) yield structuredClone(each)
}

async function take(chunks: AsyncIterable<ChatCompletionChunk>): Promise<readonly ChatCompletionChunk[]> {
  const all: ChatCompletionChunk[] = []
  for await (const each of chunks) all.push(each)
  return all
}

const never = (): never => assert.fail('a request was made')

describe('ResponseCache', () => {
  test('gives a kept answer to the same request, whole and streamed', async () => {
    const cache = new ResponseCache()
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }
    const made = complete(answer('Hello, world.', usage))
    assert.equal(await cache.completion(request, async () => made), made)
    assert.deepEqual(await cache.completion(request, never), made)
    const streamed = await take(cache.stream({ ...request, stream: true }, never))
    assert.equal(complete(streamed).choices[0]?.message.content, 'Hello, world.')
    assert.ok(streamed.every(({ choices }) => choices.length > 0))
    const withUsage = await take(
      cache.stream({ ...request, stream: true, stream_options: { include_usage: true } }, never),
    )
    assert.deepEqual(complete(withUsage), made)
  })

  test('keeps a stream that came to its end', async () => {
    const cache = new ResponseCache()
    const chunks = calls([['c1', 'weather', '{"city":"Paris"}']])
    assert.equal((await take(cache.stream(request, async () => play(chunks)))).length, chunks.length)
    assert.deepEqual(await cache.completion(request, never), complete(chunks))
  })

  test('keeps nothing of a stream that was left, failed or cut, or of an answer cut off', async () => {
    const cache = new ResponseCache()
    for await (const each of cache.stream(request, async () => play(answer('Hello')))) if (each) break
    async function* failing(): AsyncGenerator<ChatCompletionChunk> {
      yield* answer('Hello').slice(0, 2)
      throw new Error('cut')
    }
    await assert.rejects(take(cache.stream(request, async () => failing())), /cut/)
    await take(cache.stream(request, async () => play(answer('Hello').slice(0, 2))))
    await take(
      cache.stream(request, async () => play([chunk({ role: 'assistant', content: 'Hel' }), chunk({}, 'length')])),
    )
    assert.equal(await cache.get(request), undefined)
    assert.equal(await cache.put(request, complete([chunk({ content: 'x' }, 'content_filter')])), false)
  })

  test('tells requests apart by everything but how they want the answer', async () => {
    const cache = new ResponseCache()
    const key = await cache.key(request)
    assert.match(key, /^[0-9a-f]{64}$/)
    const { model, messages, temperature } = request
    assert.equal(
      await cache.key({ temperature: temperature ?? 0, messages, stream: true, model, stream_options: null }),
      key,
    )
    assert.notEqual(await cache.key({ ...request, temperature: 1 }), key)
    assert.notEqual(await cache.key({ ...request, messages: [...messages, ...messages] }), key)
    assert.notEqual(await new ResponseCache({ scope: 'another' }).key(request), key)
  })

  test('makes the request when the store fails or holds something else', async () => {
    const errors: unknown[] = []
    const failing: CacheStore = {
      get: () => Promise.reject(new Error('get')),
      set: () => Promise.reject(new Error('set')),
      delete: () => Promise.resolve(),
    }
    const made = complete(answer('x'))
    const cache = new ResponseCache({ store: failing, onError: (error) => errors.push(error) })
    assert.equal(await cache.completion(request, async () => made), made)
    assert.equal(errors.length, 2)

    const store = new MemoryStore()
    const other = new ResponseCache({ store })
    for (const text of ['{', '{"choices":1}', 'null']) {
      await store.set(await other.key(request), text)
      assert.equal(await other.get(request), undefined)
      assert.equal(store.size, 0)
    }
  })

  test('keeps every recorded answer as it was', async () => {
    const folder = new URL('../fixtures/provider-streams/', import.meta.url)
    let kept = 0
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.sse'))) {
      const chunks = readFileSync(new URL(file, folder), 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('data: {'))
        .map((line) => JSON.parse(line.slice(6)) as ChatCompletionChunk)
      const whole = complete(chunks)
      const cache = new ResponseCache()
      if (!(await cache.put(request, whole))) continue
      kept++
      const replayed = cache.stream({ ...request, stream_options: { include_usage: true } }, never)
      assert.deepEqual(complete(await take(replayed)), JSON.parse(JSON.stringify(whole)), file)
    }
    assert.ok(kept >= 12, `${kept} of the recorded answers are complete`)
  })
})

describe('canonicalJson', () => {
  test('spells equal values alike and unequal ones apart', () => {
    const shuffled = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(shuffled)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(
              Object.entries(value)
                .toReversed()
                .map(([key, inner]) => [key, shuffled(inner)]),
            )
          : value
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        assert.equal(canonicalJson(shuffled(a)), canonicalJson(a))
        assert.equal(canonicalJson(a) === canonicalJson(b), JSON.stringify(sorted(a)) === JSON.stringify(sorted(b)))
        assert.deepEqual(JSON.parse(canonicalJson(a)), JSON.parse(JSON.stringify(a)))
      }),
    )
  })
})

/** Another way to one spelling: lists of pairs. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return ['list', ...value.map(sorted)]
  if (typeof value !== 'object' || value === null) return value
  const pairs = Object.entries(value).map(([key, inner]) => [key, sorted(inner)])
  return ['object', ...pairs.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1))]
}

describe('MemoryStore', () => {
  test('gives up what was not asked for longest when it is full', async () => {
    const store = new MemoryStore({ maxBytes: 60 })
    await store.set('a', 'x'.repeat(9))
    await store.set('b', 'x'.repeat(9))
    await store.set('c', 'x'.repeat(9))
    assert.equal(store.bytes, 60)
    assert.ok(await store.get('a'))
    await store.set('d', 'x'.repeat(9))
    assert.deepEqual(await Promise.all(['a', 'b', 'c', 'd'].map(async (key) => (await store.get(key)) !== undefined)), [
      true,
      false,
      true,
      true,
    ])
    await store.set('a', 'y')
    assert.equal(await store.get('a'), 'y')
    assert.equal(store.bytes, 44)
  })

  test('does not keep what is larger than all of it, and forgets what it replaces', async () => {
    const store = new MemoryStore({ maxBytes: 20 })
    await store.set('a', 'x')
    await store.set('a', 'x'.repeat(100))
    assert.equal(await store.get('a'), undefined)
    assert.deepEqual([store.size, store.bytes], [0, 0])
  })

  test('forgets a value after its time', async () => {
    const clock = new TestClock()
    const store = new MemoryStore({ ttl: 1_000, clock })
    await store.set('a', 'x')
    await store.set('b', 'x', { ttl: 5_000 })
    clock.advance(999)
    assert.equal(await store.get('a'), 'x')
    clock.advance(1)
    assert.equal(await store.get('a'), undefined)
    assert.equal(await store.get('b'), 'x')
    await store.delete('b')
    assert.deepEqual([store.size, store.bytes], [0, 0])
  })
})
