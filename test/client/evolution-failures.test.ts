import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { describe, test } from 'node:test'
import {
  APIConnectionError,
  APIConnectionTimeoutError,
  AuthenticationError,
  InternalServerError,
  OpenAI,
  OpenAIError,
} from '../../src/client/index.ts'
import { TokenExchange } from '../../src/client/evolution.ts'
import { TestClock } from '../support/clock.ts'
import { answer, EVENTS, startProvider } from '../support/provider.ts'

/** What becomes of a call when Evolution's token service, or the token, fails: the right error, and no loop. */

const SECRET = 'canary-secret-0123456789'
const MESSAGES = [{ role: 'user' as const, content: 'Привет' }]

interface Cloud {
  /** `nth` counts exchanges from 0. */
  readonly token?: (response: ServerResponse, nth: number) => void
  /** `nth` counts requests from 0. */
  readonly chat?: (response: ServerResponse, nth: number) => void
}

/** A token service and a model on one address, and a client with a key pair for them. */
async function rig({ token, chat }: Cloud) {
  const counts = { exchanges: 0, chats: 0 }
  const cloud = await startProvider((response, { url }) => {
    if (url.endsWith('/token')) {
      const nth = counts.exchanges++
      if (token !== undefined) return token(response, nth)
      return void response.end(`{"access_token":"t${nth}","expires_in":3600}`)
    }
    const nth = counts.chats++
    if (chat !== undefined) return chat(response, nth)
    response.writeHead(200, EVENTS).end(answer('Да'))
  })
  const client = new OpenAI({
    keyId: 'key-1',
    secret: SECRET,
    baseURL: cloud.baseURL,
    tokenURL: `${cloud.baseURL}/token`,
    random: () => 0,
  })
  return {
    counts,
    /** The whole answer, or the error. */
    async ask(): Promise<unknown> {
      try {
        const stream = await client.chat.completions.create({ model: 'default', messages: MESSAGES, stream: true })
        return (await stream.completion()).choices[0]?.message.content
      } catch (error) {
        return error
      }
    },
    [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose](),
  }
}

function isSilent(error: unknown): void {
  assert.ok(error instanceof OpenAIError, String(error))
  assert.doesNotMatch(`${error.message} ${error.stack} ${JSON.stringify(error)}`, /canary/)
}

describe('a call with a key pair', () => {
  test('whose token is refused in mid-session gets another one, once, and the caller sees nothing', async () => {
    await using it = await rig({
      chat: (response, nth) =>
        nth === 1
          ? response.writeHead(401).end('{"error":{"message":"Jwt is expired"}}')
          : response.writeHead(200, EVENTS).end(answer('Да')),
    })
    assert.deepEqual([await it.ask(), await it.ask(), await it.ask()], ['Да', 'Да', 'Да'])
    assert.deepEqual(it.counts, { exchanges: 2, chats: 4 })
  })

  test('whose secret is revoked in mid-session fails with what the token service says, after one exchange', async () => {
    await using it = await rig({
      token: (response, nth) =>
        nth === 0
          ? response.end('{"access_token":"t","expires_in":3600}')
          : response.writeHead(401).end('{"error":"Unauthorized"}'),
      chat: (response, nth) =>
        nth === 0
          ? response.writeHead(200, EVENTS).end(answer('Да'))
          : response.writeHead(401).end('{"error":{"message":"Jwt is expired"}}'),
    })
    assert.equal(await it.ask(), 'Да')
    const error = await it.ask()
    assert.ok(error instanceof AuthenticationError)
    isSilent(error)
    assert.deepEqual(it.counts, { exchanges: 2, chats: 2 })
  })

  test('whose token service answers HTML fails with that, and asks no model', async () => {
    await using it = await rig({
      token: (response) => void response.setHeader('content-type', 'text/html').end('<html>Sign in</html>'),
    })
    const error = await it.ask()
    isSilent(error)
    assert.match(String(error), /The token service answered without an `access_token`/)
    assert.equal(it.counts.chats, 0)
    assert.ok(it.counts.exchanges <= 3)
  })

  test('whose token service fails, in JSON or HTML, fails with its status', async () => {
    for (const body of ['{"error":"Network error"}', '<html>502 Bad Gateway</html>']) {
      await using it = await rig({ token: (response) => void response.writeHead(502).end(body) })
      const error = await it.ask()
      assert.ok(error instanceof InternalServerError && error.status === 502, String(error))
      isSilent(error)
      assert.ok(it.counts.exchanges <= 3 && it.counts.chats === 0, JSON.stringify(it.counts))
    }
  })

  test('whose token service is down fails with no connection', async () => {
    await using it = await rig({ token: (response) => void response.socket?.destroy() })
    const error = await it.ask()
    assert.ok(error instanceof APIConnectionError)
    isSilent(error)
    assert.ok(it.counts.exchanges <= 3 && it.counts.chats === 0, JSON.stringify(it.counts))
  })
})

test('a token service that says nothing is waited for 30 seconds', async () => {
  const clock = new TestClock()
  const asked = Promise.withResolvers<void>()
  await using silent = await startProvider(() => asked.resolve())
  const exchange = new TokenExchange({ keyId: 'key-1', secret: SECRET, tokenURL: silent.baseURL, fetch, clock })
  const failed = exchange.token().catch((error: unknown) => error)
  await asked.promise
  clock.advance(29_999)
  assert.equal(silent.sockets, 1)
  clock.advance(1)
  const error = await failed
  assert.ok(error instanceof APIConnectionTimeoutError)
  isSilent(error)
})
