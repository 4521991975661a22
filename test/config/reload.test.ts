import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadConfig, type LoadedConfig } from '../../src/config/load.ts'
import { reloaded } from '../../src/config/reload.ts'

const load = (text: string): LoadedConfig => loadConfig(text, { file: 'sluice.yaml', env: {} })

const BEFORE = `
providers:
  a: { preset: openai, apiKey: key-of-a-1 }
  b: { preset: openai, apiKey: key-of-b-1 }
models: { m: a/x, n: b/y, a/*: a/* }
passthrough: a
server: { port: 8000 }
`

describe('a configuration that is read again', () => {
  test('keeps the very providers whose settings are the same, wherever they are used', () => {
    const before = load(BEFORE)
    const { config } = reloaded(before, load(BEFORE.replace('key-of-b-1', 'key-of-b-2'))).loaded
    const [a, b] = ['a', 'b'].map((name) => before.config.providers.get(name))
    assert.equal(config.providers.get('a'), a)
    assert.equal(config.routes.get('m')?.targets[0]?.provider, a)
    assert.equal(config.prefixes.get('a/')?.targets[0]?.provider, a)
    assert.equal(config.passthrough, a)
    assert.notEqual(config.providers.get('b'), b)
    assert.equal(config.routes.get('n')?.targets[0]?.provider, config.providers.get('b'))
  })

  test('changes models, deadlines, limits of the server and clients', () => {
    const { loaded, needsRestart } = reloaded(
      load(BEFORE),
      load(`${BEFORE.replace('m: a/x', 'm: { targets: [{ provider: b }], deadlines: { head: 1s } }').replace('port: 8000', 'port: 8000, maxLag: 7')}
auth: { clients: [{ keyId: c, secret: a-secret-of-16-chars }] }`),
    )
    assert.deepEqual(needsRestart, [])
    assert.equal(loaded.config.routes.get('m')?.targets[0]?.deadlines.head, 1_000)
    assert.equal(loaded.config.server.maxLag, 7)
    assert.equal(loaded.config.auth?.clients.length, 1)
  })

  test('leaves what sockets and files were made from as it is, and tells it', () => {
    const before = load(BEFORE)
    const text = `${BEFORE.replace('port: 8000', 'port: 9000, host: "::1", heartbeat: 3s, maxLag: 7')}log: { kind: memory }`
    const { loaded, needsRestart } = reloaded(before, load(text))
    assert.deepEqual(needsRestart, ['server.host', 'server.port', 'server.heartbeat', 'log'])
    assert.deepEqual(loaded.config.log, before.config.log)
    assert.deepEqual(loaded.config.server, { ...before.config.server, maxLag: 7 })
  })

  test('still conceals the secrets of before', () => {
    const { secrets } = reloaded(load(BEFORE), load(BEFORE.replaceAll('-1', '-2'))).loaded.config
    assert.deepEqual(secrets, ['key-of-a-1', 'key-of-b-1', 'key-of-a-2', 'key-of-b-2'])
  })

  test('can be read again and again: what is kept once is kept after', () => {
    const before = load(BEFORE)
    const once = reloaded(before, load(BEFORE.replace('key-of-b-1', 'key-of-b-2'))).loaded
    const twice = reloaded(once, load(BEFORE.replace('key-of-b-1', 'key-of-b-2'))).loaded
    for (const name of ['a', 'b']) assert.equal(twice.config.providers.get(name), once.config.providers.get(name))
  })
})
