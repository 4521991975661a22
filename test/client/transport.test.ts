import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  APIConnectionTimeoutError,
  InternalServerError,
  OpenAI,
  RateLimitError,
  type ClientOptions,
} from '../../src/client/index.ts'
import { retryDelay, shouldRetry } from '../../src/client/retry.ts'
import { answer, chunk, EVENTS, sse, startProvider, type Answer, type Provider } from '../support/provider.ts'
import { ASK } from './wire.ts'

/** A client that does not wait between its retries. */
function eager(provider: Provider, options: ClientOptions = {}): OpenAI {
  const clock = {
    now: () => performance.now(),
    date: () => Date.now(),
    after: (ms: number, fire: () => void) => {
      const timer = setTimeout(fire, ms <= 8_000 ? 0 : ms)
      return () => clearTimeout(timer)
    },
  }
  return new OpenAI({ baseURL: provider.baseURL, apiKey: 'k', clock, random: () => 0, ...options })
}

describe('retries before the first byte', () => {
  test('are made for 408, 409, 429 and 5xx, unless x-should-retry says otherwise', () => {
    const none = new Headers()
    for (const status of [408, 409, 429, 500, 502, 503, 529])
      assert.equal(shouldRetry(status, none), true, String(status))
    for (const status of [400, 401, 403, 404, 410, 422]) assert.equal(shouldRetry(status, none), false, String(status))
    assert.equal(shouldRetry(400, new Headers({ 'x-should-retry': 'true' })), true)
    assert.equal(shouldRetry(500, new Headers({ 'x-should-retry': 'false' })), false)
  })

  test('wait as long as the server asks, up to a minute, else half a second doubled up to eight', () => {
    const date = Date.parse('2026-01-01T00:00:00Z')
    const after = (fields: Record<string, string>, retry = 0): number => retryDelay(new Headers(fields), retry, 0, date)
    assert.equal(after({ 'retry-after-ms': '120', 'retry-after': '9' }), 120)
    assert.equal(after({ 'retry-after': '2.5' }), 2_500)
    assert.equal(after({ 'retry-after': 'Thu, 01 Jan 2026 00:00:07 GMT' }), 7_000)
    assert.equal(after({ 'retry-after': '61' }), 500)
    assert.equal(after({ 'retry-after': '-1' }), 500)
    assert.deepEqual(
      [0, 1, 2, 3, 4, 9].map((retry) => retryDelay(undefined, retry, 0, date)),
      [500, 1_000, 2_000, 4_000, 8_000, 8_000],
    )
    assert.equal(retryDelay(undefined, 0, 1, date), 375)
  })

  const failTwice =
    (status: number): Answer =>
    (response, _seen, nth) => {
      if (nth < 2) response.writeHead(status).end('{}')
      else response.writeHead(200, EVENTS).end(answer('ok'))
    }

  test('are made twice, are counted in a header, and carry one idempotency key', async () => {
    await using provider = await startProvider(failTwice(503))
    const stream = await eager(provider).chat.completions.create(ASK)
    assert.equal((await stream.completion()).choices[0]?.message.content, 'ok')
    assert.deepEqual(
      provider.requests.map(({ headers }) => headers['x-stainless-retry-count']),
      ['0', '1', '2'],
    )
    const keys = new Set(provider.requests.map(({ headers }) => headers['idempotency-key']))
    assert.equal(keys.size, 1)
    assert.match(String([...keys][0]), /^sluice-[0-9a-f]{32}$/)
  })

  test('stop at maxRetries, of the call or of the client', async () => {
    await using provider = await startProvider((response) => void response.writeHead(500).end('{}'))
    await assert.rejects(
      async () => eager(provider, { maxRetries: 3 }).chat.completions.create(ASK),
      InternalServerError,
    )
    assert.equal(provider.requests.length, 4)
    await assert.rejects(
      async () => eager(provider).chat.completions.create(ASK, { maxRetries: 0 }),
      InternalServerError,
    )
    assert.equal(provider.requests.length, 5)
  })

  test('are made when the connection breaks before the head', async () => {
    await using provider = await startProvider((response, _seen, nth) => {
      if (nth === 0) response.socket?.destroy()
      else response.writeHead(200, EVENTS).end(answer('ok'))
    })
    const stream = await eager(provider).chat.completions.create(ASK)
    assert.equal((await stream.completion()).choices[0]?.message.content, 'ok')
  })

  test('are not made for other statuses, nor once the body has begun', async () => {
    await using provider = await startProvider((response, _seen, nth) => {
      if (nth === 0) return void response.writeHead(400).end('{}')
      response.writeHead(200, EVENTS).write(sse(chunk({ content: 'a' })))
      setTimeout(() => response.destroy(), 20)
    })
    await assert.rejects(async () => eager(provider).chat.completions.create(ASK), { status: 400 })
    await assert.rejects(async () => (await eager(provider).chat.completions.create(ASK)).completion(), {
      name: 'StreamInterruptedError',
    })
    assert.equal(provider.requests.length, 2)
  })

  test('end at once when the caller aborts during the wait', async () => {
    await using provider = await startProvider(
      (response) => void response.writeHead(429, { 'retry-after': '50' }).end('{}'),
    )
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k' })
    const controller = new AbortController()
    setTimeout(() => controller.abort('enough'), 50)
    const startedAt = performance.now()
    await assert.rejects(async () => client.chat.completions.create(ASK, { signal: controller.signal }), {
      name: 'APIUserAbortError',
      cause: 'enough',
    })
    assert.ok(performance.now() - startedAt < 5_000)
    assert.equal(provider.requests.length, 1)
  })

  test('leave the error of the last attempt, with its fields', async () => {
    await using provider = await startProvider((response) => {
      response
        .writeHead(429, { 'content-type': 'application/json', 'x-request-id': 'r' })
        .end('{"error":{"message":"slow down","type":"t","code":"c","param":null}}')
    })
    await assert.rejects(
      async () => eager(provider).chat.completions.create(ASK),
      (error) =>
        error instanceof RateLimitError &&
        error.message === '429 slow down' &&
        error.requestID === 'r' &&
        error.code === 'c',
    )
    assert.equal(provider.requests.length, 3)
  })
})

describe('deadlines', () => {
  const silentAfter =
    (text: string): Answer =>
    (response) => {
      response.writeHead(200, EVENTS)
      response.flushHeaders()
      if (text !== '') response.write(text)
    }

  test('a head that does not come is a timeout', async () => {
    await using provider = await startProvider(() => undefined)
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k', maxRetries: 0, timeout: { head: 30 } })
    await assert.rejects(async () => client.chat.completions.create(ASK), APIConnectionTimeoutError)
  })

  test('a first token that does not come is a timeout, whatever else comes', async () => {
    await using provider = await startProvider(silentAfter(': waiting\n\n'))
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k' })
    const stream = await client.chat.completions.create(ASK, { timeout: { firstToken: 40 } })
    await assert.rejects(() => stream.completion(), {
      name: 'APIConnectionTimeoutError',
      message: 'No token arrived within 40 ms.',
    })
    assert.equal(await provider.requests[0]?.closed, true)
  })

  test('silence between tokens interrupts the stream, with what had arrived', async () => {
    await using provider = await startProvider(silentAfter(sse(chunk({ role: 'assistant', content: 'half' }))))
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k' })
    const stream = await client.chat.completions.create(ASK, { timeout: { betweenTokens: 40 } })
    await assert.rejects(
      () => stream.completion(),
      (error: Error & { partial?: { choices: readonly { message: { content: string } }[] } }) =>
        error.name === 'StreamInterruptedError' &&
        error.message === 'Nothing arrived for 40 ms.' &&
        error.partial?.choices[0]?.message.content === 'half',
    )
  })

  test('silence does not count while the caller does not read', async () => {
    await using provider = await startProvider(
      (response) => void response.writeHead(200, EVENTS).end(answer('a', 'b', 'c')),
    )
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k' })
    const stream = await client.chat.completions.create(ASK, { timeout: { betweenTokens: 25 } })
    let text = ''
    for await (const piece of stream.text()) {
      text += piece
      await new Promise((resolve) => setTimeout(resolve, 40))
    }
    assert.equal(text, 'abc')
  })

  test('a stream that takes too long as a whole is ended', async () => {
    await using provider = await startProvider((response) => {
      response.writeHead(200, EVENTS)
      const timer = setInterval(() => response.write(sse(chunk({ content: 'x' }))), 10)
      response.once('close', () => clearInterval(timer))
    })
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k' })
    const stream = await client.chat.completions.create(ASK, { timeout: { total: 80, betweenTokens: 1_000 } })
    await assert.rejects(() => stream.completion(), {
      name: 'StreamInterruptedError',
      message: 'The stream took longer than 80 ms.',
    })
    assert.equal(await provider.requests[0]?.closed, true)
  })
})
