import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Clients } from '../../src/gateway/clients.ts'
import { ROUTES } from '../../src/gateway/routes/table.ts'
import { deriveKey } from '../../src/node/derive-key.ts'
import { TestClock } from '../support/clock.ts'
import { plainProvider, startRig, type Rig } from '../support/gateway.ts'

const ALICE = { keyId: 'alice', secret: 'alice-secret-0123456789' }
const BOB = { keyId: 'bob', secret: 'bobs-secret-9876543210' }

const rigFor = (clients = [ALICE, BOB]): Promise<Rig> =>
  startRig({
    config: (simulator) => ({
      passthrough: plainProvider(simulator.url),
      auth: { clients, tokenLifetime: 60_000 },
    }),
  })

async function tokenOf(rig: Rig, pair: object): Promise<Response> {
  return fetch(`${rig.server.url}/api/v1/auth/token`, { method: 'POST', body: JSON.stringify(pair) })
}

async function bearer(rig: Rig, pair: object): Promise<{ authorization: string }> {
  const { access_token: token }: { access_token: string } = JSON.parse(await (await tokenOf(rig, pair)).text())
  return { authorization: `Bearer ${token}` }
}

const MODEL = { model: 'sim:tokens=3', stream: true }

describe('a gateway with clients', () => {
  test('exchanges key id and secret for a token, as Evolution does, and takes it', async () => {
    await using rig = await rigFor()
    const response = await tokenOf(rig, ALICE)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    const issued: Record<string, unknown> = JSON.parse(await response.text())
    assert.equal(issued['expires_in'], 60)
    const { access_token: token } = issued
    assert.ok(typeof token === 'string' && token.split('.').length === 3)
    const answered = await rig.chat(MODEL, { headers: { authorization: `Bearer ${token}` } })
    assert.equal(answered.status, 200)
    assert.match(await answered.text(), /\[DONE\]/)
  })

  test('lets nobody in without one, on any route that is not open', async () => {
    await using rig = await rigFor()
    for (const { method, path, access } of ROUTES) {
      if (access === 'open') continue
      const url = `${rig.server.url}${path.replace(/:id(?:\{.+\})?/, 'st_aaaaaaaaaaaaaaaaaaaaaa')}`
      for (const authorization of ['', 'Bearer x', 'Bearer a.b.c', `Basic ${btoa('alice:alice-secret-0123456789')}`]) {
        const response = await fetch(url, { method, headers: authorization === '' ? {} : { authorization } })
        assert.equal(response.status, 401, `${method} ${path} ${authorization}`)
        assert.equal(response.headers.get('www-authenticate'), 'Bearer')
        await response.body?.cancel()
      }
    }
  })

  test('refuses wrong pairs in one and the same way', async () => {
    await using rig = await rigFor()
    const wrong = [
      { ...ALICE, secret: BOB.secret },
      { ...ALICE, keyId: 'carol' },
      { ...ALICE, keyId: 'constructor' },
      { keyId: '__proto__', secret: 'x' },
    ]
    const bodies = new Set<string>()
    for (const pair of wrong) {
      const response = await tokenOf(rig, pair)
      assert.equal(response.status, 401)
      bodies.add(await response.text())
    }
    assert.equal(bodies.size, 1)
    assert.equal((await tokenOf(rig, { keyId: 'alice' })).status, 400)
    assert.equal((await tokenOf(rig, [])).status, 400)
  })

  test("keeps each client's streams to itself, and a ticket lets its bearer read and nothing else", async () => {
    await using rig = await rigFor()
    const alice = await bearer(rig, ALICE)
    const bob = await bearer(rig, BOB)
    const response = await rig.chat(MODEL, { headers: alice })
    await response.text()
    const id = response.headers.get('x-stream-id') ?? ''
    const at = (path: string, headers = {}, method = 'GET') => fetch(`${rig.url}/streams/${path}`, { headers, method })
    assert.equal((await at(id, bob)).status, 404)
    assert.equal((await at(id, alice)).status, 200)
    const ticket: { ticket: string } = JSON.parse(await (await at(`${id}/ticket`, alice, 'POST')).text())
    assert.equal((await at(`${id}?ticket=${ticket.ticket}`, bob, 'DELETE')).status, 404)
    assert.equal((await at(`${id}/cancel?ticket=${ticket.ticket}`, {}, 'POST')).status, 401)
    assert.equal((await at(`${id}?ticket=${ticket.ticket}`)).status, 200)
    assert.equal((await at(`${id}?ticket=${ticket.ticket}`)).status, 404, 'once')
  })

  test('revokes the tokens of a client that is gone or has another secret, and of no other', async () => {
    await using before = await rigFor()
    const alice = await bearer(before, ALICE)
    const bob = await bearer(before, BOB)
    await using after = await rigFor([{ ...ALICE, secret: 'another-secret-of-alice' }])
    const models = (headers: object) => fetch(`${after.url}/models`, { headers: { ...headers } })
    assert.equal((await models(alice)).status, 401)
    assert.equal((await models(bob)).status, 401)
    await using same = await rigFor([ALICE])
    assert.equal((await fetch(`${same.url}/models`, { headers: alice })).status, 200)
  })

  test('stays open to the local user where no clients are configured, and has no tokens to give', async () => {
    await using rig = await startRig()
    assert.equal((await rig.chat(MODEL)).status, 200)
    assert.equal((await tokenOf(rig, ALICE)).status, 401)
  })
})

describe('a token', () => {
  const clock = new TestClock()
  const clients = new Clients({ clients: [ALICE, BOB], tokenLifetime: 60_000 }, deriveKey, clock)
  const token = (): string => clients.issue(ALICE.keyId, ALICE.secret)?.token ?? ''
  const rejects = (text: string, message = /The token is not valid/): void =>
    assert.throws(() => clients.callerOf(`Bearer ${text}`), { code: 'invalid_api_key', message })
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

  test('names its client until it expires', () => {
    const one = token()
    assert.equal(clients.callerOf(`Bearer ${one}`), 'alice')
    assert.equal(clients.callerOf(`bearer  ${one} `), 'alice')
    clock.advance(59_000)
    assert.equal(clients.callerOf(`Bearer ${one}`), 'alice')
    clock.advance(1_000)
    rejects(one, /The token is expired/)
  })

  test('is worth nothing once changed in any part', () => {
    const [header = '', payload = '', signature = ''] = token().split('.')
    const claims: Record<string, unknown> = JSON.parse(Buffer.from(payload, 'base64url').toString())
    rejects(`${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`)
    rejects(`${encode({ alg: 'HS384', typ: 'JWT' })}.${payload}.${signature}`)
    rejects(`${header}.${encode({ ...claims, sub: 'bob' })}.${signature}`)
    rejects(`${header}.${encode({ ...claims, exp: 9_999_999_999 })}.${signature}`)
    rejects(`${header}.${payload}.`)
    rejects(`${header}.${payload}.${signature}=`)
    rejects(`${header}.${payload}.${signature}.x`)
    rejects(`${header}.${payload}.${'A'.repeat(43)}`)
    rejects('A'.repeat(4_000))
    assert.equal(clients.callerOf(`Bearer ${header}.${payload}.${signature}`), 'alice')
  })

  test('signed with the secret itself, or for another purpose, is no token', () => {
    const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: 'alice', exp: 9_999_999_999 })}`
    rejects(`${signed}.${deriveKey(ALICE.secret, 'alice', 'sluice client secret v1').sign(signed)}`)
    rejects(`${signed}.${deriveKey(ALICE.secret, 'bob', 'sluice access token v1').sign(signed)}`)
    rejects(`${signed}.${deriveKey(BOB.secret, 'alice', 'sluice access token v1').sign(signed)}`)
  })

  test('cannot be had where keys cannot be made', () => {
    assert.throws(() => new Clients({ clients: [ALICE], tokenLifetime: 1_000 }, undefined, clock), {
      code: 'config_invalid',
    })
  })
})
