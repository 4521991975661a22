import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { GatewayConfig } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Environment } from '../../src/provider/environment.ts'

const load = (text: string, env: Environment = {}): GatewayConfig =>
  loadConfig(text, { file: 'sluice.yaml', env }).config

describe('an environment reference', () => {
  const quotings: readonly (readonly [name: string, text: string])[] = [
    ['a plain scalar', 'passthrough: ${NAME}'],
    ['a flow mapping', '{ passthrough: ${NAME} }'],
    ['a tight flow mapping', '{passthrough: ${NAME}}'],
    ['double quotes', 'passthrough: "${NAME}"'],
    ['single quotes', "passthrough: '${NAME}'"],
    ['a block scalar', 'passthrough: >- # not ${THIS}\n  ${NAME}'],
    ['the middle of a text', 'passthrough: my-${PART}-${PART2}'],
    ['a default', 'passthrough: ${UNSET:-my-own-vllm}'],
    ['a default for an empty variable', 'passthrough: ${EMPTY:-my-own-vllm}'],
    ['a default in a flow mapping', '{ passthrough: ${UNSET:-my-own-vllm} }'],
  ]
  const env = { NAME: 'my-own-vllm', PART: 'own', PART2: 'vllm', EMPTY: '' }
  for (const [name, text] of quotings) {
    test(`is filled in inside ${name}`, () => {
      const provider = 'providers: { my-own-vllm: { preset: vllm } }'
      const whole = text.startsWith('{') ? `{ ${provider}, ${text.slice(1)}` : `${provider}\n${text}\n`
      assert.equal(load(whole, env).passthrough?.name, 'my-own-vllm')
    })
  }

  test('can give a number, a duration or a switch', () => {
    const text = `
server: { port: \${PORT}, heartbeat: \${BEAT}, maxBodyBytes: \${MAX} }
providers: { v: { preset: vllm, quirks: { obfuscation: \${YES} } } }
passthrough: v
`
    const { server, passthrough } = load(text, { PORT: '99', BEAT: '1500', MAX: '1KB', YES: 'true' })
    assert.deepEqual([server.port, server.heartbeat, server.maxBodyBytes], [99, 1_500, 1_024])
    assert.equal(passthrough?.quirks.obfuscation, true)
  })

  test('stands for itself after a second dollar sign', () => {
    const config = load(
      'providers: { v: { preset: vllm } }\nmodels: { m: { targets: [{ provider: v, model: "$${X}" }] } }\n',
    )
    assert.equal(config.routes.get('m')?.targets[0]?.model, '${X}')
  })

  test('means nothing in a comment', () => {
    assert.equal(load('# ${NOT_SET}\nproviders: { v: { preset: vllm } } # ${NOT_SET}\npassthrough: v\n').routes.size, 0)
  })

  test('is a string and nothing else, whatever its value', () => {
    const value = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.constantFrom(
        '}',
        '{ a: b }',
        '", x: "y',
        "'",
        '- a',
        '# no',
        '*alias',
        '&anchor',
        '!tag',
        'true',
        'null',
        '5',
        '${X}',
        '$${X}',
        '\uE100\uE102',
      ),
    )
    const places = ['m: ${VALUE}', '{ m: ${VALUE} }', 'm: "${VALUE}"', "m: '${VALUE}'", 'm: |-\n          ${VALUE}']
    fc.assert(
      fc.property(
        value.filter((text) => !/[\x00-\x1f\x7f]/.test(text)),
        fc.constantFrom(...places),
        (text, place) => {
          const yaml = `
providers: { v: { preset: vllm } }
models:
  x:
    targets:
      - provider: v
        overrides:
          ${place.startsWith('{') ? place : place.replaceAll('\n          ', '\n            ')}
`
          const target = load(yaml, { VALUE: text, X: 'not this' }).routes.get('x')?.targets[0]
          assert.deepEqual(target?.overrides, { m: text })
        },
      ),
    )
  })
})
