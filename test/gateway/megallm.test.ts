import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { GatewayConfig } from '../../src/config/config.ts'
import { withFallbacks } from '../../src/gateway/fallbacks.ts'
import { serve } from '../../src/node/serve.ts'
import { createProvider } from '../../src/provider/create.ts'
import { gatewayConfig, keepingLogger, plainProvider, route, target } from '../support/gateway.ts'
import { answer, chunk, EVENTS, sse, startProvider, type Answer } from '../support/provider.ts'
import { eventsOf, textOf } from '../support/sse.ts'

/** Two providers on loopback, one model each: `first` and `second`. */
async function rig(first: Answer, second: Answer) {
  const one = await startProvider(first)
  const two = await startProvider(second)
  const mega = createProvider('mega', { preset: 'megallm', baseUrl: one.baseURL, apiKey: 'sk-mega-canary0canary0' }, {})
  const other = plainProvider(two.baseURL, { name: 'other' })
  const config: Partial<GatewayConfig> = {
    routes: new Map([
      ['first', route('first', [target(mega, 'gpt-5')])],
      ['second', route('second', [target(other)])],
    ]),
    passthrough: other,
  }
  const logger = keepingLogger()
  const server = await serve({ config: gatewayConfig(config), logger })
  return {
    one,
    two,
    logger,
    get: (path: string) => fetch(`${server.url}${path}`),
    chat: (body: object) =>
      fetch(`${server.url}/v1/chat/completions`, {
        method: 'POST',
        body: JSON.stringify({ model: 'first', stream: true, messages: [{ role: 'user', content: 'Hi' }], ...body }),
      }),
    async [Symbol.asyncDispose]() {
      await server.shutdown()
      await one[Symbol.asyncDispose]()
      await two[Symbol.asyncDispose]()
    },
  }
}

const good: Answer = (response) => void response.writeHead(200, EVENTS).end(answer('good'))
const refuses =
  (status: number, body: string, headers = {}): Answer =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
const limited = refuses(429, '{"error":{"message":"Rate limit exceeded","type":"rate_limit_error"}}', {
  'retry-after': '60',
})
const broken = refuses(500, '{"error":{"message":"Internal server error","type":"internal_error"}}', {
  'x-should-retry': 'false',
})

describe('fallback_models', () => {
  const rows: readonly (readonly [string, Answer, object, boolean])[] = [
    ['a limit', limited, {}, true],
    ['an error', broken, {}, true],
    ['a limit, switched off', limited, { fallback_on_rate_limit: false }, false],
    ['a limit, with errors switched off', limited, { fallback_on_error: false }, true],
    ['an error, switched off', broken, { fallback_on_error: false }, false],
    ['an error, with limits switched off', broken, { fallback_on_rate_limit: false }, true],
  ]
  for (const [what, first, switches, falls] of rows) {
    test(`${what}: ${falls ? 'the next model answers' : 'the failure is told'}`, async () => {
      await using it = await rig(first, good)
      const response = await it.chat({ fallback_models: ['second'], ...switches })
      assert.equal(response.status === 200, falls)
      const text = await response.text()
      assert.equal(it.two.requests.length, falls ? 1 : 0)
      if (!falls) return
      assert.equal(textOf(eventsOf(text)), 'good')
      const sent: Record<string, unknown> = JSON.parse(it.two.requests[0]?.body ?? '')
      assert.equal(sent['model'], 'second')
      assert.deepEqual(
        Object.keys(sent).filter((field) => field.startsWith('fallback')),
        [],
        'stripped',
      )
    })
  }

  test('that MegaLLM itself is to try are sent to it, and names nobody knows here are not passed through', async () => {
    await using it = await rig(limited, good)
    const response = await it.chat({ fallback_models: ['gpt-4o-mini'] })
    assert.equal(response.status, 429)
    const sent: Record<string, unknown> = JSON.parse(it.one.requests[0]?.body ?? '')
    assert.deepEqual(sent['fallback_models'], ['gpt-4o-mini'])
    assert.equal('stream_options' in sent, false)
    assert.equal(it.two.requests.length, 0)
  })

  test('that are no list of names are refused', async () => {
    await using it = await rig(good, good)
    const response = await it.chat({ fallback_models: 'second' })
    assert.equal(response.status, 400)
    assert.match(await response.text(), /"param":"fallback_models"/)
  })

  test('continue a cut answer only where errors may fall back', async () => {
    const cut: Answer = (response, _seen, nth) =>
      nth === 0
        ? void response.writeHead(200, EVENTS).end(sse(chunk({ content: 'Hal' })))
        : void response.writeHead(500).end()
    await using it = await rig(cut, good)
    await (await it.chat({ fallback_models: ['second'], fallback_on_error: false })).text()
    assert.equal(it.two.requests.length, 0)
  })

  test('are added once, behind the route, and never drawn first', () => {
    const provider = plainProvider('http://127.0.0.1:1/v1')
    const routes = new Map([
      ['a', route('a', [target(provider, 'x')], { strategy: 'weighted' })],
      ['b', route('b', [target(provider), target(provider, 'x')])],
    ])
    const own = route('a', [target(provider, 'x')], { strategy: 'weighted' })
    const made = withFallbacks(gatewayConfig({ routes }), own, { fallback_models: ['b', 'a', 'b', 7, 'nobody'] })
    assert.deepEqual(
      made.targets.map(({ model, weight }) => [model, weight]),
      [
        ['x', 1],
        ['b', 0],
      ],
    )
    assert.equal(made.maxAttempts, own.maxAttempts + 1)
    assert.equal(withFallbacks(gatewayConfig({ routes }), own, {}), own)
  })
})

describe("MegaLLM's errors", () => {
  const rows: readonly (readonly [Answer, number, string])[] = [
    [
      refuses(
        400,
        '{"error":{"message":"Invalid request parameter","type":"invalid_request_error","param":"temperature","code":null}}',
      ),
      400,
      '"type":"invalid_request_error","code":"provider_rejected","param":"temperature"',
    ],
    [
      refuses(
        401,
        '{"error":{"message":"Invalid authentication credentials sk-mega-canary0canary0","type":"authentication_error"}}',
      ),
      502,
      '"code":"provider_auth"',
    ],
    [
      refuses(400, '{"type":"error","error":{"type":"invalid_request_error","message":"max_tokens is required"}}'),
      400,
      '"message":"max_tokens is required"',
    ],
    [limited, 429, '"type":"rate_limit_error"'],
    [broken, 502, '"type":"internal_error"'],
  ]
  for (const [says, status, part] of rows) {
    test(`are told: ${status} ${part}`, async () => {
      await using it = await rig(says, good)
      const response = await it.chat({})
      const body = await response.text()
      assert.equal(response.status, status)
      assert.ok(body.includes(part), body)
      if (status === 429) assert.equal(response.headers.get('retry-after'), '60')
      assert.doesNotMatch(body + JSON.stringify(it.logger.lines), /canary/)
    })
  }

  test('its lifecycle, without ids and indexes, is an answer', async () => {
    const lines = [
      '{"choices":[{"delta":{"role":"assistant"}}]}',
      '{"choices":[{"delta":{"content":"Hello, "}}]}',
      '{"choices":[{"delta":{"content":"how are you?"}}]}',
      '{"choices":[{"delta":{},"finish_reason":"stop"}]}',
    ]
    await using it = await rig((response) => void response.writeHead(200, EVENTS).end(sse(...lines, '[DONE]')), good)
    const events = eventsOf(await (await it.chat({})).text())
    assert.equal(textOf(events), 'Hello, how are you?')
    assert.equal(events.at(-1)?.data, '[DONE]')
  })
})

describe('the list of models', () => {
  const LIST = {
    data: [
      {
        id: 'gpt-5',
        object: 'model',
        owned_by: 'openai',
        root: '/secret/path',
        permission: [{ organization: 'org-canary' }],
        display_name: 'GPT-5',
        context_length: 400_000,
        pricing: { input_tokens_cost_per_million: 1.25, currency: 'USD' },
        capabilities: { supports_vision: true },
      },
      { id: 'second', description: 'x'.repeat(20_000) },
      'nonsense',
    ],
  }

  test("has the fields that a model's provider gives, and asks for them once", async () => {
    await using it = await rig(
      (response) => void response.end(JSON.stringify(LIST)),
      (response) => void response.end(JSON.stringify(LIST)),
    )
    for (let twice = 0; twice < 2; twice++) {
      const list: { data: Record<string, unknown>[] } = JSON.parse(await (await it.get('/v1/models')).text())
      const [first, second] = list.data
      assert.deepEqual(
        { ...first, created: 0 },
        {
          id: 'first',
          object: 'model',
          created: 0,
          owned_by: 'mega',
          display_name: 'GPT-5',
          context_length: 400_000,
          pricing: { input_tokens_cost_per_million: 1.25, currency: 'USD' },
          capabilities: { supports_vision: true },
        },
      )
      assert.deepEqual(Object.keys(second ?? {}).toSorted(), ['created', 'id', 'object', 'owned_by'])
    }
    assert.equal((await it.get('/v1/models/first')).status, 200)
    assert.deepEqual(
      it.one.requests.map(({ url }) => url),
      ['/v1/models'],
    )
    assert.equal(it.two.requests.length, 1)
  })

  test('asks a provider that has none only once in a while', async () => {
    await using it = await rig(refuses(500, ''), (response) => void response.end('<html>'))
    for (let twice = 0; twice < 2; twice++) assert.equal((await it.get('/v1/models')).status, 200)
    assert.deepEqual([it.one.requests.length, it.two.requests.length], [1, 1])
  })

  test('does not wait for a provider that is silent', async () => {
    await using it = await rig(
      () => undefined,
      () => undefined,
    )
    const started = performance.now()
    assert.equal((await it.get('/v1/models')).status, 200)
    assert.ok(performance.now() - started < 4_000)
  })
})
