import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { kindOf, lanesOf, ticks } from '../../web/src/operator/journey.ts'
import { specOf } from '../../web/src/operator/key-spec.ts'
import { ratesOf } from '../../web/src/operator/rates.ts'
import { cumulated, gridOf, stacked } from '../../web/src/operator/series.ts'
import { en } from '../../web/src/operator/texts/en.ts'
import { ru } from '../../web/src/operator/texts/ru.ts'
import { vi } from '../../web/src/operator/texts/vi.ts'
import { zh } from '../../web/src/operator/texts/zh.ts'
import { readOverview, readStream } from '../../web/src/operator/wire.ts'
import { readHistory } from '../../web/src/operator/wire-history.ts'
import { readKeys } from '../../web/src/operator/wire-keys.ts'

describe('the tries of a stream', () => {
  const timeline = readStream({
    timeline: [
      { at: 0, type: 'attempt', provider: 'east' },
      { at: 2, type: 'opened' },
      { at: 10, type: 'first_token' },
      { at: 40, type: 'failed', code: 'upstream_interrupted' },
      { at: 40, type: 'attempt', provider: 'west', mode: 'prefill' },
      { at: 45, type: 'opened' },
      { at: 60, type: 'seam', mode: 'prefill', overlap: 0 },
      { at: 100, type: 'ended', outcome: 'completed' },
    ],
  }).timeline

  test('are parts of time without a hole, and the seam and the failure in their places', () => {
    const [east, west] = lanesOf(timeline, 100)
    assert.deepEqual(
      east?.parts.map(({ kind, from, to }) => [kind, from, to]),
      [
        ['dial', 0, 2],
        ['quiet', 2, 10],
        ['flow', 10, 40],
      ],
    )
    assert.deepEqual(east?.failure, { at: 40, code: 'upstream_interrupted' })
    assert.equal(west?.seam, 60)
    assert.deepEqual(west?.parts.at(-1), { kind: 'flow', from: 60, to: 100 })
    assert.equal(west?.failure, undefined)
  })

  test('end in silence where nothing had come before the failure', () => {
    const silent = readStream({
      timeline: [
        { at: 0, type: 'attempt', provider: 'east' },
        { at: 2, type: 'opened' },
        { at: 10, type: 'first_token' },
        { at: 940, type: 'failed', code: 'upstream_between_tokens_timeout', silent: 900 },
      ],
    }).timeline
    assert.deepEqual(lanesOf(silent, 940)[0]?.parts.slice(2), [
      { kind: 'flow', from: 10, to: 40 },
      { kind: 'quiet', from: 40, to: 940 },
    ])
  })

  test('reach to now while a stream is open', () => {
    assert.deepEqual(lanesOf(timeline.slice(0, 2), 500)[0]?.parts.at(-1), { kind: 'quiet', from: 2, to: 500 })
  })

  test('have an axis of round figures', () => {
    assert.deepEqual(ticks(792), [0, 200, 400, 600])
    for (const end of [1, 7, 99, 1_234, 86_400_000]) {
      assert.ok(ticks(end).length >= 3 && ticks(end).length <= 7, String(end))
      assert.ok((ticks(end).at(-1) ?? 0) <= end)
    }
    assert.deepEqual(ticks(0), [0])
  })

  test('failed in a way that has a word', () => {
    assert.equal(kindOf('upstream_first_token_timeout'), 'deadline')
    assert.equal(kindOf('upstream_reset'), 'cut')
    assert.equal(kindOf('provider_rate_limited'), 'limit')
    assert.equal(kindOf('cancelled'), 'ours')
    assert.equal(kindOf('provider_unavailable'), 'refused')
  })
})

describe('usage over time', () => {
  const used = Array.from({ length: 9 }, (_, i) => ({ at: i % 3, name: `n${i}`, value: i + 1 }))

  test('is a series for each of the largest and one for the rest, and loses nothing', () => {
    const series = stacked(used, [0, 1, 2], 'others')
    assert.equal(series.length, 6)
    assert.equal(series[0]?.name, 'n8')
    assert.equal(series.at(-1)?.name, 'others')
    assert.equal(
      series.reduce((sum, { total }) => sum + total, 0),
      45,
    )
    const whole = cumulated(series).at(-1) ?? []
    assert.equal(
      whole.reduce((sum, value) => sum + value, 0),
      45,
    )
    assert.deepEqual(stacked([], [0], 'others'), [])
  })

  test('lies on a grid that cannot be endless', () => {
    assert.deepEqual(gridOf(0, 3, 1), [0, 1, 2, 3])
    assert.deepEqual(gridOf(0, 3, 0), [])
    assert.ok(gridOf(0, 1e12, 1).length <= 1_000)
  })
})

test('a rate is from the oldest sample that knows the stream to the newest', () => {
  const sample = (now: number, chunks: Readonly<Record<string, number>>) => ({
    now,
    chunks: new Map(Object.entries(chunks)),
  })
  const rates = ratesOf([sample(0, { a: 0 }), sample(1_000, { a: 50, b: 10 }), sample(2_000, { a: 100, b: 30, c: 5 })])
  assert.deepEqual(Object.fromEntries(rates), { a: 50, b: 20, c: 0 })
  assert.equal(ratesOf([]).size, 0)
})

test('a new key says what the form says, and nothing of what is left empty', () => {
  const form = new FormData()
  for (const [name, value] of Object.entries({ name: ' a ', models: 'gpt-*, , x', budget: '2,50', period: 'day' }))
    form.set(name, value)
  form.set('requests', '')
  const plain: unknown = JSON.parse(JSON.stringify(specOf(form, 'caller')))
  assert.deepEqual(plain, { name: 'a', scope: 'caller', models: ['gpt-*', 'x'], limits: { budget: '2.50/day' } })
  const admin: unknown = JSON.parse(JSON.stringify(specOf(form, 'admin')))
  assert.ok(typeof admin === 'object' && admin !== null && !('limits' in admin))
})

test('an answer of another version, or nonsense, is read without harm', () => {
  for (const nonsense of [undefined, null, 7, 'text', [], { open: 'x', data: [null, 1, { limits: 3 }], points: {} }]) {
    assert.ok(Array.isArray(readOverview(nonsense).open))
    assert.ok(Array.isArray(readHistory(nonsense).points))
    assert.ok(Array.isArray(readKeys(nonsense)))
    assert.ok(Array.isArray(readStream(nonsense).timeline))
  }
})

test('the four languages have words for the same states, events and kinds', () => {
  for (const other of [ru, vi, zh]) {
    for (const name of ['states', 'events', 'kinds', 'outcomes', 'ranges', 'periods', 'statuses'] as const)
      assert.deepEqual(Object.keys(other[name]), Object.keys(en[name]), name)
  }
})
