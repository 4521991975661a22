import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { RateLimiter } from '../../src/limit/rate-limiter.ts'
import type { Reservation } from '../../src/limit/reservation.ts'
import { TestClock } from '../support/clock.ts'

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The seeds' limiter, word for word: lists of times, swept at every call. Right, and slow. */
class NaiveLog {
  #requests: number[] = []
  #tokens: { at: number; tokens: number }[] = []

  acquire(tokens: number, now: number, rpm: number, tpm: number): boolean {
    const cutoff = now - 60_000
    this.#requests = this.#requests.filter((at) => at > cutoff)
    this.#tokens = this.#tokens.filter(({ at }) => at > cutoff)
    if (this.#requests.length >= rpm) return false
    if (this.#tokens.reduce((sum, entry) => sum + entry.tokens, 0) + tokens > tpm) return false
    this.#requests.push(now)
    this.#tokens.push({ at: now, tokens })
    return true
  }
}

describe('RateLimiter: acquire', () => {
  test('decides as a log of all requests of the last minute would', () => {
    const steps = fc.array(fc.tuple(fc.nat(20_000), fc.nat(600)), { maxLength: 60 })
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 1_000 }), (waits, rpm, tpm) => {
        const clock = new TestClock()
        const limiter = new RateLimiter({ requestsPerMinute: rpm, tokensPerMinute: tpm, clock })
        const naive = new NaiveLog()
        for (const [ms, tokens] of waits) {
          clock.advance(ms)
          assert.equal(limiter.acquire(tokens) !== undefined, naive.acquire(tokens, clock.now(), rpm, tpm))
        }
      }),
      { numRuns: 500 },
    )
  })

  test('takes request, tokens and slot together or nothing', () => {
    const clock = new TestClock()
    const limiter = new RateLimiter({ requestsPerMinute: 10, tokensPerMinute: 100, maxConcurrent: 1, clock })
    const first = limiter.acquire(60)
    assert.ok(first)
    assert.equal(limiter.acquire(10), undefined)
    first.settle(60)
    assert.equal(limiter.acquire(50), undefined)
    assert.equal(limiter.headers()['x-ratelimit-remaining-requests'], '9')
    assert.equal(limiter.headers()['x-ratelimit-remaining-tokens'], '40')
    assert.equal(limiter.running, 0)
  })

  test('counts what was used in place of what was reserved', () => {
    const limiter = new RateLimiter({ tokensPerMinute: 100, clock: new TestClock() })
    limiter.acquire(80)?.settle({ total_tokens: 30 })
    assert.equal(limiter.headers()['x-ratelimit-remaining-tokens'], '70')
    limiter.acquire(10)?.settle(90)
    assert.equal(limiter.headers()['x-ratelimit-remaining-tokens'], '0')
    assert.equal(limiter.acquire(1), undefined)
  })

  test('keeps the estimate when nobody knows what was used', () => {
    const limiter = new RateLimiter({ tokensPerMinute: 100, clock: new TestClock() })
    limiter.acquire(80)?.settle(undefined)
    assert.equal(limiter.headers()['x-ratelimit-remaining-tokens'], '20')
    {
      using place = limiter.acquire(15)
      assert.equal(place?.ended, false)
    }
    assert.equal(limiter.running, 0)
    assert.equal(limiter.headers()['x-ratelimit-remaining-tokens'], '5')
  })

  test('a refund leaves nothing behind, and ends a reservation once', () => {
    const limiter = new RateLimiter({
      requestsPerMinute: 1,
      tokensPerMinute: 100,
      maxConcurrent: 1,
      clock: new TestClock(),
    })
    const place = limiter.acquire(100)
    place?.refund()
    place?.refund()
    place?.settle(100)
    assert.equal(limiter.running, 0)
    assert.ok(limiter.acquire(100))
  })

  test('a request that settles after its minute changes nothing', () => {
    const clock = new TestClock()
    const limiter = new RateLimiter({ requestsPerMinute: 10, tokensPerMinute: 100, clock })
    const place = limiter.acquire(50)
    clock.advance(60_000)
    place?.settle(90)
    assert.equal(limiter.headers()['x-ratelimit-remaining-tokens'], '100')
    assert.equal(limiter.headers()['x-ratelimit-reset-tokens'], '0s')
  })

  test('says when a refused request may come again', () => {
    const clock = new TestClock()
    const limiter = new RateLimiter({ requestsPerMinute: 3, tokensPerMinute: 100, clock })
    limiter.acquire(40)
    clock.advance(10_000)
    limiter.acquire(40)
    assert.deepEqual(limiter.check(50), { type: 'wait', ms: 50_000, limit: 'tokens' })
    assert.deepEqual(limiter.check(100), { type: 'wait', ms: 60_000, limit: 'tokens' })
    assert.deepEqual(limiter.check(20), { type: 'admit' })
    limiter.acquire(20)
    assert.deepEqual(limiter.check(0), { type: 'wait', ms: 50_000, limit: 'requests' })
    assert.deepEqual(limiter.check(101), { type: 'never', limit: 'tokens' })
  })

  test('refuses limits and estimates that make no sense', () => {
    assert.throws(() => new RateLimiter({ requestsPerMinute: 0 }), { code: 'invalid_value' })
    assert.throws(() => new RateLimiter({ tokensPerMinute: Number.NaN }), { code: 'invalid_value' })
    assert.throws(() => new RateLimiter({}).acquire(-1), { code: 'invalid_value' })
    assert.throws(() => new RateLimiter({}).acquire(1.5), { code: 'invalid_value' })
  })
})

describe('RateLimiter: waitAndAcquire', () => {
  test('serves those who wait in the order of coming, a small request not before a large one', async () => {
    const clock = new TestClock()
    const limiter = new RateLimiter({ tokensPerMinute: 100, clock })
    limiter.acquire(60)
    const order: string[] = []
    const large = limiter.waitAndAcquire(80).then(() => order.push('large'))
    const small = limiter.waitAndAcquire(10).then(() => order.push('small'))
    await settled()
    assert.equal(limiter.acquire(1), undefined)
    assert.equal(limiter.waiting, 2)
    clock.advance(59_999)
    await settled()
    assert.deepEqual(order, [])
    clock.advance(1)
    await Promise.all([large, small])
    assert.deepEqual(order, ['large', 'small'])
    assert.equal(clock.armed, 0)
  })

  test('lets the next one in when a slot is given back', async () => {
    const limiter = new RateLimiter({ maxConcurrent: 1, clock: new TestClock() })
    const first = limiter.acquire()
    const second = limiter.waitAndAcquire()
    await settled()
    assert.equal(limiter.waiting, 1)
    first?.settle()
    await second
    assert.equal(limiter.waiting, 0)
    assert.equal(limiter.running, 1)
  })

  test('gives up after its own time, the others wait on', async () => {
    const clock = new TestClock()
    const limiter = new RateLimiter({ requestsPerMinute: 1, clock })
    limiter.acquire()
    const patient = limiter.waitAndAcquire(0, { timeout: 70_000 })
    const hasty = limiter.waitAndAcquire(0, { timeout: 500 })
    const refused = assert.rejects(
      hasty,
      (error: { code?: unknown; message?: unknown; facts?: { retryAfterMs?: unknown } }) => {
        assert.equal(error.code, 'rate_limit_exceeded')
        assert.match(String(error.message), /Rate limit timeout/)
        assert.equal(error.facts?.retryAfterMs, 59_500)
        return true
      },
    )
    assert.equal(clock.armed, 1)
    clock.advance(500)
    await refused
    assert.equal(limiter.waiting, 1)
    clock.advance(59_500)
    await patient
    assert.equal(clock.armed, 0)
  })

  test('gives up when aborted, at once when aborted before, and leaves no listener', async () => {
    const clock = new TestClock()
    const limiter = new RateLimiter({ requestsPerMinute: 1, clock })
    const controller = new AbortController()
    const served = await limiter.waitAndAcquire(0, { signal: controller.signal })
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
    const waiting = limiter.waitAndAcquire(0, { signal: controller.signal })
    const reason = new Error('enough')
    controller.abort(reason)
    await assert.rejects(waiting, { code: 'cancelled', cause: reason })
    await assert.rejects(limiter.waitAndAcquire(0, { signal: controller.signal }), { code: 'cancelled' })
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
    assert.equal(limiter.waiting, 0)
    assert.equal(clock.armed, 0)
    served.settle()
  })

  test('refuses at once what can never be', async () => {
    const limiter = new RateLimiter({ tokensPerMinute: 100, clock: new TestClock() })
    limiter.acquire(100)
    await assert.rejects(limiter.waitAndAcquire(101), { code: 'rate_limit_exceeded', facts: { limit: 'tokens' } })
    assert.equal(limiter.waiting, 0)
  })

  test('keeps 64 racing clients under every limit for three minutes, and all of them get on', async () => {
    const clock = new TestClock()
    const rpm = 100
    const tpm = 10_000
    const limiter = new RateLimiter({ requestsPerMinute: rpm, tokensPerMinute: tpm, maxConcurrent: 5, clock })
    const end = clock.now() + 180_000
    const admitted: { at: number; tokens: number }[] = []
    const perClient = Array.from({ length: 64 }, () => 0)
    let running = 0
    let mostRunning = 0
    let mostTimers = 0
    const client = async (id: number): Promise<void> => {
      for (let turn = 0; clock.now() < end; turn++) {
        const tokens = 20 + ((id * 37 + turn * 101) % 200)
        const place = await limiter.waitAndAcquire(tokens)
        running++
        mostRunning = Math.max(mostRunning, running)
        admitted.push({ at: clock.now(), tokens })
        perClient[id] = (perClient[id] ?? 0) + 1
        await new Promise<void>((resolve) => clock.after(50 + ((id + turn) % 400), resolve))
        running--
        place.settle(tokens)
      }
    }
    const clients = perClient.map((_, id) => client(id))
    while (clock.now() < end) {
      await settled()
      mostTimers = Math.max(mostTimers, clock.armed - running)
      clock.advance(50)
    }
    for (let drained = 0; drained < 10_000 && limiter.waiting + limiter.running > 0; drained++) {
      await settled()
      clock.advance(100)
    }
    await Promise.all(clients)
    for (const [i, { at }] of admitted.entries()) {
      const window = admitted.slice(Math.max(0, i - 2 * rpm), i + 1).filter((other) => other.at > at - 60_000)
      assert.ok(window.length <= rpm, `${window.length} requests in the minute before ${at}`)
      assert.ok(window.reduce((sum, { tokens }) => sum + tokens, 0) <= tpm)
    }
    assert.equal(mostRunning, 5)
    assert.ok(mostTimers <= 1, `${mostTimers} timers`)
    assert.ok(admitted.length >= 210, `${admitted.length} requests in three minutes`)
    assert.ok(Math.max(...perClient) - Math.min(...perClient) <= 2, 'FIFO is fair')
    assert.equal(limiter.running, 0)
    assert.equal(clock.armed, 0)
  })

  test('has everything free after 1,000 aborts', async () => {
    const clock = new TestClock()
    const limiter = new RateLimiter({ requestsPerMinute: 10, tokensPerMinute: 1_000, maxConcurrent: 3, clock })
    const places: Reservation[] = []
    const aborts = Array.from({ length: 1_000 }, (_, i) => {
      const controller = new AbortController()
      const waiting = limiter.waitAndAcquire(1 + (i % 90), { signal: controller.signal, timeout: 30_000 + (i % 7) })
      const outcome = waiting.then(
        (place) => void places.push(place),
        () => undefined,
      )
      return { controller, outcome }
    })
    await settled()
    assert.equal(limiter.running, 3)
    for (const { controller } of aborts) controller.abort()
    for (const place of places) place.refund()
    await Promise.all(aborts.map(({ outcome }) => outcome))
    assert.equal(limiter.waiting, 0)
    assert.equal(limiter.running, 0)
    assert.equal(clock.armed, 0)
    assert.deepEqual(limiter.headers(), {
      'x-ratelimit-limit-requests': '10',
      'x-ratelimit-remaining-requests': '10',
      'x-ratelimit-reset-requests': '0s',
      'x-ratelimit-limit-tokens': '1000',
      'x-ratelimit-remaining-tokens': '1000',
      'x-ratelimit-reset-tokens': '0s',
    })
  })

  test('costs in proportion to how many wait', async () => {
    const cost = async (count: number): Promise<number> => {
      const clock = new TestClock()
      const limiter = new RateLimiter({ maxConcurrent: 1, clock })
      let place = limiter.acquire()
      const line = Array.from({ length: count }, () => limiter.waitAndAcquire(1, { timeout: 1_000 }))
      const started = performance.now()
      for (const next of line) {
        place?.settle()
        place = await next
      }
      return performance.now() - started
    }
    await cost(4_000)
    const small = Math.min(await cost(4_000), await cost(4_000))
    const large = Math.min(await cost(32_000), await cost(32_000))
    // Eight times as many; the square would be 64 times. The rest is for the noise of a busy machine.
    assert.ok(large < small * 24 + 100, `${small.toFixed(1)} ms for 4,000, ${large.toFixed(1)} ms for 32,000`)
  })
})

describe('RateLimiter: the word of the server', () => {
  test('does not send more than the server says is left, until its budget is whole again', async () => {
    const clock = new TestClock()
    const limiter = new RateLimiter({ requestsPerMinute: 100, clock })
    limiter.observe({ 'x-ratelimit-remaining-requests': '2', 'x-ratelimit-reset-requests': '1.5s' })
    assert.ok(limiter.acquire())
    limiter.acquire()?.refund()
    assert.ok(limiter.acquire())
    assert.deepEqual(limiter.check(), { type: 'wait', ms: 1_500, limit: 'server' })
    clock.advance(1_500)
    assert.ok(limiter.acquire())
  })

  test('holds back a request with more tokens than are left', () => {
    const clock = new TestClock()
    const limiter = new RateLimiter({ clock })
    limiter.observe(new Headers({ 'x-ratelimit-remaining-tokens': '500', 'x-ratelimit-reset-tokens': '6m0s' }))
    assert.deepEqual(limiter.check(501), { type: 'wait', ms: 360_000, limit: 'server' })
    assert.ok(limiter.acquire(500))
    assert.equal(limiter.acquire(1), undefined)
  })

  test('lets those who wait go when the server has more again', async () => {
    const clock = new TestClock()
    const limiter = new RateLimiter({ clock })
    limiter.observe({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String((clock.date() + 45_000) / 1_000) })
    const waiting = limiter.waitAndAcquire()
    await settled()
    assert.equal(limiter.waiting, 1)
    limiter.observe({ 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': '60' })
    await waiting
    assert.equal(clock.armed, 0)
  })

  test('obeys Retry-After, and never shortens it', () => {
    const clock = new TestClock()
    const limiter = new RateLimiter({ clock })
    limiter.observe({ 'retry-after': '45' })
    limiter.observe({ 'retry-after-ms': '10' })
    assert.deepEqual(limiter.check(), { type: 'wait', ms: 45_000, limit: 'server' })
    clock.advance(45_000)
    assert.deepEqual(limiter.check(), { type: 'admit' })
  })
})
