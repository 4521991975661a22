import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { GatewayConfig } from '../../src/config/config.ts'
import { serve } from '../../src/node/serve.ts'
import { createProvider, type ProviderSettings } from '../../src/provider/create.ts'
import { answerFor, startSimulator } from '../../src/simulator/index.ts'
import { gatewayConfig, keepingLogger, plainProvider } from '../support/gateway.ts'
import { eventsOf, textOf } from '../support/sse.ts'

const CLIENT = { keyId: 'inner', secret: 'canary-secret-0123456789' }

/** A gateway that calls another gateway as the service it pretends to be. */
async function rig(provider: (innerUrl: string) => ProviderSettings, inner: Partial<GatewayConfig> = {}) {
  const simulator = await startSimulator()
  const logger = keepingLogger()
  const service = await serve({
    config: gatewayConfig({ passthrough: plainProvider(simulator.url), ...inner }),
    logger: keepingLogger(),
  })
  const outer = await serve({
    config: gatewayConfig({ passthrough: createProvider('service', provider(service.url), {}) }),
    logger,
  })
  return {
    logger,
    post: (path: string, body: object) =>
      fetch(`${outer.url}${path}`, {
        method: 'POST',
        body: JSON.stringify({ model: MODEL, stream: true, messages: [{ role: 'user', content: 'Hi' }], ...body }),
      }),
    async [Symbol.asyncDispose]() {
      await outer.shutdown()
      await service.shutdown()
      await simulator.close()
    },
  }
}

const MODEL = 'sim:tokens=12'
const EXPECTED = answerFor({ model: MODEL, messages: [{ role: 'user', content: 'Hi' }] })

describe('two gateways, one as the service of the other', () => {
  const asEvolution = (secret: string) => (url: string) => ({
    preset: 'evolution',
    baseUrl: `${url}/v1`,
    tokenUrl: `${url}/api/v1/auth/token`,
    keyId: CLIENT.keyId,
    secret,
  })

  for (const tokenLifetime of [3_600_000, 1_000]) {
    test(`Evolution: the key pair is exchanged for a token of ${tokenLifetime / 1_000} s, which is taken`, async () => {
      await using it = await rig(asEvolution(CLIENT.secret), { auth: { clients: [CLIENT], tokenLifetime } })
      for (let twice = 0; twice < 2; twice++) {
        const response = await it.post('/v1/chat/completions', {})
        assert.equal(response.status, 200)
        assert.equal(textOf(eventsOf(await response.text())), EXPECTED)
      }
    })
  }

  test('Evolution: a revoked secret is told, and nothing of it', async () => {
    await using it = await rig(asEvolution('canary-secret-of-yesterday'), {
      auth: { clients: [CLIENT], tokenLifetime: 60_000 },
    })
    const response = await it.post('/v1/chat/completions', {})
    const body = await response.text()
    assert.equal(response.status, 502)
    assert.match(body, /refused the key id and secret \(HTTP 401\).*"code":"provider_auth"/)
    assert.doesNotMatch(body + JSON.stringify(it.logger.lines), /canary/)
  })

  const asFastGpt = (version: string) => (url: string) => ({
    preset: 'fastgpt',
    baseUrl: `${url}/api/${version}`,
    apiKey: 'fastgpt-any-key',
  })

  for (const inner of ['v1', 'v2']) {
    for (const outer of ['v1', 'v2']) {
      test(`FastGPT: ${inner} behind ${outer} gives ${outer}'s order, and the whole answer`, async () => {
        await using it = await rig(asFastGpt(inner))
        const text = await (await it.post(`/api/${outer}/chat/completions`, { detail: true })).text()
        const events = eventsOf(text)
        const names = events
          .map(({ name, data }) => (data === '[DONE]' ? data : name))
          .filter((name) => name !== 'answer')
        const results = outer === 'v1' ? ['[DONE]', 'flowResponses'] : ['flowNodeResponse', '[DONE]']
        assert.deepEqual(names, ['flowNodeStatus', ...results])
        assert.equal(textOf(events.filter(({ name }) => name === 'answer')), EXPECTED)
        const plain = eventsOf(await (await it.post('/v1/chat/completions', { detail: true })).text())
        assert.equal(textOf(plain), EXPECTED)
        assert.deepEqual([...new Set(plain.map(({ name }) => name))], [''])
      })
    }
  }

  test('FastGPT: a failure in the middle goes through both as what it is', async () => {
    await using it = await rig(asFastGpt('v1'))
    const cut = { model: 'sim:tokens=50,fault=cut@9', detail: true, seed: 1, n: 2 }
    const events = eventsOf(await (await it.post('/api/v1/chat/completions', cut)).text())
    assert.equal(events.at(-1)?.name, 'error')
    assert.ok(!events.some(({ data }) => data === '[DONE]'))
  })
})
