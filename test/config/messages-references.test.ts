import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { problems, provider, server, type Case } from './problems.ts'

const SECRET = 'canary-7f3a-secret'

describe('a message never holds the value of a variable, nor of a key or header', () => {
  const cases: readonly Case[] = [
    [
      'a variable that is not set',
      server('host: ${MY_HOST}'),
      ['sluice.yaml:4:9 server.host: the environment variable MY_HOST is not set'],
    ],
    [
      'a number that is not set, once',
      server('port: ${MY_PORT}'),
      ['sluice.yaml:4:9 server.port: the environment variable MY_PORT is not set'],
    ],
    [
      'a key that is not set, once',
      provider('{ preset: openai, apiKey: "sk-${MY_KEY} " }'),
      ['sluice.yaml:3:36 providers.p.apiKey: the environment variable MY_KEY is not set'],
    ],
    [
      'the second variable of a text',
      server('host: "${A}.${B}"'),
      ['sluice.yaml:4:15 server.host: the environment variable B is not set'],
      { A: 'a' },
    ],
    [
      'a variable named like a property of every object',
      server('host: ${constructor}'),
      ['sluice.yaml:4:9 server.host: the environment variable constructor is not set'],
    ],
    [
      'a reference that is none',
      server('host: ${9 lives}'),
      [
        'sluice.yaml:4:9 server.host: ${9 lives} is no reference: expected ${NAME} or ${NAME:-default}; $${…} stands for itself',
      ],
    ],
    [
      'a reference as a key',
      'providers: { v: { preset: vllm } }\npassthrough: v\n${KEY}: 1\n',
      [
        'sluice.yaml:3:1: a reference can stand for a value, not for a key',
        'sluice.yaml:3:1 ["${KEY}"]: unknown key "${KEY}"; known here: providers, models, passthrough, prices, usage, server, log, cache, limits, admin, auth',
      ],
      { KEY: SECRET },
    ],
    [
      'a variable with a line break',
      provider('{ preset: vllm, apiKey: ${KEY} }'),
      [
        'sluice.yaml:3:30 providers.p.apiKey: the environment variable KEY holds a line break or another control character',
      ],
      { KEY: `${SECRET}\n` },
    ],
    [
      'a key with a space',
      provider('{ preset: vllm, apiKey: ${KEY} }'),
      ['sluice.yaml:3:30 providers.p.apiKey: apiKey holds a space, which no key contains (from ${KEY})'],
      { KEY: `${SECRET} ${SECRET}` },
    ],
    [
      'a duration that is a secret',
      server('heartbeat: ${KEY}'),
      ['sluice.yaml:4:14 server.heartbeat: expected a duration such as 5s, 250ms or 10m, got the value of ${KEY}'],
      { KEY: SECRET },
    ],
    [
      'a key of the wrong type',
      provider('{ preset: vllm, apiKey: 123456789 }'),
      ['sluice.yaml:3:30 providers.p.apiKey: expected a key, or a list of keys'],
    ],
    [
      'a header of the wrong type',
      provider('{ preset: vllm, headers: { x-key: 987654321 } }'),
      ['sluice.yaml:3:40 providers.p.headers.x-key: expected text'],
    ],
    [
      'a key that looks like one, in the wrong place',
      server('heartbeat: sk-abcdefgh12345678'),
      ['sluice.yaml:4:14 server.heartbeat: expected a duration such as 5s, 250ms or 10m, got "[redacted]"'],
    ],
  ]
  for (const [name, text, lines, env = {}] of cases) {
    test(`for ${name}`, () => {
      const found = problems(text, env)
      assert.deepEqual(found, lines)
      assert.ok(!found.some((line) => line.includes(SECRET)))
    })
  }
})
