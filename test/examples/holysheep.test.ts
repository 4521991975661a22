import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openHouse, plainHouse, said } from '../interop/houses.ts'
import type { Rig } from '../support/gateway.ts'
import { environment, runExample } from './run.ts'

/** The examples after seed 2, run as a reader would run them. */
describe("HolySheep's samples", { concurrency: 2 }, () => {
  let rig: Rig
  let service: Rig
  let env: Readonly<Record<string, string>>
  before(async () => {
    rig = await plainHouse()
    service = await openHouse()
    env = environment(rig, { service })
  })
  after(async () => {
    await rig?.[Symbol.asyncDispose]()
    await service?.[Symbol.asyncDispose]()
  })

  async function printed(name: string): Promise<string> {
    const { out, error } = await runExample(name, { env })
    assert.equal(error, undefined)
    return out
  }

  test('holysheep-client prints the answer and its usage', async () => {
    const out = await printed('holysheep-client')
    const text = said('Tell me a story', { max_tokens: 2_048 })
    assert.equal(out.slice(0, text.length), text)
    assert.match(out.slice(text.length), /^\n\d{1,3} tokens in, \d{2,3} out\n$/)
  })

  test('rate-limiter takes its tokens, and gives back what was not used', async () => {
    const [admitted, used, left] = (await printed('rate-limiter')).split('\n')
    assert.equal(admitted, 'admitted with 4096 tokens')
    const tokens = Number(/^used (\d+) tokens$/.exec(used ?? '')?.[1])
    assert.ok(tokens > 100 && tokens < 1_000)
    assert.equal(left, `left this minute: ${120_000 - tokens}`)
  })

  test('stream-config prints the answer, and what it was', async () => {
    const out = await printed('stream-config')
    const text = said('Tell me a story', { max_tokens: 2_048 })
    assert.equal(out.slice(0, text.length), text)
    const line = /^\n\nsim:[^:]*: (\d+) \+ (\d+) = (\d+) tokens, ended with stop\n\d+ ms\n$/.exec(
      out.slice(text.length),
    )
    const [input = 0, output = 0, total = 0] = (line ?? []).slice(1).map(Number)
    assert.ok(input > 0 && output > 100 && total === input + output, out.slice(text.length))
  })

  test('concurrency-manager answers all, ten at a time', async () => {
    const texts = ['Question 1', 'Question 2', 'Question 3'].map((question) => said(question, { max_tokens: 40 }))
    assert.equal(
      await printed('concurrency-manager'),
      `${texts.join('\n')}\n25 answers, never more than 10 at a time\n`,
    )
  })

  test('batch gives results in the order of the requests, a failure among them', async () => {
    const lines = (await printed('batch')).trimEnd().split('\n')
    assert.equal(lines.filter((line) => /^\d of 4: request \d (completed|failed)$/.test(line)).length, 4)
    const results = lines.slice(4).join('\n')
    const text = (question: string): string => `${question}: ${said(question, { max_tokens: 40 })}`
    assert.equal(
      results.replace(/Three: failed, .*/, 'Three: failed'),
      [text('One'), text('Two'), 'Three: failed', text('Four')].join('\n'),
    )
    assert.match(results, /Three: failed, NotFoundError: 404 The model 'no-such-model' does not exist/)
  })

  test('caching asks once, and gives the same twice', async () => {
    const { length } = said('Tell me a story')
    assert.equal(
      await printed('caching'),
      `first: ${length} characters, from the service\nsecond: ${length} characters, from the cache\n`,
    )
  })

  test('prices multiplies the usage, and invents no price', async () => {
    const lines = (await printed('prices')).trimEnd().split('\n')
    const [input = 0, output = 0] = [...(lines.pop() ?? '').matchAll(/\d+/g)].map(Number)
    assert.ok(input > 0 && output > 100)
    const dollars = (inPrice: number, outPrice: number): string =>
      `$${((input * inPrice + output * outPrice) / 1e6).toFixed(6)}`
    assert.deepEqual(lines, [
      `gpt-4.1: ${dollars(8, 8)}`,
      `deepseek-v3.2: ${dollars(0.42, 0.42)}`,
      `my-model: ${dollars(1, 2)}`,
      'some-other-model: no price',
    ])
  })
})
