import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { GatewayConfig } from '../../src/config/config.ts'
import { serve } from '../../src/node/serve.ts'
import { createProvider } from '../../src/provider/create.ts'
import { TestClock } from '../support/clock.ts'
import { gatewayConfig, keepingLogger } from '../support/gateway.ts'
import { answer, EVENTS, startProvider, type Answer } from '../support/provider.ts'
import { eventsOf, textOf } from '../support/sse.ts'
import { until } from '../support/until.ts'

const SECRET = 'canary-secret-0123456789'
const TOKEN = 'canary-token-'

/** What the foreign side does; the defaults are a service in good health. */
interface Service {
  readonly token?: Answer
  /** `token`: the number of the token that came, from 0. */
  readonly chat?: (response: Parameters<Answer>[0], token: number, nth: number) => void
}

/** Cloud.ru on loopback: a token service and a model, with a gateway in front of it. */
async function rig(service: Service = {}, config: Partial<GatewayConfig> = {}) {
  const clock = new TestClock()
  let issued = 0
  let asked = 0
  const cloud = await startProvider((response, seen, nth) => {
    if (seen.url === '/api/v1/auth/token') {
      if (service.token !== undefined) return service.token(response, seen, nth)
      return void response.end(JSON.stringify({ access_token: `${TOKEN}${issued++}`, expires_in: 3_600 }))
    }
    const token = Number(seen.headers.authorization?.slice(`Bearer ${TOKEN}`.length))
    if (service.chat !== undefined) return service.chat(response, token, asked++)
    response.writeHead(200, EVENTS).end(answer('При', 'вет'))
  })
  const provider = createProvider(
    'evolution',
    {
      preset: 'evolution',
      baseUrl: cloud.baseURL,
      keyId: 'key-1',
      secret: SECRET,
      projectId: 'project-1',
      tokenUrl: cloud.baseURL.replace('/v1', '/api/v1/auth/token'),
    },
    {},
    { fetch: (url, init) => fetch(url, init), clock },
  )
  const logger = keepingLogger()
  const server = await serve({ config: gatewayConfig({ passthrough: provider, ...config }), logger })
  const chat = (body: object = {}, signal?: AbortSignal) =>
    fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({
        model: 'default',
        stream: true,
        messages: [{ role: 'user', content: 'Привет' }],
        ...body,
      }),
      signal: signal ?? null,
    })
  const count = (path: string) => cloud.requests.filter(({ url }) => url === path).length
  return {
    cloud,
    clock,
    url: server.url,
    chat,
    logger,
    tokens: () => count('/api/v1/auth/token'),
    chats: () => count('/v1/chat/completions'),
    async [Symbol.asyncDispose]() {
      await server.shutdown()
      await cloud[Symbol.asyncDispose]()
    },
  }
}

const expired: NonNullable<Service['chat']> = (response, token) =>
  token === 0
    ? response.writeHead(401).end(`{"error":{"message":"token ${TOKEN}0 is not good"}}`)
    : response.writeHead(200, EVENTS).end(answer('again'))

describe('Evolution behind the gateway', () => {
  test('is called with a token and the project, and its answer is streamed', async () => {
    await using it = await rig()
    assert.equal(textOf(eventsOf(await (await it.chat()).text())), 'Привет')
    const request = it.cloud.requests.at(-1)
    assert.equal(request?.headers.authorization, `Bearer ${TOKEN}0`)
    assert.equal(request?.headers['x-project-id'], 'project-1')
    await (await it.chat()).text()
    assert.equal(it.tokens(), 1, 'the token is kept')
  })

  test('gets one exchange for many requests at once', async () => {
    await using it = await rig()
    await Promise.all(Array.from({ length: 8 }, async () => (await it.chat()).text()))
    assert.deepEqual([it.tokens(), it.chats()], [1, 8])
  })

  test('that calls the token outdated in mid-session gets a fresh one, and the reader notices nothing', async () => {
    await using it = await rig({ chat: expired })
    const response = await it.chat()
    assert.equal(response.status, 200)
    assert.equal(textOf(eventsOf(await response.text())), 'again')
    assert.deepEqual([it.tokens(), it.chats()], [2, 2])
    const state = await fetch(`${it.url}/v1/streams/${response.headers.get('x-stream-id')}?format=json`)
    assert.equal((await state.text()).match(/"type":"attempt"/g)?.length, 1, 'it is no try of its own')
  })

  test('that says it with 403 gets a fresh one too, and one that forbids does not', async () => {
    await using said = await rig({
      chat: (response, token) =>
        token === 0
          ? response.writeHead(403).end('{"message":"Jwt is expired"}')
          : response.writeHead(200, EVENTS).end(answer('ok')),
    })
    assert.equal((await said.chat()).status, 200)
    await using forbids = await rig({
      chat: (response) => response.writeHead(403).end('{"message":"No such project"}'),
    })
    const refused = await forbids.chat()
    assert.equal(refused.status, 502)
    assert.match(await refused.text(), /No such project.*provider_auth/)
    assert.deepEqual([forbids.tokens(), forbids.chats()], [1, 1])
  })

  test('that refuses every token is asked twice, not for ever', async () => {
    await using it = await rig({ chat: (response, token) => response.writeHead(401).end(`bad ${TOKEN}${token}`) })
    const response = await it.chat()
    assert.equal(response.status, 502)
    const body = await response.text()
    assert.match(body, /"code":"provider_auth"/)
    assert.deepEqual([it.tokens(), it.chats()], [2, 2])
    assert.doesNotMatch(body, /canary/)
  })

  test('a revoked secret is told as provider_auth, once, and nothing of it is in any answer or log line', async () => {
    await using it = await rig({
      token: (response) => void response.writeHead(401).end(`{"error":"Unauthorized","secret":"${SECRET}"}`),
    })
    const response = await it.chat()
    const body = await response.text()
    assert.equal(response.status, 502)
    assert.match(body, /the token service refused the key id and secret \(HTTP 401\)/)
    await (await it.chat()).text()
    assert.deepEqual([it.tokens(), it.chats()], [1, 0], 'not shown again at once')
    assert.doesNotMatch(body + JSON.stringify(it.logger.lines), /canary/)
  })

  test('a token service that is down or answers HTML is told, after a retry at most', async () => {
    await using down = await rig({ token: (response) => void response.destroy() })
    const unreachable = await down.chat()
    assert.equal(unreachable.status, 502)
    assert.match(await unreachable.text(), /upstream_connect_failed/)
    assert.ok(down.tokens() <= 2)
    await using html = await rig({ token: (response) => void response.end('<html>maintenance</html>') })
    const page = await html.chat()
    assert.equal(page.status, 502)
    assert.match(await page.text(), /the token service answered with HTML/)
    assert.ok(html.tokens() <= 2)
  })

  test('a caller that leaves while the token service is silent does not wait for it', async () => {
    const held = Promise.withResolvers<void>()
    await using it = await rig(
      { token: () => held.resolve() },
      { server: { ...gatewayConfig().server, onDisconnect: { type: 'cancel' } } },
    )
    const abort = new AbortController()
    const gone = it.chat({}, abort.signal).catch(() => 'gone')
    await held.promise
    abort.abort()
    assert.equal(await gone, 'gone')
    await until(() => it.logger.lines.length > 0, 2_000, 'the record of the stream')
    assert.match(JSON.stringify(it.logger.lines[0]), /cancelled/)
  })

  test('a slow token service is given up after 30 seconds', async () => {
    const held: (() => void)[] = []
    await using it = await rig({ token: () => void held.push(() => undefined) })
    const asked = it.chat()
    for (let tries = 1; tries <= 2; tries++) {
      await until(() => held.length >= tries, 2_000, 'an exchange')
      it.clock.advance(30_000)
    }
    const response = await asked
    assert.equal(response.status, 504)
    assert.match(await response.text(), /did not answer within 30000 ms/)
  })
})
