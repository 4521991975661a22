import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Usage } from '../../src/completion/chunk.ts'
import { PriceList } from '../../src/provider/price-list.ts'
import { loadPriceBook } from '../../src/provider/price-package.ts'
import { toldCost } from '../../src/provider/price-told.ts'
import { LIST_PRICES } from '../../src/provider/price-table.ts'
import { plainProvider } from '../support/gateway.ts'

const AT = new Date('2026-11-20T12:00:00Z')
const openai = plainProvider('https://api.openai.com/v1', { name: 'main', preset: 'openai' })
const usage = (prompt: number, completion: number, more: object = {}): Usage => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  ...more,
})

describe('what a provider says that it cost', () => {
  const cases: readonly (readonly [string, object, number | undefined])[] = [
    ['OpenRouter, credits are dollars', { cost: 0.00014 }, 140_000],
    [
      'OpenRouter, with a key of the caller at the maker',
      { cost: 0.0001, is_byok: true, cost_details: { upstream_inference_cost: 0.002 } },
      2_100_000,
    ],
    [
      'OpenRouter, without one',
      { cost: 0.0001, is_byok: false, cost_details: { upstream_inference_cost: 0.002 } },
      100_000,
    ],
    [
      'Perplexity, the fee included',
      { cost: { input_tokens_cost: 0.00001, request_cost: 0.005, total_cost: 0.00544 } },
      5_440_000,
    ],
    ['xAI, in ten-billionths', { cost_in_usd_ticks: 1_466_250 }, 146_625],
    ['HolySheep', { cost_usd: 0.002 }, 2_000_000],
    ['nothing for free', { cost: 0 }, 0],
    ['nothing at all', {}, undefined],
    ['null', { cost: null, cost_in_usd_ticks: null }, undefined],
    ['less than nothing', { cost: -1 }, undefined],
    ['words', { cost: '0.1' }, undefined],
    ['a thousand dollars and more', { cost: 1e6 }, undefined],
  ]
  for (const [what, more, expected] of cases) {
    test(`${what}: ${expected}`, () => assert.equal(toldCost(usage(1, 1, more)), expected))
  }
})

describe('a price list', () => {
  test('lets the configuration win, its provider table over its general one, over what the provider says', async () => {
    const own = {
      models: { 'gpt-4o': { input: 1, output: 1 } },
      providers: new Map([['main', { 'gpt-4o': { input: 7, output: 9 } }]]),
    }
    const list = new PriceList(() => own, await loadPriceBook())
    const use = { model: 'gpt-4o', answered: 'gpt-4o-2024-08-06', usage: usage(100, 10, { cost: 0.5 }) }
    const told = list.cost({ provider: openai, ...use }, AT)
    assert.deepEqual([told?.nanoDollars, told?.source], [790_000, 'config'])
    const other = list.cost({ provider: { ...openai, name: 'other' }, ...use }, AT)
    assert.deepEqual([other?.nanoDollars, other?.source], [110_000, 'config'])
    const star = { models: {}, providers: new Map([['main', { '*': { input: 2, output: 2 } }]]) }
    assert.equal(new PriceList(() => star).cost({ provider: openai, ...use }, AT)?.nanoDollars, 220_000)
  })

  test('takes the provider at its word before any list, and says so', async () => {
    const list = new PriceList(() => undefined, await loadPriceBook())
    const use = { provider: openai, model: 'gpt-4o', answered: undefined, usage: usage(100, 10, { cost: 0.5 }) }
    assert.deepEqual(list.cost(use, AT), { nanoDollars: 500_000_000, source: 'provider', usage: use.usage })
  })

  test('keeps the source of a list price, and its date', async () => {
    const list = new PriceList(() => undefined, await loadPriceBook())
    const priced = list.cost({ provider: openai, model: 'gpt-4o', answered: undefined, usage: usage(100, 10) }, AT)
    assert.equal(priced?.nanoDollars, 350_000)
    assert.match(priced?.source ?? '', /genai-prices 0\.1\.8, 2026-09-23$/)
  })

  test('bills nothing for an engine on this machine, and knows nothing of the same engine elsewhere', () => {
    const list = new PriceList(() => undefined)
    const at = (baseUrl: string): number | undefined => {
      const provider = plainProvider(baseUrl, { preset: 'vllm' })
      return list.cost({ provider, model: 'm', answered: 'm', usage: usage(1, 1) }, AT)?.nanoDollars
    }
    assert.equal(at('http://127.0.0.1:8000/v1'), 0)
    assert.equal(at('http://localhost:8000/v1'), 0)
    assert.equal(at('https://gpu.example.com/v1'), undefined)
    assert.equal(at('http://127.0.0.1.example.com/v1'), undefined)
  })

  test('guesses nothing: a model that no list has exactly has no price', async () => {
    const list = new PriceList(() => undefined, await loadPriceBook())
    const of = (preset: string, model: string): unknown =>
      list.find(plainProvider('https://example.com/v1', { preset }), model, AT)
    assert.equal(of('openai', 'gpt-4o-of-mine'), undefined)
    assert.equal(of('openai-compatible', 'gpt-4o'), undefined)
    assert.equal(of('evolution', 'gpt-4o'), undefined)
    assert.deepEqual(list.cost({ provider: openai, model: 'x', answered: 'x', usage: usage(3, 4) }, AT), {
      nanoDollars: undefined,
      source: '',
      usage: usage(3, 4),
    })
  })
})

describe("the package's prices", () => {
  test('know all that our own table knows, or its table serves', async () => {
    const book = await loadPriceBook()
    for (const model of Object.keys(LIST_PRICES)) {
      if (model.startsWith('claude')) continue
      const preset = model.startsWith('gemini') ? 'gemini' : 'openai'
      assert.ok(book(plainProvider('https://example.com', { preset }), model, AT), model)
    }
  })

  test('of a model whose price depends on the length of the prompt change at that length', async () => {
    const book = await loadPriceBook()
    const provider = plainProvider('https://api.anthropic.com/v1', { preset: 'openai-compatible' })
    const price = book(provider, 'claude-sonnet-4-5', AT)
    assert.deepEqual([price?.input, price?.upTo, price?.beyond?.input], [3, 200_000, 6])
  })

  test('of a model whose price depends on the hour are asked for anew', async () => {
    const book = await loadPriceBook()
    const provider = plainProvider('https://api.deepseek.com', { preset: 'deepseek' })
    const at = (time: string): number | undefined =>
      book(provider, 'deepseek-chat', new Date(`2026-11-20T${time}Z`))?.input
    assert.deepEqual([at('12:00:00'), at('20:00:00')], [0.27, 0.135])
  })
})
