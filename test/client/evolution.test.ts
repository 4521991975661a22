import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TokenExchange } from '../../src/client/evolution.ts'
import {
  APIConnectionError,
  AuthenticationError,
  OpenAI,
  OpenAIError,
  PermissionDeniedError,
  EvolutionOpenAIError,
} from '../../src/client/index.ts'
import { TestClock } from '../support/clock.ts'
import { answer, EVENTS, startProvider, type Answer, type Provider } from '../support/provider.ts'
import { ASK } from './wire.ts'

/** A token service that counts its tokens, and an endpoint that accepts only those in `good`. */
function evolution(
  good: Set<string>,
  settings: { readonly refusal?: readonly [number, string]; readonly lifetime?: number } = {},
): Answer {
  let issued = 0
  return (response, { url, headers, body }) => {
    if (url === '/token') {
      assert.deepEqual(JSON.parse(body), { keyId: 'id', secret: 'secret' })
      const token = `tok${++issued}`
      response.writeHead(200, { 'content-type': 'application/json' })
      return void response.end(
        JSON.stringify({
          access_token: token,
          ...(settings.lifetime === undefined ? {} : { expires_in: settings.lifetime }),
        }),
      )
    }
    if (good.has(String(headers.authorization).replace('Bearer ', '')))
      return void response.writeHead(200, EVENTS).end(answer('ok'))
    const [status, text] = settings.refusal ?? [401, '{"error":{"message":"Unauthorized"}}']
    response.writeHead(status, { 'content-type': 'application/json' }).end(text)
  }
}

function clientOf(provider: Provider, clock?: TestClock): OpenAI {
  return new OpenAI({
    keyId: 'id',
    secret: 'secret',
    baseURL: provider.baseURL,
    tokenURL: provider.baseURL.replace('/v1', '/token'),
    maxRetries: 0,
    ...(clock === undefined ? {} : { clock }),
  })
}

const exchanges = ({ requests }: Provider): number => requests.filter(({ url }) => url === '/token').length

async function ask(client: OpenAI): Promise<string | null | undefined> {
  return (await (await client.chat.completions.create(ASK)).completion()).choices[0]?.message.content
}

describe('the token exchange of Evolution', () => {
  test('happens once for many calls at once', async () => {
    await using provider = await startProvider(evolution(new Set(['tok1'])))
    const client = clientOf(provider)
    assert.deepEqual(
      await Promise.all(Array.from({ length: 8 }, () => ask(client))),
      Array.from({ length: 8 }, () => 'ok'),
    )
    assert.equal(exchanges(provider), 1)
  })

  test('happens again 30 seconds before a token ends', async () => {
    await using provider = await startProvider(evolution(new Set(['tok1', 'tok2']), { lifetime: 100 }))
    const clock = new TestClock()
    const client = clientOf(provider, clock)
    await ask(client)
    clock.advance(69_000)
    await ask(client)
    assert.equal(exchanges(provider), 1)
    clock.advance(2_000)
    await ask(client)
    assert.equal(exchanges(provider), 2)
  })

  test('takes an hour for the lifetime where none is told', async () => {
    await using provider = await startProvider(evolution(new Set(['tok1', 'tok2'])))
    const clock = new TestClock()
    const client = clientOf(provider, clock)
    await ask(client)
    clock.advance(3_569_000)
    await ask(client)
    assert.equal(exchanges(provider), 1)
    clock.advance(2_000)
    await ask(client)
    assert.equal(exchanges(provider), 2)
  })

  for (const [what, refusal] of Object.entries({
    '401': [401, '{"error":{"message":"Unauthorized"}}'],
    '403 that speaks of expiry': [403, '{"error":{"message":"JWT is expired"}}'],
  } as const)) {
    test(`is repeated after a ${what}, once, and the request succeeds without using up a retry`, async () => {
      await using provider = await startProvider(evolution(new Set(['tok2']), { refusal }))
      assert.equal(await ask(clientOf(provider)), 'ok')
      assert.equal(exchanges(provider), 2)
      assert.deepEqual(
        provider.requests
          .filter(({ url }) => url !== '/token')
          .map(({ headers }) => headers['x-stainless-retry-count']),
        ['0', '0'],
      )
    })
  }

  test('is repeated once only: a second refusal is an error', async () => {
    await using provider = await startProvider(evolution(new Set()))
    await assert.rejects(() => ask(clientOf(provider)), AuthenticationError)
    assert.equal(exchanges(provider), 2)
  })

  test('is not repeated for a 403 that is about something else', async () => {
    await using provider = await startProvider(
      evolution(new Set(), { refusal: [403, '{"error":{"message":"no access to this model"}}'] }),
    )
    await assert.rejects(() => ask(clientOf(provider)), PermissionDeniedError)
    assert.equal(exchanges(provider), 1)
  })

  test('is not repeated by every call that was refused with the same token', async () => {
    await using provider = await startProvider(evolution(new Set(['tok2'])))
    const client = clientOf(provider)
    await Promise.all(Array.from({ length: 6 }, () => ask(client)))
    assert.equal(exchanges(provider), 2)
  })

  test('tells what went wrong, by the documented classes', async () => {
    const failure = async (answerWith: Answer): Promise<unknown> => {
      await using provider = await startProvider(answerWith)
      const exchange = new TokenExchange({
        keyId: 'a',
        secret: 'b',
        tokenURL: provider.baseURL,
        fetch,
        clock: new TestClock(),
      })
      return await exchange.token().catch((error: unknown) => error)
    }
    const status =
      (code: number): Answer =>
      (response) =>
        void response.writeHead(code, { 'content-type': 'application/json' }).end('{"error":"Unauthorized"}')
    assert.ok((await failure(status(401))) instanceof AuthenticationError)
    assert.ok((await failure(status(403))) instanceof PermissionDeniedError)
    assert.equal(Reflect.get(Object(await failure(status(500))), 'status'), 500)
    assert.ok((await failure((response) => void response.end('{}'))) instanceof OpenAIError)
    assert.ok((await failure((response) => void response.socket?.destroy())) instanceof APIConnectionError)
    assert.ok((await failure(status(401))) instanceof EvolutionOpenAIError)
  })

  test('after a failure is tried anew by the next call', async () => {
    let nth = 0
    await using provider = await startProvider((response) => {
      if (nth++ === 0) response.writeHead(500).end()
      else response.end('{"access_token":"t"}')
    })
    const exchange = new TokenExchange({
      keyId: 'a',
      secret: 'b',
      tokenURL: provider.baseURL,
      fetch,
      clock: new TestClock(),
    })
    await assert.rejects(() => exchange.token())
    assert.equal(await exchange.token(), 't')
  })
})

describe('a key that is asked for', () => {
  test('is asked for before each attempt', async () => {
    const keys = ['one', 'two', 'three']
    await using provider = await startProvider((response, _seen, nth) => {
      if (nth === 0) response.writeHead(500, { 'retry-after-ms': '1' }).end('{}')
      else response.writeHead(200, EVENTS).end(answer('ok'))
    })
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: async () => keys.shift() ?? '' })
    assert.equal(await ask(client), 'ok')
    assert.deepEqual(
      provider.requests.map(({ headers }) => headers.authorization),
      ['Bearer one', 'Bearer two'],
    )
  })

  test('that is none is an error in the words of the official SDK', async () => {
    const client = new OpenAI({ baseURL: 'http://127.0.0.1:9/v1', apiKey: async () => '' })
    await assert.rejects(() => ask(client), {
      message: "Expected 'apiKey' function argument to return a string but it returned ",
    })
    const failing = new OpenAI({
      baseURL: 'http://127.0.0.1:9/v1',
      apiKey: () => Promise.reject(new Error('vault closed')),
    })
    await assert.rejects(() => ask(failing), { message: "Failed to get token from 'apiKey' function: vault closed" })
  })
})
