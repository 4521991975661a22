import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { GatewayConfig } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Environment } from '../../src/provider/environment.ts'

const EXAMPLE = `providers:
  sim: { preset: simulator, baseUrl: http://127.0.0.1:9090/v1, apiKey: \${SOME_KEY} }
models:
  default:
    deadlines: { connect: 5s, head: 30s, firstToken: 20s, betweenTokens: 30s, total: 10m }
    targets:
      - { provider: sim, model: "sim:tokens=200,interval=2ms,fault=cut@57" }
      - { provider: sim, model: "sim:tokens=200,interval=2ms" }
`

const load = (text: string, env: Environment = {}): GatewayConfig =>
  loadConfig(text, { file: 'sluice.yaml', env }).config

describe('the example of the issue', () => {
  const config = load(EXAMPLE, { SOME_KEY: 'some-key-value' })

  test('loads exactly as it is written', async () => {
    const provider = config.providers.get('sim')
    assert.equal(provider?.baseUrl, 'http://127.0.0.1:9090/v1')
    assert.deepEqual(await provider.credential.headers(), { authorization: 'Bearer some-key-value' })
    const route = config.routes.get('default')
    assert.deepEqual(
      route?.targets.map((target) => [target.provider, target.model]),
      [
        [provider, 'sim:tokens=200,interval=2ms,fault=cut@57'],
        [provider, 'sim:tokens=200,interval=2ms'],
      ],
    )
    const deadlines = { connect: 5_000, head: 30_000, firstToken: 20_000, betweenTokens: 30_000, total: 600_000 }
    for (const target of route.targets) assert.deepEqual(target.deadlines, deadlines)
    assert.deepEqual([route.strategy, route.maxAttempts], ['ordered', 4])
  })

  test('has every default', () => {
    assert.deepEqual(config.server, {
      host: '127.0.0.1',
      port: 8787,
      allowedHosts: [],
      maxBodyBytes: 10_485_760,
      shutdownTimeout: 30_000,
      heartbeat: 15_000,
      maxLag: 100_000,
      readerPatience: 30_000,
      attachRetries: true,
      onDisconnect: { type: 'grace', ms: 30_000 },
    })
    assert.deepEqual(config.log, {
      kind: 'file',
      retention: 3_600_000,
      maxBytes: undefined,
      dir: '.sluice',
      durability: 'process',
    })
    assert.equal(config.passthrough, undefined)
    assert.deepEqual(config.secrets, ['some-key-value'])
  })

  test('does not load without its variable, and says which and where', () => {
    assert.throws(() => load(EXAMPLE), {
      code: 'config_invalid',
      message: 'sluice.yaml:2:72 providers.sim.apiKey: the environment variable SOME_KEY is not set',
    })
  })

  test('is the same in every line ending', () => {
    const crlf = load(EXAMPLE.replaceAll('\n', '\r\n'), { SOME_KEY: 'some-key-value' })
    assert.deepEqual(crlf.routes.get('default')?.targets[1]?.model, 'sim:tokens=200,interval=2ms')
  })
})

describe('a configuration', () => {
  test('can say everything', () => {
    const config = load(
      `
providers:
  one: { preset: openai, apiKey: '\${KEY}', headers: { X-Title: Mine, X-Auth-Token: hidden-value } }
  two: { preset: openai-compatible, baseUrl: https://llm.example.com/v1, query: { sig: a-signature }, continuation: prefix, quirks: { noStreamOptions: true } }
models:
  short: one/gpt-4o-mini
  slashes: one/org/model:tag
  one/*: one/*
  sim:*: two/*
  heavy:
    strategy: weighted
    maxAttempts: 7
    deadlines: { head: 1s }
    targets:
      - { provider: one, model: a, weight: 0.5, deadlines: { head: 250ms, total: 600000 } }
      - { provider: two, overrides: { temperature: 0, stop: [END] } }
passthrough: two
server:
  host: 0.0.0.0
  port: 80
  allowedHosts: [llm.example.com]
  maxBodyBytes: 64KB
  shutdownTimeout: 0s
  heartbeat: 5s
  onDisconnect: grace=10
log: { kind: file, dir: /data, retention: 7d, durability: power }
`,
      { KEY: 'the-key' },
    )
    assert.deepEqual([...config.routes.keys()], ['short', 'slashes', 'heavy'])
    assert.deepEqual([...config.prefixes.keys()], ['one/', 'sim:'])
    assert.equal(config.routes.get('slashes')?.targets[0]?.model, 'org/model:tag')
    const heavy = config.routes.get('heavy')
    assert.deepEqual([heavy?.strategy, heavy?.maxAttempts], ['weighted', 7])
    const [a, b] = heavy?.targets ?? []
    assert.deepEqual(
      [a?.weight, a?.deadlines.head, a?.deadlines.total, a?.deadlines.connect],
      [0.5, 250, 600_000, 5_000],
    )
    assert.deepEqual([b?.model, b?.weight, b?.deadlines.head], [undefined, 1, 1_000])
    assert.deepEqual(b?.overrides, { temperature: 0, stop: ['END'] })
    assert.equal(config.passthrough?.name, 'two')
    assert.deepEqual(config.passthrough?.quirks, { noStreamOptions: true })
    assert.deepEqual(config.server, {
      host: '0.0.0.0',
      port: 80,
      allowedHosts: ['llm.example.com'],
      maxBodyBytes: 65_536,
      shutdownTimeout: 0,
      heartbeat: 5_000,
      maxLag: 100_000,
      readerPatience: 30_000,
      attachRetries: true,
      onDisconnect: { type: 'grace', ms: 10_000 },
    })
    assert.deepEqual(config.log, {
      kind: 'file',
      dir: '/data',
      retention: 604_800_000,
      maxBytes: undefined,
      durability: 'power',
    })
    assert.deepEqual([...config.secrets].sort(), ['a-signature', 'hidden-value', 'the-key'])
  })

  test('can share parts by YAML anchors', () => {
    const config = load(`
providers: { v: { preset: vllm } }
models:
  a: { deadlines: &slow { head: 9m }, targets: [{ provider: v }] }
  b: { deadlines: *slow, targets: [{ provider: v }] }
`)
    assert.equal(config.routes.get('b')?.targets[0]?.deadlines.head, 540_000)
  })

  test('lets the command line have the last word', () => {
    const { config } = loadConfig(
      'providers: { v: { preset: vllm } }\npassthrough: v\nserver: { port: 1, host: h }\n',
      {
        file: 'f',
        env: {},
        adjust: (settings) => ({ ...settings, server: { ...settings.server, port: 2 } }),
      },
    )
    assert.deepEqual([config.server.port, config.server.host], [2, 'h'])
  })
})
