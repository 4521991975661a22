import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Hono } from 'hono'
import { Clients } from '../../src/gateway/clients.ts'
import type { GatewayEnv } from '../../src/gateway/http.ts'
import { ROUTES } from '../../src/gateway/routes/table.ts'
import { Sessions } from '../../src/gateway/sessions.ts'
import { deriveKey } from '../../src/node/derive-key.ts'
import { TestClock } from '../support/clock.ts'
import { plainProvider, startRig, type Rig } from '../support/gateway.ts'
import { issueKey, type TestKey } from '../support/keys.ts'

/** PROTOCOL 1: the page's session. */

const PAGE = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }
const ASK = { model: 'sim:tokens=3', stream: true }

interface Kept {
  readonly response: Response
  /** What a browser sends back. */
  readonly cookie: string
}

async function signIn(rig: Rig, login: object, headers: Readonly<Record<string, string>> = PAGE): Promise<Kept> {
  const response = await fetch(`${rig.server.url}/session`, { method: 'POST', headers, body: JSON.stringify(login) })
  await response.text()
  return { response, cookie: (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '' }
}

async function withKey(rig: Rig, spec: Parameters<typeof issueKey>[1] = {}): Promise<TestKey & Kept> {
  const key = issueKey(rig.server, spec)
  return { ...key, ...(await signIn(rig, { key: key.key })) }
}

const status = async (
  rig: Rig,
  headers: Record<string, string>,
  path = '/v1/streams',
  method = 'GET',
): Promise<number> => {
  const response = await fetch(rig.server.url + path, { method, headers })
  await response.text()
  return response.status
}

async function whoAmI(rig: Rig, headers: Record<string, string> = {}): Promise<object> {
  return JSON.parse(await (await fetch(`${rig.server.url}/session`, { headers })).text())
}

describe('a session of the page', () => {
  test('is not needed where everybody may call, and nothing is asked for there', async () => {
    await using rig = await startRig()
    assert.deepEqual(await whoAmI(rig), { open: true, keyed: false, admin: false })
    assert.equal((await signIn(rig, { key: 'sk-sluice-nothing' })).response.status, 401)
  })

  test('is a cookie that no script reads and no other site sends, for twelve hours at most', async () => {
    await using rig = await startRig()
    const { key, response, cookie, id } = await withKey(rig)
    assert.equal(response.status, 204)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    const fields = (response.headers.get('set-cookie') ?? '').split('; ').slice(1)
    assert.deepEqual(fields, ['Path=/', 'Max-Age=43200', 'HttpOnly', 'SameSite=Strict'])
    assert.ok(!cookie.includes(key.slice(12)), 'the key is not in it')
    assert.deepEqual(await whoAmI(rig, { ...PAGE, cookie }), {
      open: false,
      keyed: true,
      admin: false,
      caller: id,
      name: 'test',
    })
    assert.deepEqual(await whoAmI(rig), { open: false, keyed: true, admin: false })
    const overTls = await signIn(rig, { key }, { ...PAGE, origin: 'https://chat.example' })
    assert.match(overTls.response.headers.get('set-cookie') ?? '', /; Secure$/)
  })

  test('stands for its key: asks, lists and reads what is the key’s', async () => {
    await using rig = await startRig()
    const { cookie, headers } = await withKey(rig)
    const answered = await rig.chat(ASK, { headers: { ...PAGE, cookie } })
    assert.match(await answered.text(), /\[DONE\]/)
    const path = `/v1/streams/${answered.headers.get('x-stream-id')}`
    assert.equal(await status(rig, headers, path), 200)
    assert.equal(await status(rig, { ...PAGE, cookie }, path), 200)
    assert.equal(await status(rig, issueKey(rig.server).headers, path), 404)
  })

  test('counts only for what the page itself asks', async () => {
    await using rig = await startRig()
    const { cookie, key } = await withKey(rig)
    const others: readonly Record<string, string>[] = [
      {},
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { ...PAGE, 'content-type': 'text/plain' },
      { ...PAGE, 'content-type': 'application/x-www-form-urlencoded' },
    ]
    for (const headers of others) {
      for (const { method, path, access } of ROUTES.filter((row) => row.access !== 'open')) {
        const url = path.replace(/:\w+(?:\{.+\})?/, 'st_aaaaaaaaaaaaaaaaaaaaaa')
        assert.equal(await status(rig, { ...headers, cookie }, url, method), 403, `${access} ${method} ${path}`)
      }
      if (headers === others[4] || headers === others[5]) continue
      assert.equal(
        (await signIn(rig, { key }, { 'content-type': 'application/json', ...headers })).response.status,
        403,
      )
      assert.equal(await status(rig, headers, '/session', 'DELETE'), 403)
    }
    for (const type of ['text/plain', 'application/x-www-form-urlencoded'])
      assert.equal((await signIn(rig, { key }, { ...PAGE, 'content-type': type })).response.status, 400)
  })

  test('ends with its key: revoked, replaced, expired', async () => {
    await using rig = await startRig()
    const revoked = await withKey(rig)
    const replaced = await withKey(rig)
    const expiring = await withKey(rig, { expiresAt: Date.now() + 3_600_000 })
    const { keys } = rig.server.gateway
    keys.change((book) => book.revoke(revoked.id))
    keys.change((book) => book.rotate(replaced.id, 0))
    assert.equal(await status(rig, { ...PAGE, cookie: revoked.cookie }), 401)
    assert.equal(await status(rig, { ...PAGE, cookie: replaced.cookie }), 401)
    assert.equal(await status(rig, { ...PAGE, cookie: expiring.cookie }), 200)
    assert.deepEqual(await whoAmI(rig, { ...PAGE, cookie: revoked.cookie }), { open: false, keyed: true, admin: false })
  })

  test('cannot be made or changed by whoever has it', async () => {
    await using rig = await startRig()
    const { cookie } = await withKey(rig)
    const [name = '', value = ''] = cookie.split('=')
    const [kind, stored, until, signature = ''] = value.split('.')
    const forged = [
      `${kind}.${stored}.${Number(until) + 1}.${signature}`,
      `${kind}.${'A'.repeat(43)}.${until}.${signature}`,
      `${kind}.${stored}.${until}`,
      `${kind}.${stored}.${until}.${signature}.${signature}`,
      `${kind}.${stored}.${until}.${deriveKey('other', '', 'sluice page session v1').sign(`${kind}.${stored}.${until}`)}`,
      'c.a.b.c',
      'x',
      '',
    ]
    for (const each of forged) assert.equal(await status(rig, { ...PAGE, cookie: `${name}=${each}` }), 401, each)
  })

  test('is over when its time is, whatever the browser does', async () => {
    await using rig = await startRig()
    const { keys } = rig.server.gateway
    const stored = keys.book.storedAs(issueKey(rig.server).key)
    const clock = new TestClock()
    const mac = deriveKey('secret', '', 'sluice page session v1')
    const sessions = new Sessions(() => mac, clock)
    const clients = new Clients(undefined, undefined, clock)
    const app = new Hono<GatewayEnv>()
    app.get('/', (call) => call.text(sessions.of({ keys, clients }, call)?.type ?? 'none'))
    const value = `k.${stored}.${Math.floor(clock.date() / 1_000) + 60}`
    const cookie = `a=b; sluice_session=${value}.${mac.sign(value)}`
    const look = async (): Promise<string> => (await app.request('/', { headers: { ...PAGE, cookie } })).text()
    assert.equal(await look(), 'key')
    clock.advance(60_000)
    assert.equal(await look(), 'none')
  })

  test('of an admin key says so, and calls no models', async () => {
    await using rig = await startRig()
    issueKey(rig.server)
    const { cookie } = await withKey(rig, { scope: 'admin', name: 'operator' })
    assert.equal(Reflect.get(await whoAmI(rig, { ...PAGE, cookie }), 'admin'), true)
    assert.equal(await status(rig, { ...PAGE, cookie }), 403)
  })

  test('is begun by a client with its key id and secret too, and ends with its token', async () => {
    await using rig = await startRig({
      config: (simulator) => ({
        passthrough: plainProvider(simulator.url),
        auth: { clients: [{ keyId: 'alice', secret: 'alice-secret-0123456789' }], tokenLifetime: 60_000 },
      }),
    })
    assert.equal((await signIn(rig, { keyId: 'alice', secret: 'wrong' })).response.status, 401)
    const { response, cookie } = await signIn(rig, { keyId: 'alice', secret: 'alice-secret-0123456789' })
    assert.match(response.headers.get('set-cookie') ?? '', /Max-Age=60;/)
    assert.equal(await status(rig, { ...PAGE, cookie }), 200)
    assert.deepEqual(await whoAmI(rig, { ...PAGE, cookie }), {
      open: false,
      keyed: true,
      admin: false,
      caller: 'alice',
    })
  })

  test('is ended by the page: the cookie is taken back', async () => {
    await using rig = await startRig()
    issueKey(rig.server)
    const response = await fetch(`${rig.server.url}/session`, { method: 'DELETE', headers: PAGE })
    assert.match(response.headers.get('set-cookie') ?? '', /^sluice_session=; Path=\/; Max-Age=0; HttpOnly/)
  })

  test('gives way to what a request says itself', async () => {
    await using rig = await startRig()
    const { cookie } = await withKey(rig)
    assert.equal(await status(rig, { ...PAGE, cookie, authorization: 'Bearer sk-sluice-wrong' }), 401)
  })
})
