import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SluiceError } from '../../src/errors.ts'
import { iamCredential, type IamOptions } from '../../src/provider/iam.ts'
import { TestClock } from '../support/clock.ts'
import { startProvider, type Answer, type Provider } from '../support/provider.ts'

const SECRET = 'canary-secret-0123456789'

/** A real token service on loopback, and a credential of it. */
async function rig(answer: Answer, more: Partial<IamOptions> = {}) {
  const service: Provider = await startProvider(answer)
  const clock = new TestClock()
  const tokenUrl = service.baseURL.replace('/v1', '/api/v1/auth/token')
  const credential = iamCredential({
    keyId: 'key-1',
    secret: SECRET,
    tokenUrl,
    provider: 'evolution',
    fetch: (url, init) => fetch(url, init),
    clock,
    ...more,
  })
  return { service, clock, credential, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() }
}

const issue: Answer = (response, _seen, nth) =>
  void response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ access_token: `test_token_${nth}`, expires_in: 3_600 }))

const fails =
  (status: number, body: string): Answer =>
  (response) =>
    void response.writeHead(status).end(body)

describe('a key pair', () => {
  test('is exchanged as Evolution wants it, once for all who wait', async () => {
    await using it = await rig(issue)
    const all = await Promise.all([1, 2, 3].map(async () => it.credential.headers()))
    assert.deepEqual(
      all.map(({ authorization }) => authorization),
      ['Bearer test_token_0', 'Bearer test_token_0', 'Bearer test_token_0'],
    )
    const [request, ...others] = it.service.requests
    assert.equal(others.length, 0)
    assert.equal(request?.method, 'POST')
    assert.equal(request?.url, '/api/v1/auth/token')
    assert.equal(request?.headers['content-type'], 'application/json')
    assert.equal(request?.body, `{"keyId":"key-1","secret":"${SECRET}"}`)
  })

  test('is exchanged again 30 seconds before the token ends, not earlier', async () => {
    await using it = await rig(issue)
    await it.credential.headers()
    it.clock.advance(3_569_999)
    assert.deepEqual(await it.credential.headers(), { authorization: 'Bearer test_token_0' })
    it.clock.advance(1)
    assert.deepEqual(await it.credential.headers(), { authorization: 'Bearer test_token_1' })
  })

  test('gives a token that lives an hour when the service does not say', async () => {
    await using it = await rig((response, _seen, nth) => void response.end(JSON.stringify({ access_token: `t${nth}` })))
    await it.credential.headers()
    it.clock.advance(3_569_999)
    assert.deepEqual(await it.credential.headers(), { authorization: 'Bearer t0' })
    it.clock.advance(1)
    assert.deepEqual(await it.credential.headers(), { authorization: 'Bearer t1' })
  })

  test('is exchanged again after its token was refused, unless another request has done so', async () => {
    await using it = await rig(issue)
    const first = await it.credential.headers()
    it.credential.refused?.(first, undefined, false)
    const second = await it.credential.headers()
    assert.deepEqual(second, { authorization: 'Bearer test_token_1' })
    it.credential.refused?.(first, undefined, false)
    assert.equal(await it.credential.headers(), second)
    it.credential.refused?.(second, 1_000, true)
    assert.equal(await it.credential.headers(), second, 'a limit says nothing of the token')
    it.credential.invalidate?.()
    assert.deepEqual(await it.credential.headers(), { authorization: 'Bearer test_token_2' })
  })

  test('takes a 401 for an outdated token, and a 403 only when it says so', async () => {
    await using it = await rig(issue)
    const fields = await it.credential.headers()
    const outdated = (status: number, words: string) => it.credential.isOutdated?.(fields, status, words)
    assert.equal(outdated(401, ''), true)
    for (const words of ['Jwt is expired', 'token expired', 'The token has expired', 'expired JWT'])
      assert.equal(outdated(403, words), true, words)
    assert.equal(outdated(403, 'No access to this model'), false)
    assert.equal(outdated(429, 'token expired'), false)
    assert.equal(it.credential.hasSpare?.(), false)
  })
})

describe('an exchange that fails', () => {
  const rows: readonly (readonly [string, Answer, string, string])[] = [
    [
      'a refused pair',
      fails(401, `{"error":"Unauthorized ${SECRET}"}`),
      'provider_auth',
      'evolution: the token service refused the key id and secret (HTTP 401)',
    ],
    [
      'a forbidden pair',
      fails(403, '{}'),
      'provider_auth',
      'evolution: the token service refused the key id and secret (HTTP 403)',
    ],
    [
      'a broken service',
      fails(500, '{"error":"Network error"}'),
      'provider_unavailable',
      'evolution: the token service answered with HTTP 500',
    ],
    [
      'a wrong address',
      fails(404, 'not here'),
      'provider_bad_response',
      'evolution: the token service answered with HTTP 404',
    ],
    [
      'HTML',
      fails(200, '<html>Welcome to the portal</html>'),
      'provider_bad_response',
      'evolution: the token service answered with HTML',
    ],
    [
      'words',
      fails(200, `your ${SECRET} is good`),
      'provider_bad_response',
      'evolution: the token service answered with something that is not JSON',
    ],
    [
      'no token',
      fails(200, '{"token":"x"}'),
      'provider_bad_response',
      'evolution: the token service answered with JSON without a token',
    ],
    [
      'a token with a line break',
      fails(200, '{"access_token":"a\\r\\nx-evil: 1"}'),
      'provider_bad_response',
      'evolution: the token service answered with JSON without a token',
    ],
    [
      'a redirect',
      (response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      'upstream_connect_failed',
      'evolution: the token service cannot be reached',
    ],
    [
      'a cut answer',
      (response) => {
        response.writeHead(200, { 'content-length': '100' }).write('{"access')
        setTimeout(() => response.destroy(), 20)
      },
      'upstream_connect_failed',
      'evolution: the token service cannot be reached',
    ],
    [
      'an endless answer',
      fails(200, ' '.repeat(70_000)),
      'provider_bad_response',
      'evolution: the token service answered with something that is not JSON',
    ],
  ]
  for (const [what, answer, code, message] of rows) {
    test(`says so of ${what}, without a word of the secret`, async () => {
      await using it = await rig(answer)
      const error = await Promise.resolve(it.credential.headers()).catch((thrown: unknown) => thrown)
      assert.ok(error instanceof SluiceError)
      assert.deepEqual([error.code, error.message], [code, message])
      assert.doesNotMatch(JSON.stringify(error) + error.stack + String(error.cause), new RegExp(SECRET))
      assert.equal(it.service.requests.length, 1, 'no retry of its own')
    })
  }

  test('ends after its deadline when the service is silent', async () => {
    await using it = await rig(() => undefined, { timeoutMs: 30_000 })
    const failed = Promise.resolve(it.credential.headers()).catch((thrown: unknown) => thrown)
    while (it.service.requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
    it.clock.advance(29_999)
    it.clock.advance(1)
    const error = await failed
    assert.ok(error instanceof SluiceError)
    assert.equal(error.code, 'upstream_head_timeout')
    assert.equal(error.message, 'evolution: the token service did not answer within 30000 ms')
    assert.equal(it.clock.armed, 0)
  })

  test('is tried anew by the next request, but a refused pair rests for five seconds', async () => {
    await using it = await rig((response, seen, nth) =>
      nth === 0
        ? fails(503, '')(response, seen, nth)
        : nth === 1
          ? fails(401, '')(response, seen, nth)
          : issue(response, seen, nth),
    )
    const ask = () => Promise.resolve(it.credential.headers()).catch((error: SluiceError) => error.code)
    assert.equal(await ask(), 'provider_unavailable')
    assert.equal(await ask(), 'provider_auth')
    assert.equal(await ask(), 'provider_auth')
    assert.equal(it.service.requests.length, 2)
    it.clock.advance(5_000)
    assert.deepEqual(await ask(), { authorization: 'Bearer test_token_2' })
  })
})
