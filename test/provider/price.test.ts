import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import type { Usage } from '../../src/completion/chunk.ts'
import { costOf, normaliseUsage } from '../../src/provider/price.ts'
import { HOLYSHEEP_PRICES, LIST_PRICES } from '../../src/provider/price-table.ts'

interface Recorded {
  readonly file: string
  readonly expected: { readonly usage: Usage | null }
  readonly cross_check: { readonly usage_snapshot?: readonly [number, number] | null }
}

const RECORDED: readonly Recorded[] = JSON.parse(
  readFileSync(new URL('../fixtures/provider-streams/manifest.json', import.meta.url), 'utf8'),
) as readonly Recorded[]

const usage = (prompt: number, completion: number, more: Partial<Usage> = {}): Usage => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  ...more,
})

describe('costOf', () => {
  test('multiplies input, cached input and output by their own rates, in whole nano-dollars', () => {
    const cost = costOf(usage(1_000, 200, { prompt_tokens_details: { cached_tokens: 400 } }), 'gpt-4o')
    assert.equal(cost?.input, 1_500_000)
    assert.equal(cost?.cachedInput, 500_000)
    assert.equal(cost?.output, 2_000_000)
    assert.equal(cost?.total, 4_000_000)
    assert.equal(costOf(usage(100, 100), 'gpt-4o-mini')?.total, 75_000)
  })

  test('stays exact for rates that are no binary fractions, and for a great many tokens', () => {
    assert.equal(costOf(usage(3, 0), 'deepseek-v3.2', HOLYSHEEP_PRICES)?.total, 1_260)
    assert.equal(costOf(usage(100_000_000, 0), 'm', { m: { input: 0.07, output: 1 } })?.total, 7_000_000_000)
  })

  test('prices reasoning apart where it has a price of its own, else as output', () => {
    const reasoned = usage(0, 100, { completion_tokens_details: { reasoning_tokens: 60 } })
    assert.equal(costOf(reasoned, 'm', { m: { input: 1, output: 10 } })?.total, 1_000_000)
    const apart = costOf(reasoned, 'm', { m: { input: 1, output: 10, reasoning: 5 } })
    assert.deepEqual([apart?.output, apart?.reasoning, apart?.total], [400_000, 300_000, 700_000])
  })

  test('prices cache writes, and prompts that are longer than the row holds for', () => {
    const written = usage(1_000, 0, { prompt_tokens_details: { cache_write_tokens: 1_000 } })
    assert.equal(costOf(written, 'claude-sonnet-4-5')?.total, 3_750_000)
    assert.equal(costOf(usage(200_000, 0), 'claude-sonnet-4-5')?.total, 600_000_000)
    assert.equal(costOf(usage(200_001, 0), 'claude-sonnet-4-5')?.total, 1_200_006_000)
    assert.equal(costOf(usage(11, 0), 'm', { m: { input: 1, output: 1, upTo: 10 } }), undefined)
  })

  test('does not invent what it does not know', () => {
    assert.equal(costOf(usage(1, 1), 'gpt-4o-2024-05-13'), undefined)
    assert.equal(costOf(usage(1, 1), 'toString'), undefined)
    assert.equal(costOf(undefined, 'gpt-4o'), undefined)
    assert.equal(costOf(null, 'gpt-4o'), undefined)
    const cached = usage(10, 1, { prompt_tokens_details: { cached_tokens: 5 } })
    assert.equal(costOf(cached, 'gpt-4.1', HOLYSHEEP_PRICES), undefined)
    assert.equal(costOf(usage(1, 1, { completion_tokens_details: { reasoning_tokens: 2 } }), 'gpt-4o'), undefined)
    assert.equal(costOf(usage(1.5, 1), 'gpt-4o'), undefined)
  })

  test("has HolySheep's table of 2026 as a preset", () => {
    const million = usage(1_000_000, 1_000_000)
    const dollars = (model: string): number => (costOf(million, model, HOLYSHEEP_PRICES)?.total ?? Number.NaN) / 1e9
    assert.equal(dollars('gpt-4.1'), 16)
    assert.equal(dollars('claude-sonnet-4.5'), 30)
    assert.equal(dollars('gemini-2.5-flash'), 5)
    assert.equal(dollars('deepseek-v3.2'), 0.84)
  })

  test('says of every shipped price where it is from and when somebody looked', () => {
    for (const [model, price] of [...Object.entries(LIST_PRICES), ...Object.entries(HOLYSHEEP_PRICES)]) {
      assert.match(price.checked ?? '', /^20\d\d-\d\d-\d\d$/, model)
      assert.ok(price.source, model)
      for (const rate of [price.input, price.output, price.cachedInput ?? 1, price.cacheWrite ?? 1]) {
        assert.ok(Number.isInteger(Math.round(rate * 1e9) / 1e3), `${model}: ${rate}`)
      }
    }
  })
})

describe('normaliseUsage', () => {
  for (const { file, expected, cross_check: check } of RECORDED) {
    const counted = check.usage_snapshot
    if (!counted || !expected.usage) continue
    test(`counts ${file} as another implementation does`, () => {
      const normal = normaliseUsage(expected.usage, { usageExcludesReasoning: file.startsWith('xai') })
      assert.deepEqual([normal?.prompt_tokens, normal?.completion_tokens], counted)
      assert.equal(normal?.total_tokens, counted[0] + counted[1])
    })
  }

  test('adds reasoning only where it was left out, and only once', () => {
    const left = usage(12, 1, { total_tokens: 303, completion_tokens_details: { reasoning_tokens: 290 } })
    const quirks = { usageExcludesReasoning: true }
    assert.equal(normaliseUsage(left, quirks)?.completion_tokens, 291)
    assert.equal(normaliseUsage(normaliseUsage(left, quirks), quirks)?.completion_tokens, 291)
    assert.equal(normaliseUsage(left)?.completion_tokens, 1)
  })

  test("finds DeepSeek's cache hits", () => {
    const normal = normaliseUsage(usage(13, 4, { prompt_cache_hit_tokens: 10, prompt_cache_miss_tokens: 3 }))
    assert.equal(normal?.prompt_tokens_details?.cached_tokens, 10)
  })

  test('is undefined for usage without both counts', () => {
    assert.equal(normaliseUsage(null), undefined)
    assert.equal(normaliseUsage(JSON.parse('{"total_tokens":0,"total_characters":0}') as Usage), undefined)
  })
})
