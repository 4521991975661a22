import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type CacheStore, costOf, OpenAI, RateLimiter, ResponseCache } from '../../src/client/index.ts'
import { answer, chunk, EVENTS, sse, startProvider, type Answer } from '../support/provider.ts'

const MESSAGES = [{ role: 'user' as const, content: 'Hi' }]
const USAGE = { prompt_tokens: 100, completion_tokens: 100, total_tokens: 200 }

/** Answers whole or streamed, as asked; with usage for those who ask for it. */
const serve: Answer = (response, { body }) => {
  const request = JSON.parse(body)
  const said = `echo ${request.messages[0].content}`
  if (request.messages[0].content === 'fail') return void response.writeHead(400).end('{"error":{"message":"No."}}')
  if (request.stream === true) {
    const usage = sse(JSON.stringify({ ...JSON.parse(chunk({})), choices: [], usage: USAGE }))
    const wire = answer('echo ', request.messages[0].content)
    const withUsage = wire.replace('data: [DONE]', `${usage}data: [DONE]`)
    return void response.writeHead(200, EVENTS).end(request.stream_options?.include_usage === true ? withUsage : wire)
  }
  const message = { role: 'assistant', content: said, refusal: null }
  response.writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'req_1' }).end(
    JSON.stringify({
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'gpt-4o-mini',
      choices: [{ index: 0, message, finish_reason: 'stop', logprobs: null }],
      usage: USAGE,
    }),
  )
}

async function startClient(
  options: ConstructorParameters<typeof OpenAI>[0] = {},
): Promise<AsyncDisposable & { readonly client: OpenAI; readonly asked: () => number }> {
  const provider = await startProvider(serve)
  return {
    client: new OpenAI({ baseURL: provider.baseURL, apiKey: 'k', maxRetries: 0, ...options }),
    asked: () => provider.requests.length,
    [Symbol.asyncDispose]: () => provider[Symbol.asyncDispose](),
  }
}

describe('client.batch', () => {
  test('gives the completions in the order of the requests, streamed and whole, with errors in their places', async () => {
    await using rig = await startClient()
    const requests = ['a', 'fail', 'c', 'd'].map((content, i) => ({
      model: 'm',
      messages: [{ role: 'user' as const, content }],
      stream: i % 2 === 0,
    }))
    const limiter = new RateLimiter({ requestsPerMinute: 100, tokensPerMinute: 100_000 })
    let finished = 0
    const results = await rig.client.batch(requests, {
      concurrency: 2,
      limiter,
      onProgress: (progress) => (finished = progress.finished),
    })
    const said = results.map((each) =>
      each.status === 'fulfilled' ? each.value.choices[0]?.message.content : each.reason.constructor.name,
    )
    assert.deepEqual(said, ['echo a', 'BadRequestError', 'echo c', 'echo d'])
    assert.deepEqual([finished, limiter.running, rig.asked()], [4, 0, 4])
  })
})

describe('completion.cost', () => {
  test('is there, for whole and streamed answers, where the client was told prices', async () => {
    await using rig = await startClient({ price: costOf })
    const whole = await rig.client.chat.completions.create({ model: 'm', messages: MESSAGES })
    assert.equal(whole.cost?.total, 75_000)
    assert.deepEqual([whole.cost?.input, whole.cost?.output], [15_000, 60_000])
    const stream = await rig.client.chat.completions.create({
      model: 'm',
      messages: MESSAGES,
      stream: true,
      stream_options: { include_usage: true },
    })
    assert.equal((await stream.completion()).cost?.total, 75_000)
    // It is ours, not the service's: what is sent on or kept does not have it.
    assert.equal('cost' in JSON.parse(JSON.stringify(whole)), false)
  })

  test('is unknown without usage, without a price for the model, and without prices', async () => {
    await using rig = await startClient({ price: (usage, model) => costOf(usage, model, {}) })
    const { cost } = await rig.client.chat.completions.create({ model: 'm', messages: MESSAGES })
    assert.equal(cost, undefined)
    const priced = rig.client.withOptions({ price: costOf })
    const stream = await priced.chat.completions.create({ model: 'm', messages: MESSAGES, stream: true })
    assert.equal((await stream.completion()).cost, undefined)
    const bare = rig.client.withOptions({ price: undefined })
    assert.equal((await bare.chat.completions.create({ model: 'm', messages: MESSAGES })).cost, undefined)
  })
})

describe("a client's cache", () => {
  test('answers what was asked before, whole or streamed, from either', async () => {
    await using rig = await startClient({ cache: new ResponseCache(), price: costOf })
    const create = rig.client.chat.completions.create.bind(rig.client.chat.completions)
    const first = await create({ model: 'm', messages: MESSAGES })
    const again = await create({ model: 'm', messages: MESSAGES })
    assert.deepEqual(again, first)
    assert.equal(again.cost?.total, 75_000)
    const stream = await create({ model: 'm', messages: MESSAGES, stream: true })
    assert.equal(stream.response.headers.get('x-sluice-cache'), 'hit')
    const pieces: string[] = []
    for await (const piece of stream.text()) pieces.push(piece)
    assert.equal(pieces.join(''), 'echo Hi')
    assert.equal((await stream.completion()).choices[0]?.finish_reason, 'stop')
    assert.equal(rig.asked(), 1)
  })

  test('keeps what a stream gave once it came to its end, however it was read, and nothing of one that was left', async () => {
    await using rig = await startClient({ cache: new ResponseCache() })
    const request = { model: 'm', messages: MESSAGES, stream: true } as const
    for await (const _ of await rig.client.chat.completions.create(request)) break
    const stream = await rig.client.chat.completions.create(request)
    assert.equal(stream.response.headers.get('x-sluice-cache'), null)
    for await (const _ of stream.text());
    // It is kept after the reader has its end.
    await new Promise((resolve) => setTimeout(resolve, 20))
    const kept = await rig.client.chat.completions.create(request)
    assert.equal((await kept.completion()).choices[0]?.message.content, 'echo Hi')
    assert.equal(rig.asked(), 2)
  })

  test('is asked nothing, and told nothing, by a call that does not want it', async () => {
    await using rig = await startClient({ cache: new ResponseCache() })
    for (let i = 0; i < 2; i++)
      await rig.client.chat.completions.create({ model: 'm', messages: MESSAGES }, { cache: false })
    await rig.client.chat.completions.create({ model: 'm', messages: MESSAGES })
    assert.equal(rig.asked(), 3)
  })

  test('keeps services apart that share a store, and does without a store that fails', async () => {
    const store = new Map<string, string>()
    const shared: CacheStore = {
      get: async (key) => store.get(key),
      set: async (key, value) => void store.set(key, value),
      delete: async (key) => void store.delete(key),
    }
    await using one = await startClient({ cache: new ResponseCache({ store: shared }) })
    await using two = await startClient({ cache: new ResponseCache({ store: shared }) })
    for (const { client } of [one, two, one, two])
      await client.chat.completions.create({ model: 'm', messages: MESSAGES })
    assert.deepEqual([one.asked(), two.asked(), store.size], [1, 1, 2])
    const broken: CacheStore = {
      get: () => Promise.reject(new Error('down')),
      set: () => Promise.reject(new Error('down')),
      delete: () => Promise.reject(new Error('down')),
    }
    const told: unknown[] = []
    const client = one.client.withOptions({
      cache: new ResponseCache({ store: broken, onError: (error) => told.push(error) }),
    })
    await client.chat.completions.create({ model: 'm', messages: MESSAGES })
    assert.deepEqual([one.asked(), told.length], [2, 2])
  })
})

test('errors are on the class, too', () => {
  assert.ok(new OpenAI.RateLimitError(429, undefined, 'x', undefined) instanceof OpenAI.APIError)
})
