import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SluiceError } from '../../src/errors.ts'
import { Watch, type Phase } from '../../src/upstream/watch.ts'
import { TestClock } from '../support/clock.ts'

const deadlines = { connect: 100, head: 200, firstToken: 300, betweenTokens: 400, total: 5_000 }

function watched(): { clock: TestClock; watch: Watch; errors: SluiceError[] } {
  const clock = new TestClock()
  const errors: SluiceError[] = []
  return { clock, errors, watch: new Watch(clock, deadlines, 'sim', { abort: (error) => errors.push(error) }) }
}

describe('the deadlines of an exchange', () => {
  const phases: readonly [Phase, number, string][] = [
    ['connect', 100, 'upstream_connect_timeout'],
    ['head', 200, 'upstream_head_timeout'],
    ['firstToken', 300, 'upstream_first_token_timeout'],
    ['betweenTokens', 400, 'upstream_between_tokens_timeout'],
  ]
  for (const [phase, limit, code] of phases) {
    test(`${phase} passes after its own ${limit} ms, with a code of its own`, () => {
      const { clock, watch, errors } = watched()
      if (phase !== 'connect') watch.enter(phase)
      clock.advance(limit - 1)
      assert.equal(errors.length, 0)
      clock.advance(1)
      assert.deepEqual(
        errors.map((error) => error.code),
        [code],
      )
      assert.match(errors[0]?.message ?? '', new RegExp(`sim: .* within ${limit} ms`))
    })
  }

  test('a sign of life puts off the deadline between tokens, with a single timer', () => {
    const { clock, watch, errors } = watched()
    watch.enter('betweenTokens')
    for (let i = 0; i < 10; i++) {
      clock.advance(399)
      watch.alive(1)
      assert.equal(clock.armed, 1)
    }
    assert.equal(errors.length, 0)
    clock.advance(400)
    assert.equal(errors.length, 1)
  })

  test('signs of life alone put off the deadline between tokens to five times as long', () => {
    const { clock, watch, errors } = watched()
    watch.enter('betweenTokens')
    clock.advance(300)
    watch.alive(1)
    for (let passed = 0; passed < 2_000; passed += 100) {
      assert.equal(errors.length, 0)
      watch.alive(0)
      assert.equal(clock.armed, 1)
      clock.advance(100)
    }
    assert.equal(errors[0]?.code, 'upstream_between_tokens_timeout')
    assert.match(errors[0]?.message ?? '', /no token, only comments, within 2000 ms/)
  })

  test('a sign of life does not put off the first token', () => {
    const { clock, watch, errors } = watched()
    watch.enter('firstToken')
    for (let i = 0; i < 3; i++) {
      clock.advance(100)
      watch.alive(1)
    }
    assert.deepEqual(
      errors.map((error) => error.code),
      ['upstream_first_token_timeout'],
    )
  })

  test('the whole stream has a deadline however lively it is', () => {
    const { clock, watch, errors } = watched()
    watch.enter('betweenTokens')
    for (let i = 0; i < 50; i++) {
      clock.advance(100)
      watch.alive(1)
    }
    assert.deepEqual(
      errors.map((error) => error.code),
      ['upstream_total_timeout'],
    )
  })

  test('a stream slower than the least speed counts as stalled, a faster one does not', () => {
    for (const [everyMs, codes] of [
      [390, ['upstream_too_slow']],
      [90, []],
    ] as const) {
      const clock = new TestClock()
      const errors: string[] = []
      const limits = { ...deadlines, total: 60_000, minTokensPerSecond: 5 }
      const watch = new Watch(clock, limits, 'sim', { abort: (error) => errors.push(error.code) })
      watch.enter('betweenTokens')
      for (let t = 0; t < 25_000; t += everyMs) {
        clock.advance(everyMs)
        watch.alive(1)
      }
      assert.deepEqual(errors, codes)
    }
  })

  test('nothing is armed after it was stopped or has expired, and it expires once', () => {
    const stopped = watched()
    stopped.watch.stop()
    stopped.watch.enter('head')
    assert.equal(stopped.clock.armed, 0)
    const expired = watched()
    expired.clock.advance(10_000)
    assert.equal(expired.errors.length, 1)
    assert.equal(expired.clock.armed, 0)
  })
})
