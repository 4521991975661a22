import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { DURATION_PATTERN, formatDuration, parseDuration, parseSize, SIZE_PATTERN } from '../../src/config/duration.ts'

describe('a duration', () => {
  const good: readonly (readonly [text: string | number, ms: number])[] = [
    ['250ms', 250],
    ['5s', 5_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['1.5s', 1_500],
    ['0.001s', 1],
    ['1.1s', 1_100],
    ['0s', 0],
    ['1500', 1_500],
    [' 5s ', 5_000],
    [250, 250],
    [0, 0],
  ]
  for (const [text, ms] of good) {
    test(`${JSON.stringify(text)} is ${ms} ms`, () => assert.equal(parseDuration(text), ms))
  }

  const bad = [
    'soon',
    '',
    '5',
    '5 s',
    '5S',
    '-5s',
    '+5s',
    '5ss',
    '1h30m',
    '.5s',
    '5.s',
    '0.5ms',
    '1e3s',
    '٥s',
    'Infinitys',
    '5s\n5s',
  ]
  for (const text of [...bad.filter((entry) => entry !== '5'), 1.5, -1, Number.NaN, Infinity, 2 ** 60]) {
    test(`${JSON.stringify(text)} (${typeof text}) is none`, () => assert.equal(parseDuration(text), undefined))
  }

  test('comes back from the text that formatDuration writes', () => {
    fc.assert(
      fc.property(fc.nat(999_999_999_999_999), (ms) => {
        const text = formatDuration(ms)
        assert.equal(parseDuration(text), ms)
        assert.match(text, new RegExp(DURATION_PATTERN), 'and editors accept it')
      }),
    )
  })

  test('is exact for every number of thousandths, where floats are not', () => {
    const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
    const unit = fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[]))
    fc.assert(
      fc.property(fc.nat(9_999), fc.nat(999), unit, (whole, thousandths, name) => {
        const text = `${whole}.${String(thousandths).padStart(3, '0')}${name}`
        const ms = (whole * 1_000 + thousandths) * (units[name] / 1_000)
        assert.equal(parseDuration(text), ms)
      }),
    )
  })

  test('is a whole number of milliseconds or nothing, whatever the text', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9.]{0,6}(ms|s|m|h|d)?$/))
    fc.assert(
      fc.property(text, (value) => {
        const ms = parseDuration(value)
        assert.ok(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0))
      }),
    )
  })

  test('is written in the largest unit that is exact', () => {
    assert.deepEqual([0, 250, 90_000, 120_000, 3_600_000, 172_800_000].map(formatDuration), [
      '0ms', '250ms', '90s', '2m', '1h', '2d',
    ]) // prettier-ignore
  })
})

describe('a size', () => {
  const good: readonly (readonly [text: string | number, bytes: number])[] = [
    ['512B', 512],
    ['64KB', 65_536],
    ['10MB', 10_485_760],
    ['10 MiB', 10_485_760],
    ['1GiB', 1_073_741_824],
    ['1.5KB', 1_536],
    ['2048', 2_048],
    [2_048, 2_048],
  ]
  for (const [text, bytes] of good) {
    test(`${JSON.stringify(text)} is ${bytes} bytes`, () => assert.equal(parseSize(text), bytes))
  }
  for (const text of ['big', '', 'MB', '-1MB', '1TB', '1.5B', '1 0MB', 1.5, -1]) {
    test(`${JSON.stringify(text)} is none`, () => assert.equal(parseSize(text), undefined))
  }
  test('has a pattern for editors that agrees', () => {
    for (const [text] of good.slice(0, 6)) assert.match(String(text), new RegExp(SIZE_PATTERN))
  })
})
