import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { ROUTES, type RouteRow } from '../../src/gateway/routes/table.ts'
import { startRig, type Rig } from '../support/gateway.ts'
import { issueKey, type TestKey } from '../support/keys.ts'

const MODEL = 'sim:tokens=3'

/** Who asks. `other` has a key of its own, but what the path names is `right`'s. */
const WHO = ['none', 'wrong', 'expired', 'revoked', 'other', 'right', 'admin'] as const
type Who = (typeof WHO)[number]

let rig: Rig
let headersOf: Readonly<Record<Who, Readonly<Record<string, string>>>>
let keys: { readonly right: TestKey; readonly other: TestKey }

before(async () => {
  rig = await startRig()
  const { server } = rig
  keys = { right: issueKey(server), other: issueKey(server) }
  const expired = issueKey(server, { expiresAt: Date.now() - 1 })
  const revoked = issueKey(server)
  const admin = issueKey(server, { scope: 'admin' })
  server.gateway.keys.change((book) => book.revoke(revoked.id))
  headersOf = {
    none: {},
    wrong: { authorization: `Bearer sk-sluice-${'a'.repeat(43)}` },
    expired: expired.headers,
    revoked: revoked.headers,
    other: keys.other.headers,
    right: keys.right.headers,
    admin: admin.headers,
  }
})
after(() => rig[Symbol.asyncDispose]())

/** A finished stream of the right key's. */
async function ownStream(): Promise<string> {
  const response = await rig.chat({ model: MODEL, stream: true }, { headers: keys.right.headers })
  await response.text()
  return response.headers.get('x-stream-id') ?? assert.fail('no stream')
}

async function pathOf({ path }: RouteRow): Promise<string> {
  if (/\/streams\/:id/.test(path)) return path.replace(':id', await ownStream())
  if (/\/keys\/:id/.test(path)) return path.replace(':id', issueKey(rig.server).id)
  return path.replace(/:id(?:\{.+\})?/, encodeURIComponent(MODEL)).replace(':name', 'app.js')
}

function bodyOf({ method, path }: RouteRow): string | null {
  if (method !== 'POST' || /\/keys\/:id/.test(path)) return null
  if (path.startsWith('/admin/')) return JSON.stringify({ name: 'made by the test' })
  return JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'Hello' }], input: 'Hello' })
}

async function statusFor(row: RouteRow, who: Who, method: string = row.method): Promise<number> {
  const response = await fetch(`${rig.server.url}${await pathOf(row)}`, {
    method,
    headers: { 'content-type': 'application/json', ...headersOf[who] },
    body: method === 'HEAD' ? null : bodyOf(row),
  })
  await response.body?.cancel()
  if (response.status === 401) assert.equal(response.headers.get('www-authenticate'), 'Bearer')
  return response.status
}

/** What the table promises; `undefined`: the route's own answer, but no refusal for want of a key. */
function promised({ access, path }: RouteRow, who: Who): number | undefined {
  const isNobody = who === 'none' || who === 'wrong' || who === 'expired' || who === 'revoked'
  switch (access) {
    case 'open':
      return undefined
    case 'caller':
    case 'ticket':
      if (isNobody) return 401
      if (who === 'admin') return 403
      return who === 'other' && path.startsWith('/v1/streams/:id') ? 404 : undefined
    case 'admin':
      if (isNobody) return 401
      return who === 'admin' ? undefined : 403
    default:
      return access satisfies never
  }
}

describe('every route of the table', () => {
  test('is one of those that this test knows the promises of', () => {
    assert.ok(ROUTES.length >= 28)
    assert.equal(new Set(ROUTES.map(({ method, path }) => `${method} ${path}`)).size, ROUTES.length)
    for (const { path, access } of ROUTES) {
      assert.equal(access === 'admin', path.startsWith('/admin/'), `${path}: the operator's routes, and only they`)
      // What is open to everybody is listed here, so that a new one is somebody's decision.
      const isOpen =
        /^\/(?:api\/v1\/auth\/token|healthz|readyz|metrics|favicon\.svg|assets\/:name|streams|session)?$/.test(path)
      assert.equal(access === 'open', isOpen, path)
    }
  })

  for (const row of ROUTES) {
    test(`${row.method} ${row.path} lets in whom its row says (${row.access}), and nobody else`, async () => {
      const got: Partial<Record<Who, number>> = {}
      for (const who of WHO) got[who] = await statusFor(row, who)
      if (row.access === 'open') {
        assert.equal(new Set(Object.values(got)).size, 1, `the same for everybody: ${JSON.stringify(got)}`)
        return
      }
      for (const who of WHO) {
        const expected = promised(row, who)
        if (expected !== undefined) assert.equal(got[who], expected, `${who}: ${JSON.stringify(got)}`)
        else assert.ok((got[who] ?? 500) < 300, `${who} is let in: ${JSON.stringify(got)}`)
      }
      if (row.method === 'GET') assert.equal(await statusFor(row, 'none', 'HEAD'), 401)
    })
  }

  test('answers a foreign stream and an unknown one alike, to the byte', async () => {
    const foreign = await ownStream()
    const unknown = `${foreign.slice(0, -4)}AAAA`
    for (const { method, path } of ROUTES.filter((row) => row.path.startsWith('/v1/streams/:id'))) {
      const bodies = new Set<string>()
      for (const id of [foreign, unknown]) {
        const url = `${rig.server.url}${path.replace(':id', id)}`
        const response = await fetch(url, { method, headers: keys.other.headers })
        bodies.add(`${response.status} ${await response.text()}`)
      }
      assert.equal(bodies.size, 1, `${method} ${path}`)
    }
    const cursor = { ...keys.other.headers, 'last-event-id': `${foreign}:0` }
    assert.equal((await rig.chat({ model: MODEL, stream: true }, { headers: cursor })).status, 404)
  })
})

describe('a credential', () => {
  /** The answer to a raw request, as the head's first line; a client library would refuse to send some of these. */
  function raw(authorization: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(rig.server.port, '127.0.0.1')
      let answer = ''
      socket.on('connect', () => {
        socket.write('GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: ')
        socket.write(authorization)
        socket.write('\r\n\r\n')
      })
      socket.on('data', (part) => (answer += part.toString('latin1')))
      socket.on('close', () => resolve(answer.slice(0, answer.indexOf('\r\n'))))
      // A server that has answered and closed may reset what is still on its way to it.
      socket.on('error', (error) => (answer === '' ? reject(error) : undefined))
    })
  }

  test('that is no key is refused, whatever it holds', async () => {
    const { key } = keys.right
    const wrong = [
      '',
      'Bearer',
      'Bearer ',
      `Basic ${btoa(`:${key}`)}`,
      key,
      `Bearer ${key}'`,
      `Bearer ${key}"`,
      `Bearer ${key}' OR '1'='1`,
      `Bearer ' UNION SELECT id FROM key --`,
      `Bearer ${key} ${key}`,
      `Bearer ${key},`,
      `Bearer ${key.slice(0, -1)}`,
      `Bearer ${key}A`,
      `Bearer ${key.toLowerCase()}`,
      `Bearer sk-sluice-`,
      `Bearer sk-sluice-${'é'.repeat(43)}`,
      `Bearer ${keys.right.id}`,
      'Bearer __proto__',
      'Bearer constructor',
      'Bearer local',
    ]
    for (const authorization of wrong) {
      const line = await raw(Buffer.from(authorization, 'utf8'))
      assert.match(line, /^HTTP\/1\.1 401 /, authorization)
    }
    assert.match(await raw(Buffer.from(`Bearer ${key}\0`)), /^HTTP\/1\.1 400 /)
    assert.match(await raw(Buffer.concat([Buffer.from('Bearer '), Buffer.alloc(1024 * 1024, 'a')])), / 431 /)
    assert.match(await raw(Buffer.from(`Bearer ${key}`)), /^HTTP\/1\.1 200 /)
  })

  test('is not the hash of a key, nor is a key made of it', async () => {
    const { key } = keys.right
    const sha256 = createHash('sha256').update(key)
    const hashes = [
      sha256.copy().digest('base64url'),
      sha256.copy().digest('hex'),
      createHmac('sha256', '').update(key).digest('base64url'),
    ]
    for (const hash of hashes) {
      for (const shown of [hash, `sk-sluice-${hash}`, `sk-sluice-${hash.slice(0, 43)}`]) {
        const response = await fetch(`${rig.url}/models`, { headers: { authorization: `Bearer ${shown}` } })
        assert.equal(response.status, 401)
      }
    }
  })

  test('counts only in the Authorization field', async () => {
    const { key } = keys.right
    for (const headers of [{ 'api-key': key }, { 'x-api-key': key }, { cookie: `key=${key}` }]) {
      assert.equal((await fetch(`${rig.url}/models`, { headers: { ...headers } })).status, 401)
    }
    assert.equal((await fetch(`${rig.url}/models?api_key=${key}&key=${key}&access_token=${key}`)).status, 401)
  })

  test('is taken as OpenAI clients send it, whatever the case of its scheme', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const headers = { authorization: `${scheme} ${keys.right.key}` }
      assert.equal((await fetch(`${rig.url}/models`, { headers })).status, 200)
    }
  })
})
