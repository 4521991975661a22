import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  OpenAI,
  RateLimiter,
  STREAM_CONFIG,
  StreamingClient,
  StreamingPool,
  type StreamRequest,
} from '../../src/client/index.ts'
import { TestClock } from '../support/clock.ts'
import { answer, chunk, EVENTS, sse, startProvider, type Answer } from '../support/provider.ts'

const USAGE = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 }
const serve: Answer = (response, { body }) => {
  const { messages, model } = JSON.parse(body)
  if (messages[0].content === 'fail') return void response.writeHead(400).end('{"error":{"message":"No."}}')
  const usage = sse(JSON.stringify({ ...JSON.parse(chunk({}, null, { model })), choices: [], usage: USAGE }))
  const wire = answer('a ', messages[0].content).replaceAll('gpt-4o-mini', model)
  response.writeHead(200, EVENTS).end(wire.replace('data: [DONE]', `${usage}data: [DONE]`))
}
const ask = (content: string): StreamRequest => [[{ role: 'user', content }], { model: 'gpt-4.1', maxTokens: 100 }]

describe("HolySheep's client", () => {
  test('asks with the defaults of the article, streams text, and says at the end what it was and cost', async () => {
    await using provider = await startProvider(serve)
    const client = new StreamingClient({ baseURL: provider.baseURL, apiKey: 'k' })
    const pieces: string[] = []
    const stream = client.streamGenerate([{ role: 'user', content: 'b' }], { model: 'gpt-4.1' })
    let next = await stream.next()
    for (; next.done !== true; next = await stream.next()) pieces.push(next.value)
    assert.deepEqual(pieces, ['a ', 'b'])
    const { latencyMs, cost, ...rest } = next.value
    assert.deepEqual(rest, {
      content: 'a b',
      completionTokens: 20,
      promptTokens: 10,
      totalTokens: 30,
      model: 'gpt-4.1',
      finishReason: 'stop',
    })
    assert.ok(latencyMs > 0)
    // 8 dollars for a million tokens, in and out.
    assert.equal(cost?.total, 240_000)
    const {
      stream: _,
      stream_options,
      messages: _messages,
      model: _model,
      ...sent
    } = JSON.parse(provider.requests[0]?.body ?? '')
    assert.deepEqual(stream_options, { include_usage: true })
    assert.deepEqual(sent, {
      max_tokens: STREAM_CONFIG.maxTokens,
      temperature: 0.7,
      top_p: 0.9,
      presence_penalty: 0,
      frequency_penalty: 0,
    })
  })

  test('throws an error and writes none into the text', async () => {
    await using provider = await startProvider(serve)
    const client = new StreamingClient({ baseURL: provider.baseURL, apiKey: 'k' })
    await assert.rejects(client.generate([{ role: 'user', content: 'fail' }]), OpenAI.BadRequestError)
  })

  test('answers many requests in order, ten at a time, and settles what they took', async () => {
    const held: (() => void)[] = []
    let most = 0
    await using provider = await startProvider((response, seen, nth) => {
      held.push(() => void serve(response, seen, nth))
      most = Math.max(most, held.length)
      // Ten are let go together, and so are the last ones.
      if (held.length === 10 || provider.requests.length === 25) for (const release of held.splice(0)) release()
    })
    const limiter = new RateLimiter({ tokensPerMinute: 10_000 })
    const pool = new StreamingPool({ limiter })
    const client = new StreamingClient({ baseURL: provider.baseURL, apiKey: 'k' })
    const words = Array.from({ length: 25 }, (_, i) => (i === 3 ? 'fail' : `w${i}`))
    const results = await pool.batchStream(client, words.map(ask))
    const said = results.map((each) => (each.status === 'fulfilled' ? each.value.content : 'failed'))
    assert.deepEqual(
      said,
      words.map((word) => (word === 'fail' ? 'failed' : `a ${word}`)),
    )
    assert.equal(most, 10)
    assert.equal(pool.activeRequests, 0)
    assert.equal(Number(limiter.headers()['x-ratelimit-remaining-tokens']), 10_000 - 24 * USAGE.total_tokens)
  })

  test('a request that does not get its turn within a minute fails, and is not sent', async () => {
    await using provider = await startProvider(serve)
    const clock = new TestClock()
    const pool = new StreamingPool({ limiter: new RateLimiter({ tokensPerMinute: 120, window: 120_000, clock }) })
    const client = new StreamingClient({ baseURL: provider.baseURL, apiKey: 'k' })
    const results = pool.batchStream(client, [ask('fail'), ask('b'), ask('c')])
    while (provider.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    clock.advance(60_001)
    const [, , last] = await results
    assert.ok(last?.status === 'rejected')
    assert.match(String(last.reason), /rate|limit/i)
    assert.equal(provider.requests.length, 2)
  })
})
