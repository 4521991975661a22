import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  nextStep,
  RESUME_POLICY,
  startReading,
  type ResumeEvent,
  type ResumeState,
  type ResumeStep,
} from '../../src/client/resume.ts'

/** Steps through events, a second apart, without chance; gives what is decided for each. */
function decisions(...events: readonly ResumeEvent[]): readonly string[] {
  let state: ResumeState = startReading(0)
  return events.map((event, i) => {
    const [next, decision] = nextStep(state, event, i * 1_000, 0)
    state = next
    if (decision.action === 'reconnect') return `reconnect after ${decision.afterMs}`
    return decision.action === 'give-up' ? `give up: ${decision.reason}` : decision.action
  })
}

const BROKEN: ResumeEvent = { type: 'broken' }
const refused = (status: number, retryAfterMs?: number): ResumeEvent => ({ type: 'refused', status, retryAfterMs })

describe('the resume policy', () => {
  test('reconnects at once, then after half a second, doubled up to eight', () => {
    const failures = Array.from({ length: 7 }, () => refused(0))
    assert.deepEqual(
      decisions(BROKEN, ...failures).map((each) => each.replace('reconnect after ', '')),
      ['0', '500', '1000', '2000', '4000', '8000', '8000', '8000'],
    )
  })

  test('spreads a delay by chance between half of it and all of it', () => {
    const waiting: ResumeState = { phase: 'waiting', attempts: 3, since: 0 }
    for (const [random, afterMs] of [
      [0, 2_000],
      [0.5, 1_500],
      [1, 1_000],
    ] as const) {
      assert.deepEqual(nextStep(waiting, refused(503), 0, random)[1], { action: 'reconnect', afterMs })
    }
  })

  test('waits at least as long as the server asks', () => {
    assert.deepEqual(decisions(BROKEN, refused(503, 5_000), refused(429, 10)), [
      'reconnect after 0',
      'reconnect after 5000',
      'reconnect after 1000',
    ])
  })

  test('gives up after ten attempts without a new event', () => {
    const all = decisions(BROKEN, ...Array.from({ length: 10 }, () => refused(0)))
    assert.equal(all.at(-2), 'reconnect after 8000')
    assert.equal(all.at(-1), 'give up: exhausted')
  })

  test('gives up after five minutes without a new event, and never waits beyond them', () => {
    const waiting: ResumeState = { phase: 'waiting', attempts: 1, since: 0 }
    assert.deepEqual(nextStep(waiting, refused(0, 60_000), 299_000, 0)[1], { action: 'reconnect', afterMs: 1_000 })
    assert.deepEqual(nextStep(waiting, refused(0), 300_000, 0)[1], { action: 'give-up', reason: 'exhausted' })
  })

  test('gets its whole budget back from a single new event', () => {
    const round: readonly ResumeEvent[] = [BROKEN, ...Array.from({ length: 8 }, () => refused(0)), { type: 'progress' }]
    assert.ok(decisions(...round, ...round, ...round).every((each) => !each.startsWith('give up')))
  })

  test('an end is an end: nothing that breaks after it matters', () => {
    assert.deepEqual(decisions({ type: 'finished' }, BROKEN, refused(500)), ['end', 'end', 'end'])
  })

  test('knows an end from a stream that is gone, and both from one that is withheld', () => {
    assert.deepEqual(decisions(BROKEN, refused(204)), ['reconnect after 0', 'end'])
    assert.deepEqual(decisions(BROKEN, refused(404)), ['reconnect after 0', 'give up: gone'])
    assert.deepEqual(decisions(BROKEN, refused(410)), ['reconnect after 0', 'give up: gone'])
    assert.deepEqual(decisions(BROKEN, refused(401)), ['reconnect after 0', 'give up: refused'])
    assert.deepEqual(decisions(BROKEN, refused(400)), ['reconnect after 0', 'give up: refused'])
  })

  test('tries at once when the device is back, and leaves a lively connection alone', () => {
    const wake = (silenceMs: number): ResumeEvent => ({ type: 'wake', silenceMs })
    assert.deepEqual(decisions(wake(1_000), wake(30_000), BROKEN, refused(0), wake(0)), [
      'read',
      'reconnect after 0',
      'reconnect after 0',
      'reconnect after 500',
      'reconnect after 0',
    ])
  })

  test('whatever happens, attempts without progress are bounded, delays are, and an end is final', () => {
    const event = fc.oneof(
      fc.constant<ResumeEvent>({ type: 'progress' }),
      fc.constant<ResumeEvent>({ type: 'finished' }),
      fc.constant<ResumeEvent>(BROKEN),
      fc.record({
        type: fc.constant('refused' as const),
        status: fc.constantFrom(0, 204, 401, 404, 410, 429, 500, 503),
        retryAfterMs: fc.option(fc.nat(100_000), { nil: undefined }),
      }),
      fc.record({ type: fc.constant('wake' as const), silenceMs: fc.nat(60_000) }),
    )
    fc.assert(
      fc.property(
        fc.array(fc.tuple(event, fc.nat(20_000), fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 80 }),
        (happenings) => {
          let state: ResumeState = startReading(0)
          let now = 0
          let failures = 0
          for (const [what, elapsed, random] of happenings) {
            now += elapsed
            const before = state
            const [next, decision]: ResumeStep = nextStep(state, what, now, random)
            if (before.phase === 'ended') assert.deepEqual([next, decision.action], [before, 'end'])
            if (what.type === 'progress') failures = 0
            if (decision.action === 'reconnect') {
              if (what.type !== 'wake') failures++
              assert.ok(decision.afterMs >= 0 && decision.afterMs <= RESUME_POLICY.maxSilenceMs)
            }
            assert.ok(failures <= RESUME_POLICY.maxAttempts)
            state = next
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})
