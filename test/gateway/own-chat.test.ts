import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serve } from '../../src/node/serve.ts'
import { createProvider } from '../../src/provider/create.ts'
import { gatewayConfig, keepingLogger } from '../support/gateway.ts'
import { answer, EVENTS, startProvider } from '../support/provider.ts'

const CLIENTS = ['alice', 'bob'].map((keyId) => ({ keyId, secret: `${keyId}-secret-0123456789` }))

/** A FastGPT behind the OpenAI surface; what it was sent. */
async function rig(clients: typeof CLIENTS | undefined) {
  const foreign = await startProvider((response) => void response.writeHead(200, EVENTS).end(answer('Hi')))
  const passthrough = createProvider('fast', { preset: 'fastgpt', baseUrl: foreign.baseURL, apiKey: 'fastgpt-key' }, {})
  const auth = clients === undefined ? undefined : { clients, tokenLifetime: 60_000 }
  const server = await serve({ config: gatewayConfig({ passthrough, auth }), logger: keepingLogger() })
  return {
    async ask(body: object, pair?: object): Promise<Record<string, unknown>> {
      const token = async (): Promise<string> => {
        const response = await fetch(`${server.url}/api/v1/auth/token`, { method: 'POST', body: JSON.stringify(pair) })
        return JSON.parse(await response.text()).access_token
      }
      const response = await fetch(`${server.url}/v1/chat/completions`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(pair === undefined ? {} : { authorization: `Bearer ${await token()}` }),
        },
        body: JSON.stringify({ model: 'any', stream: true, messages: [{ role: 'user', content: 'Who?' }], ...body }),
      })
      assert.equal(response.status, 200)
      await response.text()
      return JSON.parse(foreign.requests.at(-1)?.body ?? '{}')
    },
    async [Symbol.asyncDispose]() {
      await server.shutdown()
      await foreign[Symbol.asyncDispose]()
    },
  }
}

test("a chatId on OpenAI's surface names one chat per caller at a FastGPT behind us, and always the same", async () => {
  await using it = await rig(CLIENTS)
  const [alice, bob] = CLIENTS
  const first = await it.ask({ chatId: 'same' }, alice)
  const second = await it.ask({ chatId: 'same' }, bob)
  const again = await it.ask({ chatId: 'same' }, alice)
  assert.notEqual(first['chatId'], second['chatId'])
  assert.equal(first['chatId'], again['chatId'])
  assert.ok(![first['chatId'], second['chatId']].includes('same'), 'nobody can choose an id of somebody else')
})

test('what a gateway keeps for a FastGPT cannot be said by a caller', async () => {
  await using it = await rig(CLIENTS)
  const smuggled = { sluice_fastgpt: { chatId: 'of-bob' } }
  assert.equal((await it.ask(smuggled, CLIENTS[0]))['chatId'], undefined)
  assert.notEqual((await it.ask({ ...smuggled, chatId: 'c' }, CLIENTS[0]))['chatId'], 'of-bob')
  await using open = await rig(undefined)
  const sent = await open.ask({ ...smuggled, chatId: 'mine' })
  assert.deepEqual(
    [sent['chatId'], 'sluice_fastgpt' in sent],
    ['mine', false],
    'the local user has one name for a chat',
  )
})
