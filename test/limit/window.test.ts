import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Link } from '../../src/limit/chain.ts'
import { RateLimiter } from '../../src/limit/rate-limiter.ts'
import { SlidingWindow, type Slice } from '../../src/limit/window.ts'
import { TestClock } from '../support/clock.ts'

const MINUTE = 60_000
const PART = 60

/** What was really taken, each by itself. */
interface Entry {
  readonly at: number
  requests: number
  tokens: number
  readonly slice: Link<Slice>
}

/** Sums of what is younger than `length` at `now`, by looking at all of it. */
function sumsOf(entries: readonly Entry[], now: number, length: number): { requests: number; tokens: number } {
  const young = entries.filter(({ at }) => at + length > now)
  const sum = (of: (entry: Entry) => number): number => young.reduce((total, entry) => total + of(entry), 0)
  return { requests: sum(({ requests }) => requests), tokens: sum(({ tokens }) => tokens) }
}

describe('a sliding window', () => {
  test('counts all of the last minute, and nothing older than a minute and a thousandth', () => {
    const step = fc.record({
      // Mostly dense: that is where slices are shared.
      wait: fc.oneof({ weight: 8, arbitrary: fc.nat(8) }, fc.integer({ min: 0, max: 20_000 })),
      burst: fc.integer({ min: 1, max: 60 }),
      tokens: fc.nat(50),
      back: fc.nat(3),
    })
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 200 }), (steps) => {
        const window = new SlidingWindow(MINUTE)
        const entries: Entry[] = []
        let now = 0
        for (const { wait, burst, tokens, back } of steps) {
          now += wait
          window.expire(now)
          for (let i = 0; i < burst; i++) {
            entries.push({ at: now, requests: 1, tokens, slice: window.add(1, tokens, now) })
          }
          // Some used less than they took, some never came: wherever they are by now.
          for (let i = 0; i < back; i++) {
            const entry = entries[(now * 31 + i * 17) % entries.length]
            if (entry === undefined) continue
            const isGone = i === 0
            window.alter(entry.slice, isGone ? -entry.requests : 0, -entry.tokens)
            entry.tokens = 0
            if (isGone) entry.requests = 0
          }
          const least = sumsOf(entries, now, MINUTE)
          const most = sumsOf(entries, now, MINUTE + PART)
          assert.ok(window.requests >= least.requests && window.requests <= most.requests)
          assert.ok(window.tokens >= least.tokens && window.tokens <= most.tokens)
          assert.ok(window.size <= 1_257, `${window.size} slices`)
        }
        now += MINUTE
        window.expire(now)
        assert.deepEqual([window.requests, window.tokens, window.size], [0, 0, 0])
      }),
      { numRuns: 100 },
    )
  })

  test('holds no more slices for 150,000 requests a minute than for 1,257', () => {
    const window = new SlidingWindow(MINUTE)
    let most = 0
    for (let i = 0; i < 300_000; i++) {
      const now = i * 0.4
      window.expire(now)
      window.add(1, 10, now)
      most = Math.max(most, window.size)
    }
    assert.ok(most > 1_000 && most <= 1_257, `${most} slices`)
    const exact = MINUTE / 0.4
    assert.ok(window.requests >= exact && window.requests <= exact + PART / 0.4, `${window.requests} requests`)
  })

  test('forgets a slice whose requests were all given back', () => {
    const window = new SlidingWindow(MINUTE)
    const slices = Array.from({ length: 1_000 }, () => window.add(1, 5, 7))
    for (const slice of slices) window.alter(slice, -1, -5)
    assert.equal(window.size, 0)
    assert.equal(window.emptyIn(7), 0)
  })
})

describe('a limit of very many requests', () => {
  const RPM = 100_000

  test('is never crossed, and used to the last thousandth, by clients that never rest', () => {
    const clock = new TestClock()
    const limiter = new RateLimiter({ requestsPerMinute: RPM, clock })
    const admitted: number[] = []
    // 2,000 a second are asked for, 1,667 are allowed.
    for (let ms = 0; ms < 240_000; ms += 5) {
      for (let i = 0; i < 10; i++) {
        if (limiter.acquire() !== undefined) admitted.push(clock.now())
      }
      clock.advance(5)
    }
    let first = 0
    for (const [i, at] of admitted.entries()) {
      while ((admitted[first] ?? at) <= at - MINUTE) first++
      assert.ok(i - first + 1 <= RPM, `${i - first + 1} requests in the minute before ${at}`)
    }
    assert.ok(admitted.length >= 4 * RPM * 0.998, `${admitted.length} of ${4 * RPM}`)
  })

  test('is whole again a minute after it was used up', () => {
    const clock = new TestClock()
    const limiter = new RateLimiter({ requestsPerMinute: RPM, clock })
    const startedAt = clock.now()
    for (let i = 0; i < RPM; i++) {
      assert.ok(limiter.acquire())
      if (i % 100 === 99) clock.advance(1)
    }
    const endedAt = clock.now()
    assert.equal(limiter.acquire(), undefined)
    const decision = limiter.check()
    assert.ok(decision.type === 'wait' && decision.ms <= startedAt + MINUTE + PART - endedAt, JSON.stringify(decision))
    clock.advance(decision.ms)
    assert.ok(limiter.acquire())
    clock.advance(endedAt - 1 + MINUTE - clock.now())
    for (let i = 0; i < RPM - 1; i++) assert.ok(limiter.acquire(), `request ${i}`)
    assert.equal(limiter.acquire(), undefined)
  })
})
