import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatReset, readRateHeaders, writeRateHeaders } from '../../src/limit/rate-headers.ts'
import { parseReset } from '../../src/limit/retry-after.ts'

const NOW = 1_735_689_555_000

describe('rate limit headers', () => {
  test('reads every form of reset that services send', () => {
    const cases: readonly (readonly [string, number | undefined])[] = [
      ['12ms', 12],
      ['1s', 1_000],
      ['6m0s', 360_000],
      ['1h0m1.5s', 3_601_500],
      ['250µs', 0.25],
      ['30', 30_000],
      ['1735689600', 45_000],
      ['1735689600000', 45_000],
      ['1735689000', 0],
      ['2025-01-01T00:00:00Z', 45_000],
      ['-1', undefined],
      ['', undefined],
      ['soon', undefined],
      ['5s or so', undefined],
    ]
    for (const [value, ms] of cases) assert.equal(parseReset(value, NOW), ms, value)
  })

  test('reads a recorded 429 of HolySheep', () => {
    const headers = {
      'x-ratelimit-limit': '10000',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '1735689600',
      'retry-after': '45',
    }
    assert.deepEqual(readRateHeaders(headers, NOW), {
      requests: { remaining: 0, resetMs: 45_000 },
      tokens: undefined,
      retryAfterMs: 45_000,
    })
  })

  test('leaves out what makes no sense', () => {
    const azure = new Headers({ 'x-ratelimit-remaining-requests': '-1', 'x-ratelimit-reset-requests': '-1' })
    assert.deepEqual(readRateHeaders(azure, NOW), { requests: undefined, tokens: undefined, retryAfterMs: undefined })
    assert.equal(readRateHeaders({ 'retry-after': 'later' }, NOW).retryAfterMs, undefined)
    assert.equal(readRateHeaders({ 'x-ratelimit-remaining-tokens': '5' }, NOW).tokens, undefined)
  })

  test('reads Retry-After as a date', () => {
    assert.equal(readRateHeaders({ 'retry-after': 'Wed, 01 Jan 2025 00:00:00 GMT' }, NOW).retryAfterMs, 45_000)
  })

  test('writes what it reads', () => {
    fc.assert(
      fc.property(fc.nat(100_000_000), (ms) => {
        assert.equal(parseReset(formatReset(ms), NOW), ms)
      }),
    )
    assert.equal(formatReset(360_000), '6m0s')
    assert.equal(formatReset(0.2), '1ms')
  })

  test('writes no fields for a budget without limit', () => {
    assert.deepEqual(writeRateHeaders({ requests: undefined, tokens: { limit: 10, remaining: 3, resetMs: 61_500 } }), {
      'x-ratelimit-limit-tokens': '10',
      'x-ratelimit-remaining-tokens': '3',
      'x-ratelimit-reset-tokens': '1m1.5s',
    })
  })
})
