import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { batch, type BatchProgress } from '../../src/client/batch.ts'
import { RateLimitError } from '../../src/client/errors.ts'
import { RateLimiter } from '../../src/limit/rate-limiter.ts'
import { TestClock } from '../support/clock.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const numbers = (count: number): readonly { readonly n: number }[] => Array.from({ length: count }, (_, n) => ({ n }))

describe('batch', () => {
  test('gives results in the order of the requests, whatever the order of the answers', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(5), { maxLength: 20 }),
        fc.integer({ min: 1, max: 6 }),
        async (waits, concurrency) => {
          let running = 0
          let most = 0
          const results = await batch(
            waits.map((wait, n) => ({ n, wait })),
            {
              concurrency,
              run: async ({ n, wait }) => {
                most = Math.max(most, ++running)
                for (let i = 0; i <= wait; i++) await turn()
                running--
                if (wait === 3) throw new Error(`no ${n}`)
                return n
              },
            },
          )
          assert.deepEqual(
            results.map((result) => (result.status === 'fulfilled' ? result.value : String(result.reason))),
            waits.map((wait, n) => (wait === 3 ? `Error: no ${n}` : n)),
          )
          assert.equal(most, Math.min(concurrency, waits.length))
        },
      ),
      { numRuns: 50 },
    )
  })

  test('says how far it is', async () => {
    const seen: BatchProgress[] = []
    await batch(numbers(2), {
      concurrency: 1,
      run: ({ n }) => (n === 0 ? Promise.resolve(n) : Promise.reject(new Error('no'))),
      onProgress: (progress) => seen.push(progress),
    })
    assert.deepEqual(seen, [
      { type: 'started', index: 0, finished: 0, failed: 0, total: 2 },
      { type: 'completed', index: 0, finished: 1, failed: 0, total: 2 },
      { type: 'started', index: 1, finished: 1, failed: 0, total: 2 },
      { type: 'failed', index: 1, finished: 2, failed: 1, total: 2 },
    ])
  })

  test('an abort reaches what runs, keeps what is done, and starts nothing more', async () => {
    const controller = new AbortController()
    let started = 0
    const results = await batch(numbers(10), {
      concurrency: 2,
      signal: controller.signal,
      run: ({ n }, { signal }) => {
        started++
        if (n < 2) return Promise.resolve(n)
        queueMicrotask(() => controller.abort())
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
      },
    })
    assert.deepEqual(results.slice(0, 2), [
      { status: 'fulfilled', value: 0 },
      { status: 'fulfilled', value: 1 },
    ])
    assert.equal(results.length, 10)
    assert.equal(started, 4)
    const last = results.at(-1)
    assert.equal(last?.status === 'rejected' && last.reason instanceof Error && last.reason.name, 'APIUserAbortError')
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  })

  test('makes no request when it was aborted before', async () => {
    const results = await batch(numbers(3), {
      signal: AbortSignal.abort(),
      run: () => assert.fail('a request was made'),
    })
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'rejected', 'rejected'],
    )
  })

  test('reserves tokens, settles them with what was used, and gives back what a refusal did not use', async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 10, tokensPerMinute: 1_000, clock: new TestClock() })
    const results = await batch(numbers(3), {
      limiter,
      estimate: () => 300,
      run: async ({ n }) => {
        if (n === 0) return { usage: { total_tokens: 50 } }
        if (n === 1) throw Object.assign(new Error('refused'), { status: 400 })
        throw new Error('broken')
      },
    })
    assert.equal(results.filter(({ status }) => status === 'rejected').length, 2)
    assert.equal(limiter.running, 0)
    assert.equal(limiter.headers()['x-ratelimit-remaining-tokens'], String(1_000 - 50 - 0 - 300))
  })

  test('waits for the limiter, and for as long as a 429 asks', async () => {
    const clock = new TestClock()
    const limiter = new RateLimiter({ requestsPerMinute: 2, clock })
    const times: number[] = []
    const start = clock.now()
    const done = batch(numbers(4), {
      limiter,
      concurrency: 1,
      estimate: () => 1,
      run: async ({ n }) => {
        times.push(clock.now() - start)
        if (n === 0) throw new RateLimitError(429, {}, 'slow down', new Headers({ 'retry-after': '5' }))
      },
    })
    for (let i = 0; i < 70; i++) {
      await turn()
      clock.advance(1_000)
    }
    await done
    assert.deepEqual(times, [0, 5_000, 60_000, 65_000])
    assert.equal(clock.armed, 0)
  })

  test('rejects, and aborts what runs, when onProgress throws', async () => {
    let aborted = false
    const broken = new Error('mine')
    await assert.rejects(
      batch(numbers(2), {
        run: (_request, { signal, index }) =>
          index === 0
            ? new Promise((resolve) => signal.addEventListener('abort', () => resolve((aborted = true))))
            : Promise.resolve(false),
        onProgress: ({ type }) => {
          if (type === 'completed') throw broken
        },
      }),
      broken,
    )
    assert.equal(aborted, true)
  })

  test('refuses a concurrency below 1, and is done at once with no requests', async () => {
    await assert.rejects(batch(numbers(1), { concurrency: 0, run: async () => 1 }), { name: 'OpenAIError' })
    assert.deepEqual(await batch([], { run: async () => 1 }), [])
  })
})
