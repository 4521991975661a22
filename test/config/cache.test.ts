import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { GatewayConfig } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'

const load = (rest: string): GatewayConfig =>
  loadConfig(`providers: { p: { preset: openai, apiKey: k } }\n${rest}`, { file: 'sluice.yaml', env: {} }).config

const HOUR = 3_600_000

describe('the cache in a configuration', () => {
  test('is off unless it is enabled', () => {
    assert.equal(load('models: { m: p/x }').cache, undefined)
    assert.equal(load('models: { m: p/x }\ncache: { coalesce: true }').cache?.policy.enabled, false)
  })

  test('lasts as long as the log keeps a stream unless told', () => {
    const { cache } = load('models: { m: p/x }\nlog: { retention: 2h }\ncache: { enabled: true }')
    assert.deepEqual(cache, {
      maxBytes: 256 * 1024 * 1024,
      policy: { enabled: true, ttl: 2 * HOUR, pace: 'at-once', coalesce: false },
    })
  })

  test('can differ for each model', () => {
    const { cache, routes, prefixes } = load(`
models:
  plain: p/x
  off: { targets: [{ provider: p }], cache: { enabled: false } }
  slow: { targets: [{ provider: p }], cache: { pace: recorded, ttl: 5m } }
  p/*: { targets: [{ provider: p }], cache: { coalesce: true } }
cache: { enabled: true, ttl: 10m, maxBytes: 1MB }
`)
    assert.equal(routes.get('plain')?.cache, undefined)
    assert.equal(routes.get('off')?.cache?.enabled, false)
    assert.deepEqual(routes.get('slow')?.cache, { enabled: true, ttl: 300_000, pace: 'recorded', coalesce: false })
    assert.equal(prefixes.get('p/')?.cache?.coalesce, true)
    assert.equal(cache?.maxBytes, 1024 * 1024)
  })

  test('can be that of one model alone', () => {
    const { cache, routes } = load('models: { m: { targets: [{ provider: p }], cache: { enabled: true } }, o: p/x }')
    assert.equal(cache?.policy.enabled, false)
    assert.equal(routes.get('m')?.cache?.enabled, true)
    assert.equal(routes.get('o')?.cache, undefined)
  })

  test('may not promise more than the log keeps', () => {
    const message = /sluice\.yaml:4:15 cache\.ttl: expected at most 1h, for which log\.retention keeps a stream/
    assert.throws(() => load('\nmodels: { m: p/x }\ncache: { ttl: 61m }'), message)
    assert.throws(
      () => load('models: { m: { targets: [{ provider: p }], cache: { ttl: 2d } } }'),
      /models\.m\.cache\.ttl: expected at most 1h/,
    )
  })

  test('has no setting that is not known', () => {
    assert.throws(() => load('models: { m: p/x }\ncache: { enable: true }'), /did you mean "?enabled/)
    assert.throws(() => load('models: { m: p/x }\ncache: { pace: slow }'), /expected one of at-once, recorded/)
  })
})
