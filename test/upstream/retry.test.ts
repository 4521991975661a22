import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SluiceError, type ErrorCode, type ErrorFacts } from '../../src/errors.ts'
import { decide, type Decision } from '../../src/upstream/retry.ts'
import { askedWait } from '../../src/limit/retry-after.ts'

const because = (code: ErrorCode, facts: ErrorFacts = {}): SluiceError => new SluiceError(code, 'x', facts)
const first = { here: 1, all: 1, max: 4, hasNext: true }
const alone = { ...first, hasNext: false }
const still = (): number => 0

describe('what follows a failure that no reader has seen', () => {
  const rows: readonly [string, SluiceError, typeof first, Decision][] = [
    ['a 503 is retried after a backoff', because('provider_unavailable'), first, { type: 'retry', afterMs: 250 }],
    [
      'a second 503 goes to the next target',
      because('provider_unavailable'),
      { ...first, here: 2, all: 2 },
      { type: 'fallback' },
    ],
    [
      'a second 503 without another target is told',
      because('provider_unavailable'),
      { ...alone, here: 2, all: 2 },
      { type: 'give_up' },
    ],
    [
      'a 429 goes to the next target at once',
      because('provider_rate_limited', { retryAfterMs: 50 }),
      first,
      { type: 'fallback' },
    ],
    [
      'a 429 without another target is waited out',
      because('provider_rate_limited', { retryAfterMs: 800 }),
      alone,
      { type: 'retry', afterMs: 800 },
    ],
    [
      'a 429 that asks for minutes is told',
      because('provider_rate_limited', { retryAfterMs: 90_000 }),
      alone,
      { type: 'give_up' },
    ],
    [
      "the caller's own mistake is never retried",
      because('provider_rejected', { status: 400 }),
      first,
      { type: 'give_up' },
    ],
    ['a 404 may be known elsewhere', because('provider_rejected', { status: 404 }), first, { type: 'fallback' }],
    ['a 408 is retried', because('provider_rejected', { status: 408 }), first, { type: 'retry', afterMs: 250 }],
    ['refused credentials go to the next target', because('provider_auth'), first, { type: 'fallback' }],
    ['no head in time goes to the next target', because('upstream_head_timeout'), first, { type: 'fallback' }],
    [
      'no head in time is tried once more where there is no other',
      because('upstream_head_timeout'),
      alone,
      { type: 'retry', afterMs: 250 },
    ],
    ['a stale connection is replaced at once', because('upstream_reset'), first, { type: 'retry', afterMs: 0 }],
    ['HTML goes to the next target', because('provider_bad_response'), first, { type: 'fallback' }],
    ['a cancelled stream is over', because('cancelled'), first, { type: 'give_up' }],
    ['a stream whose time is up is over', because('upstream_total_timeout'), first, { type: 'give_up' }],
    [
      'x-should-retry: false is honoured',
      because('provider_unavailable', { shouldRetry: false }),
      alone,
      { type: 'give_up' },
    ],
    [
      'x-should-retry: true is honoured on a 400',
      because('provider_rejected', { status: 400, shouldRetry: true }),
      alone,
      { type: 'retry', afterMs: 250 },
    ],
    ['tries have an end', because('provider_unavailable'), { ...first, all: 4 }, { type: 'give_up' }],
  ]
  for (const [title, error, tries, expected] of rows) {
    test(title, () => assert.deepEqual(decide(error, tries, still), expected))
  }

  test('the backoff is shortened by up to a quarter, so that callers spread out', () => {
    const decision = decide(because('provider_unavailable'), first, () => 0.999)
    assert.ok(decision.type === 'retry' && decision.afterMs < 190 && decision.afterMs > 187)
  })
})

describe('how long a provider asks us to wait', () => {
  const now = Date.UTC(2026, 10, 20)
  const rows: readonly [string, Record<string, string>, number | undefined][] = [
    ['milliseconds', { 'retry-after-ms': '1500', 'retry-after': '9' }, 1_500],
    ['seconds', { 'retry-after': '2.5' }, 2_500],
    ['an HTTP date', { 'retry-after': new Date(now + 4_000).toUTCString() }, 4_000],
    ['a date in the past', { 'retry-after': new Date(now - 4_000).toUTCString() }, 0],
    ['a Go duration', { 'x-ratelimit-reset-requests': '6m0s' }, 360_000],
    ['a Go duration in milliseconds', { 'x-ratelimit-reset-tokens': '12ms' }, 12],
    ['unix seconds', { 'x-ratelimit-reset': String(now / 1_000 + 45) }, 45_000],
    ['unix milliseconds', { 'x-ratelimit-reset': String(now + 700) }, 700],
    [
      'the budget that is spent, not the one that is not',
      {
        'x-ratelimit-reset-requests': '1s',
        'x-ratelimit-remaining-requests': '9',
        'x-ratelimit-reset-tokens': '30s',
        'x-ratelimit-remaining-tokens': '0',
      },
      30_000,
    ],
    ['nothing', {}, undefined],
    ['nonsense', { 'retry-after': 'soon', 'x-ratelimit-reset': '-1' }, undefined],
  ]
  for (const [title, headers, expected] of rows) {
    test(`is read from ${title}`, () => assert.equal(askedWait(headers, now), expected))
  }
})
