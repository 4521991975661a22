import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { model, problems, provider, server, type Case } from './problems.ts'

describe('a message names file, line, column, path, what is expected and what was found', () => {
  const cases: readonly Case[] = [
    [
      'a duration',
      model('    targets:\n      - provider: v\n        deadlines:\n          head: soon'),
      ['sluice.yaml:7:17 models.m.targets[0].deadlines.head: expected a duration such as 5s, 250ms or 10m, got "soon"'],
    ],
    [
      'a duration of nothing',
      server('heartbeat: 0s'),
      ['sluice.yaml:4:14 server.heartbeat: expected at least 100ms, got "0s"'],
    ],
    [
      'a duration that no timer can wait for',
      model('    deadlines: { total: 30d }\n    targets: [{ provider: v }]'),
      ['sluice.yaml:4:25 models.m.deadlines.total: expected at most 24d, got "30d"'],
    ],
    [
      'a size',
      server('maxBodyBytes: huge'),
      ['sluice.yaml:4:17 server.maxBodyBytes: expected a size such as 64KB or 10MB, got "huge"'],
    ],
    [
      'a port',
      server('port: 70000'),
      ['sluice.yaml:4:9 server.port: expected a whole number from 0 to 65535, got 70000'],
    ],
    [
      'a port in words',
      server('port: http'),
      ['sluice.yaml:4:9 server.port: expected a whole number from 0 to 65535, got "http"'],
    ],
    ['text', server('host: 12'), ['sluice.yaml:4:9 server.host: expected a host name or address, got 12']],
    [
      'a list',
      server('allowedHosts: a.test'),
      ['sluice.yaml:4:17 server.allowedHosts: expected a list of host names, got "a.test"'],
    ],
    [
      'a policy',
      server('onDisconnect: linger'),
      ['sluice.yaml:4:17 server.onDisconnect: expected cancel, continue or grace=SECONDS, got "linger"'],
    ],
    [
      'a mapping',
      'providers: [a]\npassthrough: v\n',
      [
        'sluice.yaml:1:12 providers: expected a mapping, got a list',
        'sluice.yaml:2:14 passthrough: there is no provider "v"',
      ],
    ],
    ['a whole file', '- a\n', ['sluice.yaml:1:1: expected a mapping, got a list']],
    ['a key', server('prot: 80'), ['sluice.yaml:4:3 server.prot: unknown key "prot"; did you mean "port"?']],
    [
      'a key like no other',
      server('zzz: 80'),
      [
        'sluice.yaml:4:3 server.zzz: unknown key "zzz"; known here: host, port, allowedHosts, maxBodyBytes, shutdownTimeout, heartbeat, maxLag, readerPatience, attachRetries, onDisconnect',
      ],
    ],
    [
      'a dangerous key',
      'passthrough: v\nproviders:\n  v: { preset: vllm }\n  __proto__: { preset: vllm }\n',
      ['sluice.yaml:4:3 providers.__proto__: unknown key "__proto__"'],
    ],
    [
      'a word',
      'providers: { v: { preset: vllm } }\npassthrough: v\nlog: { kind: flie }\n',
      ['sluice.yaml:3:14 log.kind: expected one of memory, file, got "flie"; did you mean "file"?'],
    ],
    [
      'a switch',
      provider('{ preset: vllm, quirks: { obfuscation: maybe } }'),
      ['sluice.yaml:3:45 providers.p.quirks.obfuscation: expected true or false, got "maybe"'],
    ],
    [
      'a model',
      'providers: { v: { preset: vllm } }\nmodels: { m: 5, n: v }\n',
      [
        'sluice.yaml:2:14 models.m: expected PROVIDER/MODEL, or a mapping with targets, got 5',
        'sluice.yaml:2:20 models.n: expected PROVIDER/MODEL, or a mapping with targets, got "v"',
      ],
    ],
    [
      'a missing list',
      model('    strategy: ordered'),
      ['sluice.yaml:4:5 models.m.targets: is missing: expected a list of at least one target'],
    ],
    [
      'an empty list',
      model('    targets: []'),
      ['sluice.yaml:4:14 models.m.targets: expected a list of at least one target, got an empty list'],
    ],
    [
      'a missing value',
      model('    targets: [{ model: x }]'),
      ['sluice.yaml:4:15 models.m.targets[0].provider: is missing: expected the name of a provider'],
    ],
    [
      'nothing at all',
      model('    targets:'),
      ['sluice.yaml:4:13 models.m.targets: expected a list of at least one target, got nothing'],
    ],
    [
      'a model name',
      'providers: { v: { preset: vllm } }\nmodels: { "a b": v/x, "*": v/x }\n',
      [
        'sluice.yaml:2:11 models["a b"]: expected a model name without spaces; "*" only as "PREFIX/*" or "PREFIX:*"',
        'sluice.yaml:2:23 models["*"]: expected a model name without spaces; "*" only as "PREFIX/*" or "PREFIX:*"',
      ],
    ],
    [
      'a provider name',
      'providers: { a/b: { preset: vllm } }\nmodels: { m: c/d }\n',
      [
        'sluice.yaml:1:14 providers["a/b"]: expected a provider name of letters, digits, ".", "_" and "-"',
        'sluice.yaml:2:14 models.m: there is no provider "c"; there are: a/b',
      ],
    ],
    [
      'an unknown provider',
      model('    targets: [{ provider: vv }]'),
      ['sluice.yaml:4:27 models.m.targets[0].provider: there is no provider "vv"; did you mean "v"?'],
    ],
    [
      'an unknown passthrough',
      'providers: { main: { preset: vllm } }\npassthrough: mian\n',
      ['sluice.yaml:2:14 passthrough: there is no provider "mian"; did you mean "main"?'],
    ],
    ['an empty file', '', ['sluice.yaml:1:1: nothing would be served: expected models or passthrough']],
    [
      'a provider without a key',
      provider('{ preset: openai }'),
      ['sluice.yaml:3:6 providers.p.apiKey: OpenAI needs an API key: set apiKey here or $OPENAI_API_KEY'],
    ],
    [
      'a provider without its key pair',
      provider('{ preset: evolution, baseUrl: https://x.test/v1, keyId: a }'),
      ['sluice.yaml:3:6 providers.p.secret: Cloud.ru Evolution needs secret: set it here or $EVOLUTION_SECRET'],
    ],
    [
      'a key pair where there is none',
      provider('{ preset: vllm, keyId: canary-key-id }'),
      ['sluice.yaml:3:29 providers.p.keyId: vLLM has no keyId'],
    ],
    [
      'a loop through the default port',
      `${provider('{ preset: openai-compatible, baseUrl: http://127.0.0.1/v1 }')}server: { port: 80 }\n`,
      ["sluice.yaml:3:44 providers.p.baseUrl: http://127.0.0.1/v1 is this gateway's own address"],
    ],
    [
      'a loop',
      provider('{ preset: openai-compatible, baseUrl: http://localhost:8787/v1 }'),
      ["sluice.yaml:3:44 providers.p.baseUrl: http://localhost:8787/v1 is this gateway's own address"],
    ],
  ]
  for (const [name, text, lines, env = {}] of cases) {
    test(`for ${name}`, () => assert.deepEqual(problems(text, env), lines))
  }
})
