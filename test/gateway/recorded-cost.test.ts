import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { loadPriceBook } from '../../src/provider/price-package.ts'
import type { Provider } from '../../src/provider/provider.ts'
import { plainProvider, route, startRig, target, type Rig } from '../support/gateway.ts'
import { recordedFolder, recordedStreams } from '../support/recorded.ts'
import { chargeWhenFinal } from '../support/usage.ts'

/**
 * What each recorded stream costs, worked out by hand: tokens x US dollars per million tokens = millionths of a
 * dollar; x 1,000 = whole billionths, which is what the ledger has.
 */
interface Hand {
  readonly stream: string
  readonly preset: string
  /** tokens x price, term by term. */
  readonly terms: readonly (readonly [tokens: number, dollarsPerMillion: number])[]
  /** A fee in billionths of a dollar. */
  readonly fee?: number
  readonly nanoDollars: number
  readonly source: RegExp
}

const PACKAGE = /genai-prices/
const OWN = /^config$/

// prettier-ignore
const BY_HAND: readonly Hand[] = [
  // Qwen3-Max at 1.20 / 6.00 (our configuration). 1,084 of the 1,355 are reasoning, and counted among them.
  { stream: 'alibaba-reasoning', preset: 'openai-compatible', terms: [[24, 1.2], [1355, 6]], nanoDollars: 8_158_800, source: OWN },
  { stream: 'alibaba-text', preset: 'openai-compatible', terms: [[18, 1.2], [779, 6]], nanoDollars: 4_695_600, source: OWN },
  { stream: 'alibaba-tool-call', preset: 'openai-compatible', terms: [[295, 1.2], [22, 6]], nanoDollars: 486_000, source: OWN },
  // Azure's router was asked; GPT-5 nano at 0.05 / 0.40 answered, and says so in its chunks.
  { stream: 'azure-model-router', preset: 'azure', terms: [[15, 0.05], [78, 0.4]], nanoDollars: 31_950, source: PACKAGE },
  // DeepSeek at 0.27 / 1.10 (our configuration: its list price depends on the hour). No cache hit among the 13.
  { stream: 'deepseek-text', preset: 'deepseek', terms: [[13, 0.27], [400, 1.1]], nanoDollars: 443_510, source: OWN },
  // Groq says its usage twice in one chunk (usage and x_groq.usage): it counts once. Llama 3.3 70B at 0.59 / 0.79.
  { stream: 'groq-text', preset: 'groq', terms: [[45, 0.59], [662, 0.79]], nanoDollars: 549_530, source: PACKAGE },
  { stream: 'groq-tool-call', preset: 'groq', terms: [[210, 0.59], [15, 0.79]], nanoDollars: 135_750, source: PACKAGE },
  // Mistral Small at 0.10 / 0.30.
  { stream: 'mistral-text', preset: 'mistral', terms: [[13, 0.1], [8, 0.3]], nanoDollars: 3_700, source: PACKAGE },
  { stream: 'mistral-tool-call', preset: 'mistral', terms: [[124, 0.1], [22, 0.3]], nanoDollars: 19_000, source: PACKAGE },
  // gpt-3.5-turbo-instruct at 1.50 / 2.00.
  { stream: 'openai-completion-text', preset: 'openai', terms: [[14, 1.5], [16, 2]], nanoDollars: 53_000, source: PACKAGE },
  // GPT-5 nano at 0.05 / 0.40: all 100 are reasoning.
  { stream: 'openai-recorded-chat-streaming-detailed-usage', preset: 'openai', terms: [[12, 0.05], [100, 0.4]], nanoDollars: 40_600, source: PACKAGE },
  // GPT-4.1 nano at 0.10 / 0.40.
  { stream: 'openai-text', preset: 'openai', terms: [[16, 0.1], [300, 0.4]], nanoDollars: 121_600, source: PACKAGE },
  // Perplexity's usage comes with each chunk and is the total so far: the last one, 11 + 434, counts, not their sum.
  // Sonar at 1.00 / 1.00 and 5 dollars per thousand requests (our configuration).
  { stream: 'perplexity-text', preset: 'openai-compatible', terms: [[11, 1], [434, 1]], fee: 5_000_000, nanoDollars: 5_445_000, source: OWN },
  // xAI leaves reasoning out of completion_tokens: 1 + 290, and 26 + 196. Grok 3 mini at 0.30, cached 0.075, 0.50.
  // It says what it cost as well, in ten-billionths: 1,466,250 and 1,330,500. Both ways are the same figure.
  { stream: 'xai-text', preset: 'xai', terms: [[12 - 11, 0.3], [11, 0.075], [1 + 290, 0.5]], nanoDollars: 146_625, source: /^provider$/ },
  { stream: 'xai-tool-call', preset: 'xai', terms: [[291 - 290, 0.3], [290, 0.075], [26 + 196, 0.5]], nanoDollars: 133_050, source: /^provider$/ },
]

/** Those that told no usage: counted here. The prompt is `user`, a line end and the text, 3 for the message, 3 for the answer. */
const PROMPT = countTokens('user\nTell me a story') + 3 + 3
// prettier-ignore
const COUNTED = [
  // GPT-4o mini at 0.15 / 0.60; the fee of the search itself is nowhere in the stream.
  { stream: 'openai-recorded-chat-streaming-web-search', preset: 'openai', input: 0.15, output: 0.6 },
  { stream: 'openai-recorded-chat-streaming', preset: 'openai', input: 0.05, output: 0.4 },
]

const PRICES = {
  'qwen3-max': { input: 1.2, cachedInput: 1.2, output: 6 },
  'deepseek-chat': { input: 0.27, cachedInput: 0.07, output: 1.1 },
  sonar: { input: 1, cachedInput: 1, output: 1, request: 5 },
}

let rig: Rig
before(async () => {
  await loadPriceBook()
  rig = await startRig({
    simulator: { replayDir: recordedFolder },
    config: ({ url }) => {
      const provider = (preset: string): Provider =>
        plainProvider(url, { name: preset, preset, quirks: { usageExcludesReasoning: preset === 'xai' } })
      const all = [...BY_HAND, ...COUNTED]
      return {
        providers: new Map(all.map(({ preset }) => [preset, provider(preset)])),
        routes: new Map(
          all.map(({ stream, preset }) => [stream, route(stream, [target(provider(preset), `replay:${stream}`)])]),
        ),
        prices: { models: PRICES, providers: new Map() },
      }
    },
  })
})
after(() => rig[Symbol.asyncDispose]())

describe('a recorded stream costs what was worked out by hand', () => {
  for (const { stream, terms, fee = 0, nanoDollars, source } of BY_HAND) {
    test(`${stream}: ${nanoDollars} billionths of a dollar`, async () => {
      const sum = terms.reduce((total, [tokens, price]) => total + tokens * price * 1_000, fee)
      assert.equal(Math.round(sum), nanoDollars, 'the table itself')
      const charge = await chargeWhenFinal(rig, stream)
      assert.equal(charge.nano_dollars, nanoDollars)
      assert.equal(charge.cost, nanoDollars / 1e9)
      assert.match(charge.price_source, source)
      assert.equal(charge.estimated, false)
      assert.equal(charge.attempts, 1)
    })
  }

  for (const { stream, input, output } of COUNTED) {
    test(`${stream} told no usage: its text is counted with a tokenizer, and marked as an estimate`, async () => {
      const recorded = recordedStreams().find(({ name }) => name === stream)
      const completion = countTokens(recorded?.expected.choices[0]?.content ?? '')
      assert.ok(completion > 0)
      const charge = await chargeWhenFinal(rig, stream)
      assert.equal(charge.estimated, true)
      assert.equal(charge.prompt_tokens, PROMPT)
      assert.equal(charge.completion_tokens, completion)
      assert.equal(charge.nano_dollars, Math.round(PROMPT * input * 1_000) + Math.round(completion * output * 1_000))
    })
  }

  test('every recording is in one of the two tables', () => {
    const known = new Set([...BY_HAND, ...COUNTED].map(({ stream }) => stream))
    assert.deepEqual(
      recordedStreams()
        .map(({ name }) => name)
        .filter((name) => !known.has(name)),
      [],
    )
  })
})
