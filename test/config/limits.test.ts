import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { GatewayConfig } from '../../src/config/config.ts'
import { DEFAULT_LIMITS, limitedName } from '../../src/config/limits.ts'
import { loadConfig } from '../../src/config/load.ts'

const load = (text: string): GatewayConfig => loadConfig(text, { file: 'sluice.yaml', env: {} }).config

const PROVIDER = 'sim: { preset: simulator, baseUrl: http://127.0.0.1:9090/v1'

describe('limits in the configuration', () => {
  test('are those of callers, models and providers', () => {
    const { limits } = load(`providers:
  ${PROVIDER}, limits: { concurrency: 50, rpm: 600 } }
limits: { rpm: 100, tpm: 10000, concurrency: 5, wait: 5s, expectedTokens: 500, unknownPrice: allow }
models:
  default: { targets: [{ provider: sim }], limits: { tpm: 100000 } }
  "big/*": { targets: [{ provider: sim }], limits: { rpm: 10 } }
  free: sim/free
`)
    assert.ok(limits !== undefined)
    assert.deepEqual(limits.callers, { requestsPerMinute: 100, tokensPerMinute: 10_000, maxConcurrent: 5 })
    const none = { requestsPerMinute: undefined, tokensPerMinute: undefined, maxConcurrent: undefined }
    assert.deepEqual(limits.providers.get('sim'), { ...none, requestsPerMinute: 600, maxConcurrent: 50 })
    assert.deepEqual([...limits.models.keys()], ['default', 'big/'])
    assert.deepEqual(limits.models.get('big/'), { ...none, requestsPerMinute: 10 })
    assert.deepEqual([limits.wait, limits.expectedTokens, limits.unknownPrice], [5_000, 500, 'allow'])
  })

  test('are none where nothing is said: nobody waits, unknown prices are refused', () => {
    const { limits } = load(`providers:\n  ${PROVIDER} }\npassthrough: sim\n`)
    const none = { requestsPerMinute: undefined, tokensPerMinute: undefined, maxConcurrent: undefined }
    assert.deepEqual(limits, { ...DEFAULT_LIMITS, callers: none })
  })

  test('that make no sense are told by line and path', () => {
    const text = `providers:\n  ${PROVIDER} }\npassthrough: sim\nlimits: { rpm: 0, wait: 1h, concurency: 5 }\n`
    assert.throws(
      () => load(text),
      (error: Error) => {
        assert.match(error.message, /limits\.rpm.*expected a whole number from 1/)
        assert.match(error.message, /limits\.wait.*expected at most 10m/)
        assert.match(error.message, /unknown key "concurency".*concurrency/)
        return true
      },
    )
  })
})

describe('the limits of a model', () => {
  test('stand under its own name, else under the longest beginning that has any', () => {
    const models = new Map([
      ['a/b', {}],
      ['a/', {}],
      ['a/b/', {}],
      ['sim:', {}],
    ])
    const limits = { ...DEFAULT_LIMITS, models }
    for (const [model, name] of [
      ['a/b', 'a/b'],
      ['a/c', 'a/'],
      ['a/b/c', 'a/b/'],
      ['sim:tokens=5', 'sim:'],
      ['a', undefined],
      ['other', undefined],
    ] as const) {
      assert.equal(limitedName(limits, model), name, model)
    }
  })
})
