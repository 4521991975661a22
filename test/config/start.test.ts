import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveModel } from '../../src/config/config.ts'
import { chooseStart, type Start, type StartFlags, type StartWorld } from '../../src/config/start.ts'
import type { Environment } from '../../src/provider/environment.ts'

const FILE = 'providers: { mine: { preset: vllm } }\nmodels: { m: mine/x }\nserver: { port: 1111, host: h }\n'

/** A world with these files and variables, no network, and a simulator that only remembers whether it runs. */
function world(files: Readonly<Record<string, string>> = {}, env: Environment = {}): StartWorld & { running: number } {
  return {
    running: 0,
    env,
    fetch: () => Promise.reject(new TypeError('fetch failed')),
    readText: (file) => Promise.resolve(files[file]),
    startSimulator() {
      this.running += 1
      const close = (): Promise<void> => Promise.resolve(void (this.running -= 1))
      return Promise.resolve({ url: 'http://127.0.0.1:5555/v1', close })
    },
  }
}

const providersOf = (start: Start): readonly string[] => [...start.config.providers.keys()]

describe('the configuration to start with', () => {
  const cases: readonly (readonly [
    name: string,
    flags: StartFlags,
    env: Environment,
    files: readonly string[],
    providers: string,
  ])[] = [
    ['--config', { config: 'my.yaml' }, { SLUICE_PROVIDER: 'simulator' }, ['my.yaml', 'sluice.yaml'], 'mine'],
    ['--upstream', { upstream: 'https://u.test/v1' }, { SLUICE_PROVIDER: 'simulator' }, ['sluice.yaml'], 'upstream'],
    ['SLUICE_PROVIDER', {}, { SLUICE_PROVIDER: 'simulator' }, ['sluice.yaml'], 'simulator'],
    ['./sluice.yaml', {}, { OPENAI_API_KEY: 'k' }, ['sluice.yaml'], 'mine'],
    ['what is found', {}, { OPENAI_API_KEY: 'k' }, [], 'openai'],
    ['the simulator', {}, {}, [], 'simulator'],
    [
      'both --config and --upstream',
      { config: 'my.yaml', upstream: 'https://u.test/v1' },
      {},
      ['my.yaml'],
      'mine,upstream',
    ],
  ]
  for (const [name, flags, env, files, providers] of cases) {
    test(`is ${name}`, async () => {
      const start = await chooseStart(flags, world(Object.fromEntries(files.map((file) => [file, FILE])), env))
      assert.equal(providersOf(start).join(), providers)
      assert.notEqual(start.reasons.length, 0)
    })
  }

  test('says why it is this one', async () => {
    assert.deepEqual((await chooseStart({ config: 'my.yaml' }, world({ 'my.yaml': FILE }))).reasons, [
      'mine: from my.yaml, with 1 model',
    ])
    assert.deepEqual((await chooseStart({ upstream: 'https://u.test/v1/' }, world())).reasons, [
      'upstream: every model name goes to https://u.test/v1',
    ])
    assert.deepEqual(
      (await chooseStart({ config: 'a', upstream: 'https://u.test/v1' }, world({ a: FILE }))).reasons.at(-1),
      'upstream: every other model name goes to https://u.test/v1',
    )
  })

  test('takes host, port, log, folder and durability from the command line first', async () => {
    const flags = { config: 'f', port: 0, log: 'file', data: '/d', durability: 'power' } as const
    const { config } = await chooseStart(flags, world({ f: FILE }))
    assert.deepEqual([config.server.port, config.server.host], [0, 'h'])
    assert.deepEqual(config.log, {
      kind: 'file',
      dir: '/d',
      durability: 'power',
      retention: 3_600_000,
      maxBytes: undefined,
    })
    const plain = await chooseStart({}, world({}, { SLUICE_PROVIDER: 'simulator' }))
    assert.deepEqual([plain.config.server.port, plain.config.server.host], [8787, '127.0.0.1'])
    assert.equal(plain.config.log.kind, 'file')
  })

  test('passes every name through to --upstream with its key, and keeps the key secret', async () => {
    const { config } = await chooseStart({ upstream: 'https://u.test/v1', upstreamKey: 'the-key' }, world())
    const target = resolveModel(config, 'any/name:at-all')?.targets[0]
    assert.equal(target?.model, undefined)
    assert.deepEqual(await target?.provider.credential.headers(), { authorization: 'Bearer the-key' })
    assert.deepEqual(config.secrets, ['the-key'])
  })

  test("gives a known service's --upstream its quirks and its own key from the environment", async () => {
    const { config } = await chooseStart(
      { upstream: 'https://api.mistral.ai/v1/' },
      world({}, { MISTRAL_API_KEY: 'k' }),
    )
    assert.equal(config.passthrough?.preset, 'mistral')
    assert.deepEqual(config.passthrough?.quirks, { noStreamOptions: true })
    assert.deepEqual(await config.passthrough?.credential.headers(), { authorization: 'Bearer k' })
  })

  test('has the embedded simulator running, to be closed by the caller', async () => {
    const here = world()
    const start = await chooseStart({}, here)
    assert.equal(here.running, 1)
    assert.equal(start.config.providers.get('simulator')?.baseUrl, 'http://127.0.0.1:5555/v1')
    await start.simulator?.close()
    assert.equal(here.running, 0)
  })

  test('leaves no simulator behind when it fails', async () => {
    const here = world()
    await assert.rejects(chooseStart({ port: 5555 }, here), { message: /own address$/ })
    assert.equal(here.running, 0)
  })

  const refusals: readonly (readonly [flags: StartFlags, message: string])[] = [
    [{ config: 'gone.yaml' }, 'gone.yaml: there is no such file'],
    [{ upstream: 'u.test' }, '--upstream has to be an http or https URL, such as https://llm.example.com/v1'],
    [{ upstream: 'https://k@u.test' }, '--upstream must not hold a user name or password: use apiKey or headers'],
    [
      { upstream: 'http://127.0.0.1:8787/v1' },
      "providers.upstream.baseUrl: http://127.0.0.1:8787/v1 is this gateway's own address",
    ],
    [
      { upstream: 'https://u.test/v1', upstreamKey: 'a b' },
      'providers.upstream.apiKey: apiKey holds a space, which no key contains',
    ],
    [
      { upstream: 'https://api.openai.com/v1' },
      'providers.upstream.apiKey: OpenAI needs an API key: set apiKey here or $OPENAI_API_KEY',
    ],
  ]
  for (const [flags, message] of refusals) {
    test(`is refused: ${message}`, async () => {
      await assert.rejects(chooseStart(flags, world()), { code: 'config_invalid', message })
    })
  }
})
