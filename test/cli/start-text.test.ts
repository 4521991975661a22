import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createColors } from 'picocolors'
import { addressError } from '../../src/cli/serve.ts'
import { startText } from '../../src/cli/start-text.ts'
import { buildConfig } from '../../src/config/build.ts'
import { simulatorSettings } from '../../src/config/detect.ts'
import type { Settings } from '../../src/config/settings.ts'

const text = (settings: Settings, reasons: readonly string[], colors = false): string =>
  startText({
    version: '0.1.0',
    url: 'http://127.0.0.1:8787',
    start: { config: buildConfig(settings, {}), reasons },
    docs: '/somewhere/README.md',
    colors: createColors(colors),
  })

describe('the start-up text', () => {
  test('says where it listens, which provider and why, what to try and where to read on', () => {
    assert.equal(
      text(simulatorSettings('http://127.0.0.1:5555/v1'), ['simulator: no API key is set', 'and a second line']),
      `
  Sluice 0.1.0 listens on http://127.0.0.1:8787/v1

  providers  simulator: no API key is set
             and a second line
  models     default  sim:tokens=200,interval=10ms  sim:tokens=50,interval=5ms,first=500ms  sim:tokens=200,fault=cut@57  sim:*
  log        in .sluice: streams are kept 1h after their end and survive the end of the process
  try        curl -N http://127.0.0.1:8787/v1/chat/completions -H 'content-type: application/json' \\
               -d '{"model":"default","stream":true,"messages":[{"role":"user","content":"Tell me a story"}]}'
  docs       /somewhere/README.md
`,
    )
  })

  test('quotes a model name for the shell', () => {
    const result = text(
      { providers: { v: { preset: 'vllm' } }, models: { "it's": { targets: [{ provider: 'v' }] } } },
      [],
    )
    assert.ok(result.includes(String.raw`-d '{"model":"it'\''s",`), result)
  })

  test('lists a few models and counts the rest', () => {
    const names = Array.from({ length: 9 }, (_, i) => [`m${i}`, { targets: [{ provider: 'v' }] }])
    const result = text({ providers: { v: { preset: 'vllm' } }, models: Object.fromEntries(names) }, [])
    assert.match(result, /models {5}m0 {2}m1 {2}m2 {2}m3 {2}m4 {2}m5 {2}and 3 more\n/)
  })

  test('says that every name goes through', () => {
    const settings: Settings = { providers: { v: { preset: 'vllm' } }, passthrough: 'v' }
    assert.match(text(settings, []), /models {5}every name\n/)
  })

  test('says where the file log is, and what it survives', () => {
    const settings = {
      ...simulatorSettings('http://127.0.0.1:5555/v1'),
      log: { kind: 'file', dir: '/data', durability: 'power' },
    } as const
    assert.match(
      text(settings, []),
      /log {8}in \/data: streams are kept 1h after their end and survive the end of the machine\n/,
    )
  })

  test('says where keys are asked for, and shows one in what there is to try', () => {
    const start = { config: buildConfig(simulatorSettings('http://127.0.0.1:5555/v1'), {}), reasons: [] }
    const options = { version: '0.1.0', url: 'http://0.0.0.0:8787', start, docs: 'x', colors: createColors(false) }
    const guarded = startText({ ...options, isGuarded: true, adminUrl: 'http://127.0.0.1:9000' })
    assert.match(guarded, /keys {7}asked for; sluice keys list shows which there are\n/)
    assert.match(guarded, /admin {6}http:\/\/127\.0\.0\.1:9000\/admin\/v1\n/)
    assert.match(guarded, /-H "authorization: Bearer \$KEY" \\\n/)
    assert.doesNotMatch(startText(options), /keys {7}|admin {6}|authorization/)
  })

  test('is coloured only where colours are wanted', () => {
    const settings = simulatorSettings('http://127.0.0.1:5555/v1')
    assert.match(text(settings, [], true), /\u001B\[/)
    assert.doesNotMatch(text(settings, []), /\u001B/)
  })
})

describe('an address that cannot be had is told in one line', () => {
  const cases: readonly (readonly [code: string, message: string])[] = [
    ['EADDRINUSE', 'port 80 on h is in use: choose another with --port'],
    ['EACCES', 'port 80 on h is not ours to use: choose one above 1023'],
    ['EADDRNOTAVAIL', 'h is no address of this machine: check --host'],
    ['ENOTFOUND', 'h is no address of this machine: check --host'],
  ]
  for (const [code, message] of cases) {
    test(code, () => {
      const error = addressError(Object.assign(new Error('listen'), { code }), 'h', 80)
      assert.equal(error instanceof Error && error.message, message)
    })
  }

  test('and any other error stays what it is', () => {
    const error = new Error('other')
    assert.equal(addressError(error, 'h', 80), error)
  })
})
