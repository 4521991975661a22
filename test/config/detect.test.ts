import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { describe, test } from 'node:test'
import { buildConfig } from '../../src/config/build.ts'
import { resolveModel } from '../../src/config/config.ts'
import { detect, simulatorSettings, type Detection } from '../../src/config/detect.ts'
import { askForModels, type Fetch } from '../../src/config/probe.ts'
import type { Environment } from '../../src/provider/environment.ts'
import { createProvider } from '../../src/provider/create.ts'

/** Engines by origin; every other address refuses the connection. */
function network(engines: Readonly<Record<string, () => Response | Promise<Response>>> = {}): Fetch {
  return async (url) => {
    const answer = engines[new URL(url).origin]
    if (answer === undefined) throw new TypeError('fetch failed')
    return answer()
  }
}

const models = (...ids: readonly unknown[]): (() => Response) => {
  const data = ids.map((id) => ({ id, object: 'model' }))
  return () => Response.json({ object: 'list', data })
}

const look = (env: Environment, engines?: Parameters<typeof network>[0]): Promise<Detection> =>
  detect({ env, fetch: network(engines) })

/** Where each model name of a detection leads: `name -> provider model`. */
function routesOf(detection: Detection, env: Environment): readonly string[] {
  assert.equal(detection.kind, 'providers')
  const config = buildConfig(detection.settings, env)
  return [...config.routes].map(([name, { targets }]) => `${name} -> ${targets[0]?.provider.name} ${targets[0]?.model}`)
}

describe('with no configuration', () => {
  test('the simulator serves when there is nothing else, and the reason says so', async () => {
    assert.deepEqual(await look({}), {
      kind: 'simulator',
      reasons: ['simulator: no API key is set, and none of Ollama, LM Studio, llama.cpp, vLLM answers on this machine'],
    })
  })

  test('a key in the environment is a provider, with a default and every other model by its prefix', async () => {
    const env = { MISTRAL_API_KEY: 'k' }
    const found = await look(env)
    assert.deepEqual(found.reasons, ['mistral: MISTRAL_API_KEY is set', 'default is mistral/mistral-small-latest'])
    assert.deepEqual(routesOf(found, env), [
      'default -> mistral mistral-small-latest',
      'mistral/mistral-small-latest -> mistral mistral-small-latest',
    ])
    assert.equal(found.kind, 'providers')
    const route = resolveModel(buildConfig(found.settings, env), 'mistral/codestral-latest')
    assert.equal(route?.targets[0]?.model, 'codestral-latest')
    assert.equal(resolveModel(buildConfig(found.settings, env), 'codestral-latest'), undefined)
  })

  test('several are all there; the default is the first in the order of the presets, then of the engines', async () => {
    const env = { GROQ_API_KEY: 'k', OPENAI_API_KEY: 'k', GOOGLE_API_KEY: 'k' }
    const found = await look(env, {
      'http://127.0.0.1:8000': models('qwen'),
      'http://127.0.0.1:11434': models('llama3.2', 'phi'),
    })
    assert.deepEqual(found.reasons, [
      'openai: OPENAI_API_KEY is set',
      'groq: GROQ_API_KEY is set',
      'gemini: GOOGLE_API_KEY is set',
      'ollama: answers at http://127.0.0.1:11434/v1 with 2 models',
      'vllm: answers at http://127.0.0.1:8000/v1 with 1 model',
      'default is openai/gpt-4o-mini, the first of openai, groq, gemini, ollama, vllm',
    ])
    assert.deepEqual(
      routesOf(found, env).filter((route) => /ollama|vllm|default/.test(route)),
      [
        'default -> openai gpt-4o-mini',
        'ollama/llama3.2 -> ollama llama3.2',
        'ollama/phi -> ollama phi',
        'vllm/qwen -> vllm qwen',
      ],
    )
  })

  test('an engine alone gives its first model as the default', async () => {
    const found = await look({}, { 'http://127.0.0.1:1234': models('org/qwen@q4', 'other') })
    assert.equal(routesOf(found, {})[0], 'default -> lm-studio org/qwen@q4')
  })

  test('an engine elsewhere is found by its variable, and asked with its key', async () => {
    const asked: (readonly [string, unknown])[] = []
    const fetch: Fetch = async (url, init) => {
      asked.push([url, new Headers(init.headers).get('authorization')])
      if (!url.startsWith('http://gpu:9000')) throw new TypeError('fetch failed')
      return models('big')()
    }
    const found = await detect({ env: { VLLM_BASE_URL: 'http://gpu:9000/v1/', VLLM_API_KEY: 'k' }, fetch })
    assert.deepEqual(found.reasons, ['vllm: answers at http://gpu:9000/v1 with 1 model', 'default is vllm/big'])
    assert.ok(asked.some(([url, key]) => url === 'http://gpu:9000/v1/models' && key === 'Bearer k'))
  })

  test('an empty variable is no key', async () => {
    assert.equal((await look({ OPENAI_API_KEY: '' })).kind, 'simulator')
  })

  const leftOut: readonly (readonly [name: string, env: Environment, reason: string])[] = [
    [
      'half a key pair',
      { EVOLUTION_KEY_ID: 'a', EVOLUTION_BASE_URL: 'https://x.test/v1' },
      'evolution is left out: Cloud.ru Evolution needs secret: set $EVOLUTION_SECRET',
    ],
    [
      'a provider without an address',
      { AZURE_OPENAI_API_KEY: 'k' },
      'azure is left out: Azure OpenAI needs baseUrl (or $AZURE_OPENAI_ENDPOINT), such as https://YOUR-RESOURCE.openai.azure.com',
    ],
    [
      'a key that cannot be one',
      { OPENAI_API_KEY: 'sk-canary 1' },
      'openai is left out: OPENAI_API_KEY holds a space, which no key contains',
    ],
  ]
  for (const [name, env, reason] of leftOut) {
    test(`${name} is left out, and the reason says why`, async () => {
      const found = await look(env)
      assert.equal(found.kind, 'simulator')
      assert.ok(found.reasons.includes(reason), found.reasons.join('\n'))
    })
  }

  const strangers: readonly (readonly [name: string, answer: () => Response, reason: string | undefined])[] = [
    [
      'a web page',
      () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
      'answers, but not with a list of models',
    ],
    ['another JSON API', () => Response.json({ data: 'x' }), 'answers, but not with a list of models'],
    ['an engine that wants a key', () => new Response('no', { status: 401 }), 'answers 401'],
    ['an engine without models', models(), 'lists no model'],
    ['an endless list', () => new Response('['.repeat(1_000_001)), 'answers, but not with a list of models'],
    ['names that are none', models(5, 'a b', '', 'x'.repeat(201), 'a\u0000b', '*'), 'lists no model'],
  ]
  for (const [name, answer, what] of strangers) {
    test(`${name} on an engine's port is not taken for an engine`, async () => {
      const found = await look({}, { 'http://127.0.0.1:8080': answer })
      assert.equal(found.kind, 'simulator')
      assert.ok(found.reasons.includes(`llama.cpp is left out: http://127.0.0.1:8080/v1/models ${what}`))
    })
  }
})

describe('SLUICE_PROVIDER', () => {
  test('forces the simulator, whatever else is there', async () => {
    const fetch: Fetch = () => assert.fail('nothing is asked')
    const found = await detect({ env: { SLUICE_PROVIDER: 'simulator', OPENAI_API_KEY: 'k' }, fetch })
    assert.deepEqual(found, { kind: 'simulator', reasons: ['simulator: SLUICE_PROVIDER=simulator'] })
  })

  test('forces one preset among several', async () => {
    const env = { SLUICE_PROVIDER: 'groq', OPENAI_API_KEY: 'k', GROQ_API_KEY: 'k' }
    assert.deepEqual((await look(env)).reasons, [
      'groq: GROQ_API_KEY is set',
      'default is groq/llama-3.3-70b-versatile',
    ])
  })

  test('forces an engine', async () => {
    const found = await look({ SLUICE_PROVIDER: 'ollama' }, { 'http://127.0.0.1:11434': models('phi') })
    assert.equal(routesOf(found, {})[0], 'default -> ollama phi')
  })

  const impossible: readonly (readonly [preset: string, says: string])[] = [
    ['olama', 'SLUICE_PROVIDER=olama: there is no such preset; did you mean "ollama"?'],
    ['ollama', 'SLUICE_PROVIDER=ollama, but ollama: nothing answers at http://127.0.0.1:11434/v1'],
    ['groq', 'SLUICE_PROVIDER=groq, but groq is left out: Groq needs an API key: set $GROQ_API_KEY'],
    ['openai-compatible', 'SLUICE_PROVIDER=openai-compatible needs a URL: use --upstream URL instead'],
    [
      'fastgpt',
      'SLUICE_PROVIDER=fastgpt, but fastgpt is left out: FastGPT needs baseUrl (or $FASTGPT_BASE_URL), such as http://localhost:3000/api/v1',
    ],
  ]
  for (const [preset, message] of impossible) {
    test(`says that ${preset} cannot be had`, async () => {
      await assert.rejects(look({ SLUICE_PROVIDER: preset }), { code: 'config_invalid', message })
    })
  }
})

test("the simulator's gateway serves default, examples and every sim: name, and no other", () => {
  const config = buildConfig(simulatorSettings('http://127.0.0.1:5555/v1'), {})
  assert.equal([...config.routes.keys()][0], 'default')
  assert.ok([...config.routes.keys()].slice(1).every((name) => name.startsWith('sim:')))
  const route = resolveModel(config, 'sim:tokens=3,fault=reset@1')
  assert.deepEqual(route?.targets[0]?.model, 'sim:tokens=3,fault=reset@1')
  assert.equal(route?.targets[0]?.provider.baseUrl, 'http://127.0.0.1:5555/v1')
  assert.equal(resolveModel(config, 'gpt-4o'), undefined)
})

describe('a probe with the real fetch', () => {
  const provider = (server: Server): ReturnType<typeof createProvider> => {
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    return createProvider('p', { preset: 'openai-compatible', baseUrl: `http://127.0.0.1:${port}/v1` }, {})
  }
  const listening = async (server: Server): Promise<Server> => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server
  }

  test('reads the models of a server', async () => {
    const server = await listening(
      createServer((request, response) => {
        response.end(JSON.stringify({ data: [{ id: `${request.method} ${request.url}`.replaceAll(' ', '') }] }))
      }),
    )
    try {
      assert.deepEqual(await askForModels(provider(server), fetch, 5_000), {
        kind: 'models',
        models: ['GET/v1/models'],
      })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  test('gives up on a server that accepts and says nothing, and on one that never ends', async () => {
    for (const reply of ['nothing', 'endless']) {
      const server = await listening(
        createServer((_, response) => {
          if (reply === 'endless') response.write('{"data":[')
        }),
      )
      try {
        assert.deepEqual(await askForModels(provider(server), fetch, 50), { kind: 'silent' }, reply)
      } finally {
        server.closeAllConnections()
        server.close()
      }
    }
  })

  test('follows no redirect', async () => {
    const server = await listening(
      createServer((_, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end()),
    )
    try {
      assert.deepEqual(await askForModels(provider(server), fetch, 5_000), { kind: 'silent' })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})
