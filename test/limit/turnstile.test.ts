import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Reservation } from '../../src/limit/reservation.ts'
import { Scope } from '../../src/limit/scope.ts'
import { Turnstile } from '../../src/limit/turnstile.ts'
import { TestClock } from '../support/clock.ts'

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const patience = (ms: number, signal = new AbortController().signal) => ({ ms, signal })

/** Waits, and says who got in, in the order in which they did. */
function queue(turnstile: Turnstile) {
  const order: string[] = []
  const places = new Map<string, Reservation>()
  const join = (name: string, scopes: readonly Scope[], tokens = 0, ms = 600_000): void => {
    turnstile.wait(scopes, tokens, patience(ms)).then(
      (place) => {
        places.set(name, place)
        order.push(name)
      },
      () => order.push(`${name} refused`),
    )
  }
  return { order, places, join }
}

describe('places in several scopes', () => {
  test('are taken all or none', () => {
    const turnstile = new Turnstile(new TestClock())
    const key = new Scope('key', 'ada', { requestsPerMinute: 10, tokensPerMinute: 1_000, maxConcurrent: 5 })
    const model = new Scope('model', 'm', { maxConcurrent: 1 })
    assert.ok(turnstile.enter([key, model], 100))
    for (let i = 0; i < 3; i++) assert.equal(turnstile.enter([key, model], 100), undefined)
    assert.equal(key.budget.running, 1)
    assert.deepEqual(turnstile.headers([key])['x-ratelimit-remaining-tokens'], '900')
    assert.deepEqual(turnstile.headers([key])['x-ratelimit-remaining-requests'], '9')
  })

  test('are all given back by one settlement, which counts what was used', () => {
    const turnstile = new Turnstile(new TestClock())
    const key = new Scope('key', 'ada', { tokensPerMinute: 1_000, maxConcurrent: 1 })
    const model = new Scope('model', 'm', { tokensPerMinute: 500, maxConcurrent: 1 })
    const place = turnstile.enter([key, model], 400)
    place?.settle(150)
    place?.settle(400)
    assert.equal(turnstile.headers([key])['x-ratelimit-remaining-tokens'], '850')
    assert.equal(turnstile.headers([model])['x-ratelimit-remaining-tokens'], '350')
    assert.equal(key.budget.running + model.budget.running, 0)
  })

  test('show the tightest limit of them', () => {
    const turnstile = new Turnstile(new TestClock())
    const key = new Scope('key', 'ada', { requestsPerMinute: 10, tokensPerMinute: 50 })
    const model = new Scope('model', 'm', { requestsPerMinute: 3, tokensPerMinute: 9_000 })
    const { 'x-ratelimit-limit-requests': requests, 'x-ratelimit-limit-tokens': tokens } = turnstile.headers([
      key,
      model,
    ])
    assert.deepEqual([requests, tokens], ['3', '50'])
  })

  test('count tokens beyond the estimate from when they are known, also after a minute', () => {
    const clock = new TestClock()
    const turnstile = new Turnstile(clock)
    const key = new Scope('key', 'ada', { requestsPerMinute: 10, tokensPerMinute: 1_000 })
    const place = turnstile.enter([key], 100)
    clock.advance(90_000)
    place?.settle(700)
    assert.equal(turnstile.headers([key])['x-ratelimit-remaining-tokens'], '400')
    assert.equal(turnstile.headers([key])['x-ratelimit-remaining-requests'], '10')
    assert.equal(turnstile.enter([key], 500), undefined)
    clock.advance(60_000)
    assert.ok(turnstile.enter([key], 500))
  })

  test('of a stream that goes on are taken whatever the limits say, and are no request', () => {
    const turnstile = new Turnstile(new TestClock())
    const key = new Scope('key', 'ada', { requestsPerMinute: 5, maxConcurrent: 1 })
    turnstile.enter([key], 0)
    const place = turnstile.force([key], 0)
    assert.equal(key.budget.running, 2)
    assert.equal(turnstile.headers([key])['x-ratelimit-remaining-requests'], '4')
    place.settle(0)
    assert.equal(turnstile.enter([key], 0), undefined)
  })

  test('follow limits that are changed while they are taken', () => {
    const turnstile = new Turnstile(new TestClock())
    const key = new Scope('key', 'ada', { maxConcurrent: 1 })
    turnstile.enter([key], 0)
    assert.equal(turnstile.enter([key], 0), undefined)
    key.adjust({ maxConcurrent: 2 })
    assert.ok(turnstile.enter([key], 0))
    assert.equal(turnstile.enter([key], 0), undefined)
  })
})

describe('waiting for places in several scopes', () => {
  test('a caller whose own limit is reached holds nobody else up', async () => {
    const turnstile = new Turnstile(new TestClock())
    const model = new Scope('model', 'm', { maxConcurrent: 10 })
    const ada = new Scope('key', 'ada', { maxConcurrent: 1 })
    const bob = new Scope('key', 'bob', { maxConcurrent: 5 })
    turnstile.enter([ada, model], 0)
    const { order, join } = queue(turnstile)
    join('ada', [ada, model])
    await settled()
    assert.ok(turnstile.enter([bob, model], 0))
    assert.deepEqual(order, [])
    assert.equal(turnstile.waiting, 1)
  })

  test('nobody overtakes in the scope that refuses, a small request not before a large one', async () => {
    const clock = new TestClock()
    const turnstile = new Turnstile(clock)
    const model = new Scope('model', 'm', { tokensPerMinute: 100 })
    const [ada, bob] = [new Scope('key', 'ada', { maxConcurrent: 9 }), new Scope('key', 'bob', { maxConcurrent: 9 })]
    turnstile.enter([model], 60)
    const { order, join } = queue(turnstile)
    join('large', [ada, model], 80)
    join('small', [bob, model], 10)
    await settled()
    assert.equal(turnstile.enter([bob, model], 1), undefined)
    clock.advance(60_000)
    await settled()
    assert.deepEqual(order, ['large', 'small'])
    assert.equal(clock.armed, 0)
  })

  test('who moves on to the next scope’s line stands there by when it came', async () => {
    const turnstile = new Turnstile(new TestClock())
    const model = new Scope('model', 'm', { maxConcurrent: 1 })
    const ada = new Scope('key', 'ada', { maxConcurrent: 1 })
    const first = turnstile.enter([ada], 0)
    const second = turnstile.enter([model], 0)
    const { order, places, join } = queue(turnstile)
    join('ada', [ada, model])
    join('bob', [model])
    await settled()
    first?.settle(0)
    await settled()
    assert.deepEqual(order, [])
    second?.settle(0)
    await settled()
    assert.deepEqual(order, ['ada'])
    places.get('ada')?.settle(0)
    await settled()
    assert.deepEqual(order, ['ada', 'bob'])
  })

  test('refuses at once without patience, and says whose limit it was and when to come again', async () => {
    const turnstile = new Turnstile(new TestClock())
    const key = new Scope('key', 'ada', { requestsPerMinute: 1 })
    turnstile.enter([key], 0)
    await assert.rejects(turnstile.wait([key], 0, patience(0)), {
      code: 'rate_limit_exceeded',
      message: 'Rate limit reached for key ada on requests per minute: limit 1. Try again in 60 s',
      facts: { limit: 'key requests', retryAfterMs: 60_000 },
    })
    const narrow = new Scope('model', 'm', { tokensPerMinute: 100 })
    await assert.rejects(turnstile.wait([narrow], 101, patience(5_000)), {
      code: 'rate_limit_exceeded',
      message: 'Request too large for model m on tokens per minute: limit 100, asked for 101',
      facts: { limit: 'model tokens', shouldRetry: false },
    })
  })

  test('ends after its time, and when the caller leaves; who is behind moves up', async () => {
    const clock = new TestClock()
    const turnstile = new Turnstile(clock)
    const key = new Scope('key', 'ada', { tokensPerMinute: 100 })
    turnstile.enter([key], 50)
    const controller = new AbortController()
    const large = turnstile.wait([key], 90, patience(60_000, controller.signal))
    const hasty = turnstile.wait([key], 90, patience(500))
    const { order, join } = queue(turnstile)
    join('small', [key], 10)
    await settled()
    clock.advance(500)
    await assert.rejects(hasty, { code: 'rate_limit_exceeded' })
    controller.abort(new Error('left'))
    await assert.rejects(large, { code: 'cancelled' })
    await settled()
    assert.deepEqual(order, ['small'])
    assert.equal(turnstile.waiting, 0)
    assert.equal(clock.armed, 0)
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  })

  test('no line is longer than a thousand', async () => {
    const turnstile = new Turnstile(new TestClock())
    const key = new Scope('key', 'ada', { maxConcurrent: 1 })
    turnstile.enter([key], 0)
    const { order, join } = queue(turnstile)
    for (let i = 0; i < 1_001; i++) join(String(i), [key])
    await settled()
    assert.deepEqual(order, ['1000 refused'])
    assert.equal(turnstile.waiting, 1_000)
  })

  test('over any history no limit is crossed, everything comes back, and nobody is forgotten', async () => {
    const step = fc.record({
      key: fc.nat(2),
      model: fc.nat(1),
      tokens: fc.integer({ min: 0, max: 60 }),
      used: fc.nat(60),
      ms: fc.nat(30_000),
      ends: fc.nat(3),
      leaves: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clock = new TestClock()
        const turnstile = new Turnstile(clock)
        const keys = ['a', 'b', 'c'].map((name) => new Scope('key', name, { requestsPerMinute: 4, maxConcurrent: 2 }))
        const models = ['m', 'n'].map((name) => new Scope('model', name, { tokensPerMinute: 100, maxConcurrent: 3 }))
        const scopes = [...keys, ...models]
        const running: { readonly place: Reservation; readonly used: number }[] = []
        let waiting = 0
        for (const { key, model, tokens, used, ms, ends, leaves } of steps) {
          const asked = [keys[key], models[model]].filter((scope) => scope !== undefined)
          const controller = new AbortController()
          waiting++
          turnstile.wait(asked, tokens, patience(90_000, controller.signal)).then(
            (place) => {
              waiting--
              running.push({ place, used: Math.min(used, tokens) })
            },
            () => waiting--,
          )
          await settled()
          if (leaves) controller.abort(new Error('left'))
          for (const { place, used: tokensUsed } of running.splice(0, ends)) place.settle(tokensUsed)
          clock.advance(ms)
          await settled()
          for (const { budget, limits } of scopes) {
            const { requests, tokens: left } = budget.state(clock.now())
            assert.ok(budget.running <= (limits.maxConcurrent ?? Infinity))
            assert.ok(requests === undefined || requests.remaining >= 0)
            assert.ok(left === undefined || left.remaining >= 0)
          }
        }
        for (let round = 0; round < 100 && waiting + running.length > 0; round++) {
          for (const { place, used } of running.splice(0)) place.settle(used)
          clock.advance(30_000)
          await settled()
        }
        assert.equal(waiting, 0)
        assert.equal(turnstile.waiting, 0)
        assert.equal(clock.armed, 0)
        for (const { budget, line } of scopes) assert.equal(budget.running + line.size, 0)
      }),
      { numRuns: 150 },
    )
  })
})
