import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { z } from 'zod'
import { plainProvider, route, startRig, target, type Rig } from '../support/gateway.ts'

let rig: Rig
before(async () => {
  rig = await startRig({
    config: (simulator) => {
      const provider = plainProvider(simulator.url)
      return { routes: new Map([['default', route('default', [target(provider, 'sim:tokens=5')])]]) }
    },
  })
})
after(() => rig[Symbol.asyncDispose]())

const envelope = z.strictObject({
  error: z.strictObject({
    message: z.string().min(1),
    type: z.string(),
    code: z.string().nullable(),
    param: z.string().nullable(),
  }),
})

const messages = [{ role: 'user', content: 'hi' }]
const good = { model: 'default', messages }
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

interface Refusal {
  readonly title: string
  readonly body: BodyInit
  readonly status: number
  readonly code: string
  readonly param?: string
}

const refusals: readonly Refusal[] = [
  { title: 'no JSON', body: '{"model": ', status: 400, code: 'invalid_json' },
  { title: 'an empty body', body: '', status: 400, code: 'invalid_json' },
  { title: 'invalid UTF-8', body: new Uint8Array([123, 34, 0xff, 34, 125]), status: 400, code: 'invalid_utf8' },
  {
    title: 'a depth of 1,000',
    body: JSON.stringify({ ...good, x: 0 }).replace('"x":0', `"x":${nested(1_000)}`),
    status: 400,
    code: 'body_too_deep',
  },
  { title: 'a depth of 100,000', body: nested(100_000), status: 400, code: 'body_too_deep' },
  {
    title: '11 MB',
    body: JSON.stringify({ ...good, x: 'a'.repeat(11 * 1024 * 1024) }),
    status: 413,
    code: 'body_too_large',
  },
  { title: 'an array', body: '[]', status: 400, code: 'invalid_value' },
  { title: 'null', body: 'null', status: 400, code: 'invalid_value' },
  { title: 'no model', body: JSON.stringify({ messages }), status: 400, code: 'invalid_value', param: 'model' },
  {
    title: 'a model that is a number',
    body: JSON.stringify({ model: 5, messages }),
    status: 400,
    code: 'invalid_value',
    param: 'model',
  },
  {
    title: 'an unknown model',
    body: JSON.stringify({ model: 'nope', messages }),
    status: 404,
    code: 'model_not_found',
    param: 'model',
  },
  {
    title: 'no messages',
    body: JSON.stringify({ model: 'default' }),
    status: 400,
    code: 'invalid_value',
    param: 'messages',
  },
  {
    title: 'empty messages',
    body: JSON.stringify({ model: 'default', messages: [] }),
    status: 400,
    code: 'invalid_value',
    param: 'messages',
  },
  {
    title: 'an unknown role',
    body: JSON.stringify({ model: 'default', messages: [{ role: 'robot', content: 'x' }] }),
    status: 400,
    code: 'invalid_value',
    param: 'messages.0.role',
  },
  {
    title: 'content that is a number',
    body: JSON.stringify({ model: 'default', messages: [{ role: 'user', content: 5 }] }),
    status: 400,
    code: 'invalid_value',
    param: 'messages.0.content',
  },
  { title: 'n too large', body: JSON.stringify({ ...good, n: 1_000 }), status: 400, code: 'invalid_value', param: 'n' },
  { title: 'n of 0', body: JSON.stringify({ ...good, n: 0 }), status: 400, code: 'invalid_value', param: 'n' },
  {
    title: 'a temperature of 9',
    body: JSON.stringify({ ...good, temperature: 9 }),
    status: 400,
    code: 'invalid_value',
    param: 'temperature',
  },
  {
    title: 'stream as a string',
    body: JSON.stringify({ ...good, stream: 'yes' }),
    status: 400,
    code: 'invalid_value',
    param: 'stream',
  },
  {
    title: 'a negative max_tokens',
    body: JSON.stringify({ ...good, max_tokens: -1 }),
    status: 400,
    code: 'invalid_value',
    param: 'max_tokens',
  },
  {
    title: 'top_logprobs of 50',
    body: JSON.stringify({ ...good, top_logprobs: 50 }),
    status: 400,
    code: 'invalid_value',
    param: 'top_logprobs',
  },
]

describe('a request that cannot be served is refused with an OpenAI error envelope', () => {
  for (const { title, body, status, code, param } of refusals) {
    test(`${title}: ${status} ${code}${param === undefined ? '' : `, param ${param}`}`, async () => {
      const response = await fetch(`${rig.url}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      assert.equal(response.status, status)
      assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
      assert.match(response.headers.get('x-request-id') ?? '', /^req_/)
      const { error } = envelope.parse(await response.json())
      assert.equal(error.code, code)
      assert.equal(error.param, param ?? null)
      assert.equal(rig.simulator.requests.length, 0, 'the provider is not called')
      assert.equal(rig.server.gateway.openStreams, 0, 'no stream is left')
    })
  }

  test('an unknown model is answered with the models there are', async () => {
    const response = await rig.chat({ model: 'nope' })
    const { error } = envelope.parse(await response.json())
    assert.match(error.message, /Models here: default/)
  })

  test('an error does not quote the prompt', async () => {
    const response = await fetch(`${rig.url}/chat/completions`, {
      method: 'POST',
      body: '{"messages": "my secret diary", }',
    })
    assert.doesNotMatch(await response.text(), /diary/)
  })

  for (const [method, path, status, code] of [
    ['GET', '/v1/chat/completions', 405, 'method_not_allowed'],
    ['PUT', '/v1/models', 405, 'method_not_allowed'],
    ['GET', '/v1/nothing', 404, 'route_not_found'],
    ['GET', '/v1/models/nope', 404, 'model_not_found'],
  ] as const) {
    test(`${method} ${path}: ${status} ${code}`, async () => {
      const response = await fetch(rig.server.url + path, { method })
      assert.equal(response.status, status)
      assert.equal(envelope.parse(await response.json()).error.code, code)
      if (status === 405) assert.ok(response.headers.get('allow'))
    })
  }

  test('an unknown X-Stream-On-Disconnect is refused by name', async () => {
    const response = await rig.chat({ model: 'default' }, { headers: { 'x-stream-on-disconnect': 'maybe' } })
    assert.equal(response.status, 400)
    assert.equal(envelope.parse(await response.json()).error.param, 'X-Stream-On-Disconnect')
  })
})
