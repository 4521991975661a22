import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { describe, test } from 'node:test'
import type { GatewayConfig } from '../../src/config/config.ts'
import { serve } from '../../src/node/serve.ts'
import { refuseUnguarded } from '../../src/node/reach.ts'
import { gatewayConfig, keepingLogger, plainProvider, startRig } from '../support/gateway.ts'
import { issueKey } from '../support/keys.ts'

const MODEL = { model: 'sim:tokens=3', stream: true }
const SLOW = { model: 'sim:tokens=500,interval=20ms', stream: true }

interface Wire {
  readonly id: string
  readonly key: string
  readonly status: string
  readonly data: readonly Wire[]
  readonly error: { readonly code: string; readonly param: string | null; readonly message: string }
  readonly [field: string]: unknown
}

async function wireOf(response: Response): Promise<Wire> {
  const wire: Wire = JSON.parse(await response.text())
  return wire
}

describe("the operator's routes", () => {
  test('make a key that is shown once, list, rotate and revoke it', async () => {
    await using rig = await startRig()
    const admin = issueKey(rig.server, { scope: 'admin' })
    const call = (path: string, body?: object) =>
      fetch(`${rig.server.url}/admin/v1/keys${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: admin.headers,
        body: body === undefined ? null : JSON.stringify(body),
      })
    const described = {
      name: 'Team A',
      models: ['sim:*'],
      limits: { requests_per_minute: 60, tokens_per_minute: 1_000_000, max_concurrent: 20, budget: '0.5/day' },
      on_disconnect: 'cancel',
      cache_pool: 'team-a',
      metadata: { owner: 'somebody' },
      expires_in: '30d',
    }
    const created = await call('', described)
    assert.equal(created.status, 201)
    assert.equal(created.headers.get('cache-control'), 'no-store')
    const { key, expires_at: expires, ...made } = await wireOf(created)
    assert.ok(Math.abs(Number(expires) - Date.now() / 1_000 - 30 * 86_400) < 60)
    const { expires_in: _, ...kept } = described
    assert.partialDeepStrictEqual(made, { ...kept, object: 'key', scope: 'caller', status: 'active' })
    assert.equal((await rig.chat(MODEL, { headers: { authorization: `Bearer ${key}` } })).status, 200)
    const listed = await (await call('')).text()
    assert.ok(listed.includes(made.id) && !listed.includes(key) && !listed.includes(admin.key))
    const rotated = await wireOf(await call(`/${made.id}/rotate`, { overlap: '1h' }))
    assert.notEqual(rotated.key, key)
    for (const one of [key, rotated.key]) {
      assert.equal((await rig.chat(MODEL, { headers: { authorization: `Bearer ${one}` } })).status, 200)
    }
    const revoked = await wireOf(await call(`/${made.id}/revoke`, {}))
    assert.deepEqual([revoked.status, revoked['key']], ['revoked', undefined])
    assert.equal((await rig.chat(MODEL, { headers: { authorization: `Bearer ${rotated.key}` } })).status, 401)
    assert.equal((await call(`/${made.id}/rotate`, {})).status, 409)
    assert.equal((await wireOf(await call('/key_unknown/revoke', {}))).error.code, 'key_not_found')
    const lines = JSON.stringify(rig.logger.lines)
    assert.match(lines, /key created.*key rotated.*key revoked/)
    assert.ok(!lines.includes(key) && !lines.includes(rotated.key))
  })

  test('refuse a key whose description has a slip in it, and make none', async () => {
    await using rig = await startRig()
    const wrong: readonly (readonly [object, string | null])[] = [
      [{}, 'name'],
      [{ name: '' }, 'name'],
      [{ name: 'a\nb' }, 'name'],
      [{ name: 'a', rpm: 5 }, null],
      [{ name: 'a', id: 'key_mine' }, null],
      [{ name: 'a', limits: { rpm: 5 } }, 'limits'],
      [{ name: 'a', limits: { requests_per_minute: 0 } }, 'limits.requests_per_minute'],
      [{ name: 'a', limits: { requests_per_minute: 1.5 } }, 'limits.requests_per_minute'],
      [{ name: 'a', limits: { budget: '5/week' } }, 'limits.budget'],
      [{ name: 'a', scope: 'root' }, 'scope'],
      [{ name: 'a', models: 'a' }, 'models'],
      [{ name: 'a', models: ['a*b'] }, 'models.0'],
      [{ name: 'a', on_disconnect: 'never' }, 'X-Stream-On-Disconnect'],
      [{ name: 'a', cache_pool: 'key_123' }, 'cache_pool'],
      [{ name: 'a', expires_in: 'soon' }, 'expires_in'],
      [{ name: 'a', expires_at: 1 }, 'expires_at'],
      [{ name: 'a', metadata: { a: 1 } }, 'metadata.a'],
    ]
    for (const [body, param] of wrong) {
      const response = await fetch(`${rig.server.url}/admin/v1/keys`, { method: 'POST', body: JSON.stringify(body) })
      assert.equal(response.status, 400, JSON.stringify(body))
      assert.equal((await wireOf(response)).error.param, param, JSON.stringify(body))
    }
    assert.equal(rig.server.gateway.isOpen, true)
  })

  test("are the local user's as long as there is no key, and then nobody's without an admin key", async () => {
    await using rig = await startRig()
    const url = `${rig.server.url}/admin/v1/keys`
    assert.deepEqual((await wireOf(await fetch(url))).data, [])
    const first = await fetch(url, { method: 'POST', body: JSON.stringify({ name: 'boss', scope: 'admin' }) })
    const { key } = await wireOf(first)
    assert.match(key, /^sk-sluice-admin-/)
    assert.equal((await fetch(url)).status, 401)
    assert.equal((await rig.chat(MODEL)).status, 401)
    assert.equal((await fetch(url, { headers: { authorization: `Bearer ${key}` } })).status, 200)
  })

  test("show everybody's streams without a word of them, and end any", async () => {
    await using rig = await startRig()
    const admin = issueKey(rig.server, { scope: 'admin' })
    const [a, b] = [issueKey(rig.server), issueKey(rig.server)]
    const question = { messages: [{ role: 'user', content: 'a private question' }] }
    const done = await rig.chat({ ...MODEL, ...question }, { headers: a.headers })
    await done.text()
    const open = await rig.chat({ ...SLOW, ...question }, { headers: b.headers })
    const id = open.headers.get('x-stream-id') ?? ''
    const at = async (path: string, method = 'GET') =>
      fetch(`${rig.server.url}/admin/v1/streams${path}`, { method, headers: admin.headers })
    const all = await wireOf(await at(''))
    assert.deepEqual(
      all.data.map(({ key }) => key),
      [b.id, a.id],
    )
    assert.deepEqual(
      (await wireOf(await at(`?key=${a.id}`))).data.map((stream) => stream.id),
      [done.headers.get('x-stream-id')],
    )
    assert.deepEqual(
      (await wireOf(await at('?status=open'))).data.map((stream) => stream.id),
      [id],
    )
    const text = await (await at(`/${id}`)).text()
    assert.match(text, /"timeline":\[\{/)
    assert.doesNotMatch(text, /private|completion"|content/)
    const cancelled = await at(`/${id}/cancel`, 'POST')
    assert.equal(cancelled.status, 202)
    assert.equal((await wireOf(cancelled)).status, 'cancelled')
    assert.match(await open.text(), /The operator cancelled this stream/)
    assert.equal((await at('/st_aaaaaaaaaaaaaaaaaaaaaa')).status, 404)
    assert.equal((await at('/nonsense')).status, 404)
  })

  test('are on their own listener alone where one is configured', async () => {
    await using rig = await startRig({
      config: (simulator) => ({ passthrough: plainProvider(simulator.url), admin: { host: '127.0.0.1', port: 0 } }),
    })
    const { url, adminUrl } = rig.server
    assert.ok(adminUrl !== undefined && adminUrl !== url)
    const admin = issueKey(rig.server, { scope: 'admin' })
    for (const path of ['/admin/v1/keys', '/admin/v1/streams']) {
      assert.equal((await fetch(url + path, { headers: admin.headers })).status, 404)
      assert.equal((await fetch(adminUrl + path, { headers: admin.headers })).status, 200)
    }
    const key = issueKey(rig.server)
    assert.equal((await fetch(`${adminUrl}/v1/models`, { headers: key.headers })).status, 404)
    assert.equal((await fetch(`${adminUrl}/healthz`)).status, 200)
    const rebound = get(`${adminUrl}/admin/v1/keys`, { headers: { ...admin.headers, host: 'evil.example' } })
    const [answer]: IncomingMessage[] = await once(rebound, 'response')
    assert.equal(answer?.statusCode, 403, 'a page of another name cannot reach it')
    answer?.resume()
  })
})

describe('a gateway that others could reach', () => {
  const at = (host: string, more: Partial<GatewayConfig> = {}): GatewayConfig => {
    const config = gatewayConfig({ log: { kind: 'memory', retention: 1_000, dir: '/data' }, ...more })
    return { ...config, server: { ...config.server, host } }
  }

  test('is refused while it asks for no key, with a message that says what to do', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.5', '127.evil.example', 'example.com']) {
      assert.throws(() => refuseUnguarded(at(host), true), {
        code: 'config_invalid',
        message:
          /can be reached from other machines[^]*sluice keys create --data \/data --name NAME[^]*--host 127\.0\.0\.1/,
      })
      refuseUnguarded(at(host), false)
    }
    for (const host of ['127.0.0.1', '127.8.8.8', 'localhost', '::1']) refuseUnguarded(at(host), true)
    const admin = { host: '0.0.0.0', port: 0 }
    assert.throws(() => refuseUnguarded(at('127.0.0.1', { admin }), true), { code: 'config_invalid' })
    const config = gatewayConfig()
    const everywhere = { ...config, server: { ...config.server, host: '0.0.0.0' } }
    await assert.rejects(serve({ config: everywhere, logger: keepingLogger() }), {
      code: 'config_invalid',
      message: /Give it a folder to keep keys in/,
    })
  })

  test('starts when clients are configured', async () => {
    const auth = { clients: [{ keyId: 'alice', secret: 'alice-secret-0123456789' }], tokenLifetime: 60_000 }
    const config = gatewayConfig({ auth })
    const server = await serve({
      config: { ...config, server: { ...config.server, host: '0.0.0.0' } },
      logger: keepingLogger(),
    })
    assert.equal((await fetch(`http://127.0.0.1:${server.port}/v1/models`)).status, 401)
    await server.shutdown()
  })
})
