import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { SluiceError } from '../../src/errors.ts'
import { keyCredential, NO_CREDENTIAL } from '../../src/provider/credential.ts'

describe('a key credential', () => {
  test('sends a bearer token', async () => {
    const credential = keyCredential('bearer', 'sk-abc', 'OPENAI_API_KEY')
    assert.deepEqual(await credential.headers(), { authorization: 'Bearer sk-abc' })
    assert.ok(!('invalidate' in credential), 'nothing can be fetched anew')
  })

  test('sends an api-key header where that is the scheme', async () => {
    assert.deepEqual(await keyCredential('api-key', 'abc', 'X').headers(), { 'api-key': 'abc' })
  })

  test('shows its key to no inspector and no serializer', () => {
    const credential = keyCredential('bearer', 'sk-very-secret', 'X')
    assert.doesNotMatch(inspect(credential, { depth: 9, showHidden: true }), /very-secret/)
    assert.doesNotMatch(JSON.stringify(credential), /very-secret/)
  })

  test('takes every key of visible ASCII and no other, and never repeats one', () => {
    const key = fc.string({
      unit: fc.constantFrom('a', 'Z', '9', '-', '~', '!', ' ', '\n', '\r', '\0', '\t', 'é', '密', '😀'),
    })
    fc.assert(
      fc.property(key, (text) => {
        const isGood = /^[!-~]+$/.test(text)
        try {
          keyCredential('bearer', text, 'MY_KEY')
          assert.ok(isGood, `taken: ${JSON.stringify(text)}`)
        } catch (error) {
          assert.ok(error instanceof SluiceError && !isGood)
          assert.equal(error.code, 'config_invalid')
          assert.match(error.message, /^MY_KEY (is empty|holds a [a-zA-Z -]+(, which no key contains)?)/)
          assert.equal(error.message.split(/[^ -~]/).length, 1, 'the message is plain ASCII')
        }
      }),
    )
  })

  const wrong: readonly (readonly [key: string, says: string])[] = [
    ['', 'MY_KEY is empty'],
    ['sk-abc\n', 'MY_KEY holds a line break, which no key contains'],
    ['sk-abc\r\nx-evil: 1', 'MY_KEY holds a line break, which no key contains'],
    ['sk abc', 'MY_KEY holds a space, which no key contains'],
    ['sk\tabc', 'MY_KEY holds a tab, which no key contains'],
    ['sk\0abc', 'MY_KEY holds a NUL character, which no key contains'],
    ['sk\x7fabc', 'MY_KEY holds a control character, which no key contains'],
    ['schlüssel', 'MY_KEY holds a character that is not ASCII, which no key contains'],
  ]
  for (const [key, says] of wrong) {
    test(`refuses ${JSON.stringify(key)} by naming the variable, not the value`, () => {
      assert.throws(() => keyCredential('bearer', key, 'MY_KEY'), { message: says, code: 'config_invalid' })
    })
  }
})

test('no credential sends nothing', async () => {
  assert.deepEqual(await NO_CREDENTIAL.headers(), {})
})
