import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createRedactor, redact } from '../../src/provider/redact.ts'

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U'

describe('redact', () => {
  const cases: readonly (readonly [input: string, output: string])[] = [
    ['Incorrect API key provided: sk-proj-abc123DEF456.', 'Incorrect API key provided: [redacted].'],
    ['key sk-abcd*****************wxyz is wrong', 'key [redacted] is wrong'],
    [`key=sk-mega-${'0af3'.repeat(16)}`, 'key=[redacted]'],
    ['fastgpt-z51pkjqm9nrk03a1rx2funoy', '[redacted]'],
    ['cr_0123456789abcdef0123', '[redacted]'],
    ['gsk_abcdefghijklmnopqrstuvwxyz', '[redacted]'],
    ['AIzaSyA-1234567890_abcdefghijklmnopqrs', '[redacted]'],
    [`authorization: Bearer ${JWT}`, 'authorization: Bearer [redacted]'],
    [`expired: ${JWT}`, 'expired: [redacted]'],
    ['Authorization: bearer opaque-token-123', 'Authorization: bearer [redacted]'],
    ['Authorization: Basic dXNlcjpwYXNz', 'Authorization: Basic [redacted]'],
    ['{"keyId":"abc","secret":"p4ss w0rd!"}', '{"keyId":"abc","secret":"[redacted]"}'],
    ['{"secret" : "cut off in the mid', '{"secret" : "[redacted]'],
    [String.raw`"{\"secret\":\"p4ss\",\"a\":1}"`, String.raw`"{\"secret\":\"[redacted]\",\"a\":1}"`],
    ["{'api_key': 'abc def'}", "{'api_key': '[redacted]'}"],
    ['{"access_token":"abc","expires_in":3600}', '{"access_token":"[redacted]","expires_in":3600}'],
    ['x-api-key: 0123456789', 'x-api-key: [redacted]'],
    ['https://x.test/v1?key=abc123&alt=sse', 'https://x.test/v1?key=[redacted]&alt=sse'],
    [String.raw`bad key\nsk-abcdefgh12345`, String.raw`bad key\n[redacted]`],
  ]
  for (const [input, output] of cases) {
    test(`makes ${JSON.stringify(output)} of a text with a secret`, () => assert.equal(redact(input), output))
  }

  const harmless: readonly string[] = [
    'The task-management-system is at risk-assessment level 3',
    'sk-learn and disk-encryption',
    'Rate limit reached for gpt-4o in organization org-abc123 on tokens per min',
    'model xai-grok not found; did you mean xai/grok-3-mini?',
    'The bearer of this message',
    '{"secretary":"Ann","tokens":12}',
    'max_tokens=4096&n=1',
  ]
  for (const text of harmless) {
    test(`leaves ${JSON.stringify(text)} as it is`, () => assert.equal(redact(text), text))
  }

  test('finds a key wherever a word can start', () => {
    const key = fc
      .tuple(
        fc.constantFrom('sk-', 'sk-mega-', 'sk-proj-', 'fastgpt-', 'cr_', 'gsk_', 'AIza'),
        fc.stringMatching(/^[A-Za-z0-9_-]{20,64}$/),
      )
      .map((parts) => parts.join(''))
    const before = fc.constantFrom('', ' ', '"', "'", ':', '=', '/', '(', '\n', '`', '密', '\\n')
    const after = fc.constantFrom('', ' ', '"', '.', ',', ')', '\n', '密')
    fc.assert(
      fc.property(fc.string(), before, key, after, fc.string(), (head, left, secret, right, tail) => {
        const result = redact(`${head.replace(/[A-Za-z0-9_-]+$/, '')}${left}${secret}${right}${tail}`)
        assert.ok(!result.includes(secret), result)
      }),
    )
  })

  test('changes nothing the second time', () => {
    const bits = fc.constantFrom(
      'sk-',
      'a'.repeat(20),
      '"secret":"',
      '"',
      'Bearer ',
      'eyJ',
      '.',
      ' ',
      '\\',
      '?key=',
      '&',
      'x-api-key: ',
    )
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 30 }), (parts) => {
        const once = redact(parts.join(''))
        assert.equal(redact(once), once)
      }),
    )
  })

  const megabyte = 1_000_000
  const hostile: readonly (readonly [name: string, unit: string])[] = [
    ['starts of JWTs', 'eyJ'],
    ['JWTs without an end', 'eyJa.'],
    ['JWT starts after dashes', 'eyJa-'],
    ['separate JWT starts', 'eyJa '],
    ['key prefixes', 'sk-'],
    ['bearers', 'Bearer '],
    ['spaces after a bearer', ' '],
    ['opened secrets', '"secret":"'],
    ['colons', '"secret" : '],
    ['backslashes', '\\'],
    ['escaped quotes', '\\"secret\\":\\"'],
    ['api keys', 'api-key: '],
    ['asterisks', 'sk-*'],
  ]
  for (const [name, unit] of hostile) {
    test(`is done with a megabyte of ${name} at once`, () => {
      const text = `Bearer ${unit.repeat(Math.ceil(megabyte / unit.length))}`
      const before = performance.now()
      redact(text)
      // Some 20 ms when linear, and minutes when quadratic.
      assert.ok(performance.now() - before < 2_000)
    })
  }
})

describe('a redactor that knows the configured secrets', () => {
  test('takes them out as they are, in a URL and in JSON', () => {
    const clean = createRedactor(['hunter2/with"quote'])
    const json = JSON.stringify({ said: 'hunter2/with"quote' })
    assert.equal(clean('you sent hunter2/with"quote'), 'you sent [redacted]')
    assert.equal(clean(json), '{"said":"[redacted]"}')
    assert.equal(clean(`?k=${encodeURIComponent('hunter2/with"quote')}`), '?k=[redacted]')
  })

  test('takes the longest one that fits', () => {
    assert.equal(createRedactor(['abcdef', 'abcdef-longer'])('abcdef-longer abcdef'), '[redacted] [redacted]')
  })

  test('leaves secrets of fewer than six characters alone, so that messages stay readable', () => {
    assert.equal(createRedactor(['test', ''])('a test'), 'a test')
  })

  test('still takes out what looks like a secret', () => {
    assert.equal(createRedactor(['other-secret'])('sk-abcdefgh12345'), '[redacted]')
  })

  test('no text that contains a configured secret still contains it afterwards', () => {
    const secret = fc.string({ minLength: 6, maxLength: 40 }).filter((text) => !'[redacted]'.includes(text))
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1, maxLength: 4 }), fc.array(fc.string()), (secrets, between) => {
        const text = secrets.map((value, i) => `${between[i] ?? ''} ${value} `).join('')
        const result = createRedactor(secrets)(text).replaceAll('[redacted]', '\u0001')
        for (const value of secrets) assert.ok(!result.includes(value), JSON.stringify({ result, value }))
      }),
    )
  })
})
