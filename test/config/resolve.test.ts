import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { GatewayConfig } from '../../src/config/config.ts'
import { resolveModel } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'

const load = (text: string): GatewayConfig => loadConfig(text, { file: 'sluice.yaml', env: {} }).config

describe('resolveModel', () => {
  const config = load(`
providers: { a: { preset: vllm }, b: { preset: ollama } }
models: { own: b/x, a/own: b/y, a/*: a/*, a/deep/*: b/*, sim:*: b/*, fixed/*: a/always }
`)
  const cases: readonly (readonly [name: string, provider: string | undefined, model?: string])[] = [
    ['own', 'b', 'x'],
    ['a/own', 'b', 'y'],
    ['a/other', 'a', 'other'],
    ['a/org/model', 'a', 'org/model'],
    ['a/deep/model', 'b', 'model'],
    ['sim:tokens=5,fault=cut@3', 'b', 'sim:tokens=5,fault=cut@3'],
    ['fixed/anything', 'a', 'always'],
    ['a/', undefined],
    ['a', undefined],
    ['sim:', undefined],
    ['/a/other', undefined],
    ['unknown', undefined],
    ['', undefined],
    ['__proto__', undefined],
    ['a/*', 'a', '*'],
  ]
  for (const [name, provider, model] of cases) {
    test(`sends ${JSON.stringify(name)} to ${provider ?? 'nobody'}`, () => {
      const route = resolveModel(config, name)
      assert.equal(route?.targets[0]?.provider.name, provider)
      assert.equal(route?.targets[0]?.model, model)
      if (route !== undefined) assert.equal(route.model, name)
    })
  }

  test('sends every other name through as it is, when there is a passthrough', () => {
    const open = load('providers: { a: { preset: vllm } }\npassthrough: a\n')
    const route = resolveModel(open, 'any/thing')
    assert.equal(route?.model, 'any/thing')
    assert.deepEqual(
      route?.targets.map((target) => [target.provider.name, target.model]),
      [['a', undefined]],
    )
  })
})
