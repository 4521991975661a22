import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createProvider, normalizeBaseUrl, type ProviderSettings } from '../../src/provider/create.ts'
import type { Environment } from '../../src/provider/environment.ts'
import type { TokenFetch } from '../../src/provider/iam.ts'
import { PRESETS } from '../../src/provider/presets.ts'
import { TestClock } from '../support/clock.ts'

/** A token service that has one token. */
const tokens =
  (token: string): TokenFetch =>
  async () =>
    Response.json({ access_token: token, expires_in: 3_600 })

const NAMED = [
  'megallm', 'holysheep', 'evolution', 'fastgpt', 'openai', 'openrouter', 'deepseek', 'groq', 'mistral', 'together', 'xai',
  'gemini', 'azure', 'vllm', 'llama.cpp', 'ollama', 'lm-studio', 'simulator', 'openai-compatible',
] // prettier-ignore

describe('the presets', () => {
  for (const id of NAMED) {
    test(`have ${id}`, () => assert.equal(PRESETS.get(id)?.id, id))
  }

  for (const preset of PRESETS.values()) {
    test(`say where the facts about ${preset.title} are from, and where it is`, () => {
      assert.notEqual(preset.source, '')
      if (preset.baseUrl === undefined) assert.ok(URL.canParse(preset.baseUrlExample ?? ''))
      else assert.equal(normalizeBaseUrl(preset.baseUrl, 'baseUrl'), preset.baseUrl, 'already in its normal form')
    })

    test(`make a provider of ${preset.id}`, async () => {
      const settings: ProviderSettings = {
        preset: preset.id,
        ...(preset.baseUrl === undefined ? { baseUrl: 'https://llm.example.com' } : {}),
        ...(preset.iam === undefined ? { apiKey: 'a-key' } : { keyId: 'id', secret: 'a-secret', projectId: 'p-1' }),
      }
      const provider = createProvider('p', settings, {}, { fetch: tokens('a-key'), clock: new TestClock() })
      const header = preset.auth === 'api-key' ? { 'api-key': 'a-key' } : { authorization: 'Bearer a-key' }
      assert.deepEqual(await provider.credential.headers(), header)
      assert.equal(provider.preset, preset.id)
      assert.deepEqual(provider.quirks, preset.quirks)
      assert.equal(provider.continuation, preset.continuation)
    })
  }

  test('know how each service continues a partial answer (PROTOCOL 8)', () => {
    const ways = Object.fromEntries([...PRESETS.values()].map((preset) => [preset.id, preset.continuation]))
    assert.equal(ways['vllm'], 'continue_final_message')
    assert.deepEqual([ways['deepseek'], ways['mistral']], ['prefix', 'prefix'])
    assert.deepEqual(
      [ways['llama.cpp'], ways['openrouter'], ways['groq']],
      ['trailing_assistant', 'trailing_assistant', 'trailing_assistant'],
    )
    assert.deepEqual([ways['openai'], ways['gemini']], ['none', 'none'])
  })

  test('do not send stream_options to those that refuse it or do not know it', () => {
    const without = [...PRESETS.values()].filter((preset) => preset.quirks.noStreamOptions === true)
    assert.deepEqual(without.map((preset) => preset.id).sort(), ['fastgpt', 'megallm', 'mistral'])
  })
})

describe('a provider', () => {
  test('takes its key and base URL from the environment, settings being stronger', async () => {
    const env = { OPENAI_API_KEY: 'from-env', OPENAI_BASE_URL: 'https://proxy.example.com/v1/' }
    const fromEnv = createProvider('o', { preset: 'openai' }, env)
    assert.equal(fromEnv.baseUrl, 'https://proxy.example.com/v1')
    assert.deepEqual(await fromEnv.credential.headers(), { authorization: 'Bearer from-env' })
    const settings = { preset: 'openai', apiKey: 'said', baseUrl: 'https://other.example.com/v1' }
    const said = createProvider('o', settings, env)
    assert.equal(said.baseUrl, 'https://other.example.com/v1')
    assert.deepEqual(await said.credential.headers(), { authorization: 'Bearer said' })
  })

  test('takes an empty setting for an absent one', async () => {
    const provider = createProvider('o', { preset: 'openai', apiKey: '' }, { OPENAI_API_KEY: 'from-env' })
    assert.deepEqual(await provider.credential.headers(), { authorization: 'Bearer from-env' })
  })

  test('takes the second variable when the first is empty', async () => {
    const provider = createProvider('g', { preset: 'gemini' }, { GEMINI_API_KEY: '', GOOGLE_API_KEY: 'second' })
    assert.deepEqual(await provider.credential.headers(), { authorization: 'Bearer second' })
  })

  test('needs no key on this machine', async () => {
    assert.deepEqual(await createProvider('v', { preset: 'vllm' }, {}).credential.headers(), {})
  })

  test('lays quirks, continuation, headers and query over the preset', () => {
    const provider = createProvider(
      'v',
      {
        preset: 'openai',
        apiKey: 'k',
        quirks: { noStreamOptions: true },
        continuation: 'prefix',
        headers: { 'X-Title': 'Mine' },
        query: { tag: 'a b' },
      },
      {},
    )
    assert.deepEqual(provider.quirks, { obfuscation: true, noStreamOptions: true })
    assert.equal(provider.continuation, 'prefix')
    assert.deepEqual(provider.headers, { 'x-title': 'Mine' })
    assert.deepEqual(provider.query, { tag: 'a b' })
  })
})

describe('Azure', () => {
  const azure = { preset: 'azure', baseUrl: 'https://res.openai.azure.com/', apiKey: 'k' }

  test('is called through its v1 API, where the model names the deployment', () => {
    const provider = createProvider('a', azure, {})
    assert.equal(provider.baseUrl, 'https://res.openai.azure.com/openai/v1')
    assert.deepEqual(provider.query, {})
  })

  test('has the deployment in the path and api-version in the query when there is a deployment', () => {
    const provider = createProvider('a', { ...azure, deployment: 'gpt-4o', apiVersion: '2024-10-21' }, {})
    assert.equal(provider.baseUrl, 'https://res.openai.azure.com/openai/deployments/gpt-4o')
    assert.deepEqual(provider.query, { 'api-version': '2024-10-21' })
  })

  test('takes endpoint, key and version from the environment', async () => {
    const env = {
      AZURE_OPENAI_ENDPOINT: 'https://env.openai.azure.com',
      AZURE_OPENAI_API_KEY: 'env-key',
      OPENAI_API_VERSION: '2025-01-01',
    }
    const provider = createProvider('a', { preset: 'azure', deployment: 'd' }, env)
    assert.equal(provider.baseUrl, 'https://env.openai.azure.com/openai/deployments/d')
    assert.deepEqual(provider.query, { 'api-version': '2025-01-01' })
    assert.deepEqual(await provider.credential.headers(), { 'api-key': 'env-key' })
  })

  test('leaves a base URL with a path as it is', () => {
    const baseUrl = 'https://res.openai.azure.com/openai/deployments/mine'
    const provider = createProvider('a', { ...azure, baseUrl, apiVersion: '2024-10-21' }, {})
    assert.equal(provider.baseUrl, baseUrl)
    assert.deepEqual(provider.query, { 'api-version': '2024-10-21' })
  })
})

describe('a provider that cannot be made', () => {
  const key = 'sk-secret-0123456789'
  const custom = (more: Partial<ProviderSettings>): ProviderSettings => ({
    preset: 'openai-compatible',
    baseUrl: 'https://x.test/v1',
    ...more,
  })
  const url = (baseUrl: string): ProviderSettings => custom({ baseUrl })
  const azure = { preset: 'azure', baseUrl: 'https://r.test', apiKey: key }
  const cases: readonly (readonly [settings: ProviderSettings, param: string, says: RegExp, env?: Environment])[] = [
    [{ preset: 'opnai' }, 'preset', /^there is no preset "opnai"$/],
    [{ preset: 'openai' }, 'apiKey', /^OpenAI needs an API key: set apiKey here or \$OPENAI_API_KEY$/],
    [{ preset: 'gemini' }, 'apiKey', /or \$GEMINI_API_KEY or \$GOOGLE_API_KEY$/],
    [{ preset: 'openai', apiKey: `${key}\n` }, 'apiKey', /^apiKey holds a line break/],
    [{ preset: 'openai' }, 'apiKey', /^OPENAI_API_KEY holds a line break/, { OPENAI_API_KEY: `${key}\n` }],
    [{ preset: 'openai-compatible' }, 'baseUrl', /^OpenAI-compatible service needs baseUrl, such as https:/],
    [{ preset: 'azure', apiKey: key }, 'baseUrl', /needs baseUrl \(or \$AZURE_OPENAI_ENDPOINT\), such as https:/],
    [
      { preset: 'openai', apiKey: key },
      'baseUrl',
      /^OPENAI_BASE_URL has to be an http/,
      { OPENAI_BASE_URL: 'nowhere' },
    ],
    [url('ftp://x.test'), 'baseUrl', /^baseUrl has to be an http or https URL/],
    [url('x.test/v1'), 'baseUrl', /^baseUrl has to be an http or https URL/],
    [url(`https://u:${key}@x.test/v1`), 'baseUrl', /^baseUrl must not hold a user name or password/],
    [url(`https://x.test/v1?key=${key}`), 'baseUrl', /^baseUrl must not have a query or fragment: use query$/],
    [url('https://x.test/v1/chat/completions/'), 'baseUrl', /which is added to it: leave that part out$/],
    [custom({ headers: { Host: 'x' } }), 'headers', /^host is set by the gateway itself$/],
    [custom({ headers: { 'a b': 'x' } }), 'headers', /^"a b" is not a header field name$/],
    [custom({ headers: { 'X-A': '1', 'x-a': '2' } }), 'headers', /^x-a is there twice$/],
    [custom({ headers: { 'x-a': `${key}\r\nx: y` } }), 'headers', /^the value of x-a holds a line break/],
    [custom({ deployment: 'd' }), 'deployment', /^deployment is for the preset azure only$/],
    [custom({ apiVersion: '1' }), 'apiVersion', /^apiVersion is for the preset azure only$/],
    [{ ...azure, deployment: 'd' }, 'apiVersion', /^a deployment needs apiVersion \(or \$OPENAI_API_VERSION\)/],
    [{ ...azure, deployment: '../d', apiVersion: '1' }, 'deployment', /^deployment has to be a name/],
    [{ ...azure, baseUrl: 'https://r.test/openai/v1', deployment: 'd' }, 'deployment', /baseUrl without a path$/],
  ]
  for (const [settings, param, says, env = {}] of cases) {
    test(`says so: ${says.source}`, () => {
      assert.throws(
        () => createProvider('p', settings, env),
        (error: { code: string; message: string; facts: { param: string } }) => {
          assert.equal(error.code, 'config_invalid')
          assert.match(error.message, says)
          assert.equal(error.facts.param, param)
          assert.ok(!error.message.includes(key), 'the secret is not repeated')
          return true
        },
      )
    })
  }
})

test('a base URL loses its trailing slashes, however many', () => {
  assert.equal(normalizeBaseUrl(`https://x.test/v1${'/'.repeat(50_000)}`, 'baseUrl'), 'https://x.test/v1')
})

describe('Evolution', () => {
  const pair = { preset: 'evolution', baseUrl: 'https://e.cloud.ru/v1', keyId: 'id', secret: 's3cret-value' }

  test('takes pair, addresses and project from the environment, settings being stronger', async () => {
    const asked: [string, unknown][] = []
    const fetch: TokenFetch = async (url, init) => {
      asked.push([url, JSON.parse(typeof init.body === 'string' ? init.body : '')])
      return Response.json({ access_token: 'tok' })
    }
    const env = {
      EVOLUTION_KEY_ID: 'env-id',
      EVOLUTION_SECRET: 'env-secret',
      EVOLUTION_BASE_URL: 'https://env.cloud.ru/v1',
      EVOLUTION_TOKEN_URL: 'https://iam.test/token',
      EVOLUTION_PROJECT_ID: 'env-project',
      EVOLUTION_FOUNDATION_MODELS_URL: 'https://foundation.test/v1',
    }
    const clock = new TestClock()
    const fromEnv = createProvider('e', { preset: 'evolution' }, env, { fetch, clock })
    assert.equal(fromEnv.baseUrl, 'https://env.cloud.ru/v1')
    assert.deepEqual(fromEnv.headers, { 'x-project-id': 'env-project' })
    await fromEnv.credential.headers()
    const said = createProvider('e', { ...pair, tokenUrl: 'https://other.test/token' }, env, { fetch, clock })
    await said.credential.headers()
    assert.deepEqual(asked, [
      ['https://iam.test/token', { keyId: 'env-id', secret: 'env-secret' }],
      ['https://other.test/token', { keyId: 'id', secret: 's3cret-value' }],
    ])
    const foundation = createProvider('f', { preset: 'evolution-foundation' }, env, { fetch, clock })
    assert.equal(foundation.baseUrl, 'https://foundation.test/v1')
  })

  test('gives an exchange as long as the settings say', async () => {
    const clock = new TestClock()
    const fetch: TokenFetch = (_url, { signal }) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))))
    const provider = createProvider('e', { ...pair, tokenTimeout: 2_000 }, {}, { fetch, clock })
    const failed = assert.rejects(async () => provider.credential.headers(), {
      code: 'upstream_head_timeout',
      message: 'e: the token service did not answer within 2000 ms',
    })
    clock.advance(2_000)
    await failed
  })

  test('exchanges at cloud.ru unless told, and sends no project unless there is one', () => {
    const provider = createProvider('e', pair, {})
    assert.deepEqual(provider.headers, {})
    assert.equal(PRESETS.get('evolution')?.iam?.tokenUrl, 'https://iam.api.cloud.ru/api/v1/auth/token')
  })

  const refused: readonly (readonly [string, ProviderSettings, string, string])[] = [
    ['no key id', { ...pair, keyId: '' }, 'keyId', 'Cloud.ru Evolution needs keyId: set it here or $EVOLUTION_KEY_ID'],
    [
      'no secret',
      { ...pair, secret: undefined },
      'secret',
      'Cloud.ru Evolution needs secret: set it here or $EVOLUTION_SECRET',
    ],
    [
      'a secret with a space',
      { ...pair, secret: 's3cret value' },
      'secret',
      'secret holds a space, which no key contains',
    ],
    ['an API key', { ...pair, apiKey: 'k' }, 'apiKey', 'Cloud.ru Evolution takes keyId and secret instead of apiKey'],
    [
      'a token URL that is none',
      { ...pair, tokenUrl: 'iam' },
      'tokenUrl',
      'tokenUrl has to be an http or https URL, such as https://iam.api.cloud.ru/api/v1/auth/token',
    ],
    [
      'Foundation Models without a project',
      { ...pair, preset: 'evolution-foundation' },
      'projectId',
      'Cloud.ru Evolution Foundation Models needs projectId: set it here or $EVOLUTION_PROJECT_ID',
    ],
    [
      'a key pair for a service without',
      { preset: 'openai', apiKey: 'k', secret: 'x' },
      'secret',
      'OpenAI has no secret',
    ],
  ]
  for (const [what, settings, param, message] of refused) {
    test(`refuses ${what}`, () => {
      assert.throws(() => createProvider('e', settings, {}), { code: 'config_invalid', message, facts: { param } })
    })
  }
})
