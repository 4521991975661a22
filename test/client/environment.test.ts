import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { findTarget, SERVICES, type Target, type TargetOptions } from '../../src/client/environment.ts'
import { HOSTED } from '../../src/provider/hosted.ts'
import { OpenAI, OpenAIError } from '../../src/client/index.ts'

const SAVED = { ...process.env }
const VARIABLES = [
  'SLUICE_URL',
  'SLUICE_API_KEY',
  'OPENAI_API_KEY',
  'OPENAI_BASE_URL',
  'EVOLUTION_KEY_ID',
  'EVOLUTION_SECRET',
  'EVOLUTION_BASE_URL',
  ...SERVICES.map(([name]) => name),
]

/** The target in an environment of these variables alone. */
function target(env: Readonly<Record<string, string>>, options: TargetOptions = {}): Target {
  Object.assign(process.env, env)
  return findTarget(options)
}

describe('where a client goes', () => {
  beforeEach(() => {
    for (const name of VARIABLES) delete process.env[name]
  })
  afterEach(() => {
    for (const name of VARIABLES) delete process.env[name]
    Object.assign(process.env, SAVED)
  })

  for (const [what, env, options, expected] of [
    [
      'the gateway that SLUICE_URL names, with its /v1',
      { SLUICE_URL: 'http://gate:8787' },
      {},
      { baseURL: 'http://gate:8787/v1', apiKey: undefined },
    ],
    [
      'a gateway below a path, and its key',
      { SLUICE_URL: 'http://gate/llm/v1/', SLUICE_API_KEY: ' s ' },
      {},
      { baseURL: 'http://gate/llm/v1', apiKey: 's' },
    ],
    [
      'the gateway before OpenAI',
      { SLUICE_URL: 'http://gate', OPENAI_API_KEY: 'o' },
      {},
      { baseURL: 'http://gate/v1', apiKey: undefined },
    ],
    ['OpenAI', { OPENAI_API_KEY: 'o' }, {}, { baseURL: 'https://api.openai.com/v1', apiKey: 'o' }],
    [
      'another address with the key of OpenAI',
      { OPENAI_API_KEY: 'o', OPENAI_BASE_URL: 'http://x/v1' },
      {},
      { baseURL: 'http://x/v1', apiKey: 'o' },
    ],
    [
      'what the caller says, whatever the environment says',
      { SLUICE_URL: 'http://gate', OPENAI_API_KEY: 'o' },
      { baseURL: 'http://y/v1/', apiKey: 'k' },
      { baseURL: 'http://y/v1', apiKey: 'k' },
    ],
    [
      'the first service whose key is set',
      { HOLYSHEEP_API_KEY: 'h', GROQ_API_KEY: 'g' },
      {},
      { baseURL: 'https://api.holysheep.ai/v1', apiKey: 'h' },
    ],
    [
      "a known service with its own key, not OpenAI's",
      { OPENAI_API_KEY: 'o', MEGALLM_API_KEY: 'm' },
      { baseURL: 'https://ai.megallm.io/v1' },
      { baseURL: 'https://ai.megallm.io/v1', apiKey: 'm' },
    ],
    [
      'a server of this machine without a key',
      {},
      { baseURL: 'http://127.0.0.1:11434/v1' },
      { baseURL: 'http://127.0.0.1:11434/v1', apiKey: undefined },
    ],
  ] as const) {
    test(`is ${what}`, () => assert.deepEqual(target(env, options), { pair: undefined, ...expected }))
  }

  test('is Evolution, by options or by environment', () => {
    const pair = { keyId: 'i', secret: 's' }
    assert.deepEqual(target({}, { ...pair, baseURL: 'https://e.cloud.ru/v1' }), {
      baseURL: 'https://e.cloud.ru/v1',
      apiKey: undefined,
      pair,
    })
    const env = { EVOLUTION_KEY_ID: 'i', EVOLUTION_SECRET: 's', EVOLUTION_BASE_URL: 'https://f.cloud.ru/v1' }
    assert.deepEqual(target(env), { baseURL: 'https://f.cloud.ru/v1', apiKey: undefined, pair })
  })

  test('without any credentials is an error that says what to do', () => {
    assert.throws(
      () => new OpenAI(),
      (error) => error instanceof OpenAIError && /apiKey.*OPENAI_API_KEY/.test(error.message),
    )
    assert.throws(() => new OpenAI({ baseURL: 'https://somewhere.example/v1' }), OpenAIError)
    assert.throws(() => new OpenAI({ keyId: 'i', baseURL: 'https://e.cloud.ru/v1' }), /belong together/)
    assert.throws(() => new OpenAI({ keyId: 'i', secret: 's' }), /baseURL/)
  })

  test('knows the services of the gateway, in the same order, by the same variables', () => {
    const hosted = HOSTED.filter(({ id }) => id !== 'openai')
    assert.deepEqual(
      SERVICES,
      hosted.map(({ env, baseUrl }) => [env.key[0], baseUrl]),
    )
  })

  test('in a web page refuses to hold a key, unless told that this is meant', () => {
    Object.defineProperty(globalThis, 'location', { value: { origin: 'https://page.example' }, configurable: true })
    try {
      assert.throws(() => new OpenAI({ baseURL: 'https://api.example/v1', apiKey: 'k' }), /dangerouslyAllowBrowser/)
      assert.ok(new OpenAI({ baseURL: 'https://api.example/v1', apiKey: 'k', dangerouslyAllowBrowser: true }))
      assert.equal(new OpenAI({ baseURL: '/v1' }).baseURL, '/v1')
    } finally {
      Reflect.deleteProperty(globalThis, 'location')
    }
  })
})
