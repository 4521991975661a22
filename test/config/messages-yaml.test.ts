import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { problems, type Case } from './problems.ts'

describe('a text that is not good YAML is told by line and column', () => {
  const cases: readonly Case[] = [
    [
      'syntax',
      'models: [\n',
      ['sluice.yaml:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ],
    ['a key that is there twice', 'models: {}\nmodels: {}\n', ['sluice.yaml:2:1: Map keys must be unique']],
    [
      'a second document',
      'passthrough: v\n---\nb: 2\n',
      ['sluice.yaml:2:1: Source contains multiple documents; please use YAML.parseAllDocuments()'],
    ],
    ['a tag', 'passthrough: !secret v\n', ['sluice.yaml:1:14: Unresolved tag: !secret']],
    [
      'private characters',
      'a: b\nc: d\npassthrough: "\uE100"\n',
      ['sluice.yaml:3:15: the characters U+E100 to U+E102 cannot be used'],
    ],
    [
      'an alias to itself',
      'models: &a\n  x: *a\n',
      ['sluice.yaml:1:1: aliases expand to more than 100 nodes, or to themselves'],
    ],
  ]
  for (const [name, text, lines, env = {}] of cases) {
    test(`for ${name}`, () => assert.deepEqual(problems(text, env), lines))
  }
})

test('all problems are told at once, in the order of the file', () => {
  const found = problems(`provider: 3
providers:
  a: { preset: opnai, apiKee: x }
  b: { preset: openai }
  c: { preset: vllm, apiKey: \${UNSET} }
  d: { preset: vllm, baseUrl: "ftp://x" }
models:
  x: aa/y
  z: { targets: [], strategy: wieghted }
passthrough: q
server: { port: 99999, heartbeat: 1y }
log: { kind: disk }
`)
  assert.deepEqual(
    found.map((line) => /^sluice\.yaml:(\d+):\d+ (\S+):/.exec(line)?.slice(1).join(' ')),
    [
      '1 provider', '3 providers.a.preset', '3 providers.a.apiKee', '4 providers.b.apiKey', '5 providers.c.apiKey',
      '6 providers.d.baseUrl', '8 models.x', '9 models.z.targets', '9 models.z.strategy', '10 passthrough',
      '11 server.port', '11 server.heartbeat', '12 log.kind',
    ], // prettier-ignore
  )
})

test('an alias bomb is refused before it grows', () => {
  const level = (name: string, below: string): string => `${name}: &${name} [${Array(10).fill(`*${below}`).join(', ')}]`
  const names = 'bcdefghij'.split('')
  const bomb = ['a: &a [x, x]', ...names.map((name, i) => level(name, 'abcdefghij'.charAt(i)))].join('\n')
  const before = performance.now()
  assert.deepEqual(problems(bomb), ['sluice.yaml:1:1: aliases expand to more than 100 nodes, or to themselves'])
  assert.ok(performance.now() - before < 1_000)
})

test('a file of brackets is refused in one line', () => {
  const [line, ...more] = problems('['.repeat(100_000))
  assert.match(line ?? '', /^sluice\.yaml:1:\d+: the YAML is nested too deeply$/)
  assert.deepEqual(more, [])
})

test('a file that is too long is not even parsed', () => {
  assert.deepEqual(problems(`#${' '.repeat(1_000_000)}`), [
    'sluice.yaml:1:1: the configuration is longer than 1,000,000 characters',
  ])
})
