import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'
import { parseSettings } from '../../src/config/schema.ts'
import { Keys } from '../../src/gateway/keys.ts'
import { openDatabase } from '../../src/ledger/database.ts'
import { KeyBook, type KeyDigest, type KeySpec } from '../../src/ledger/key-book.ts'
import { KeyTable } from '../../src/ledger/keys.ts'
import { createKeyDigest } from '../../src/node/key-digest.ts'
import { openKeys } from '../../src/node/open-keys.ts'
import { TestClock } from '../support/clock.ts'
import { plainProvider, route, startRig, target, type Rig } from '../support/gateway.ts'
import { issueKey } from '../support/keys.ts'
import { until } from '../support/until.ts'

const SPEC: KeySpec = { name: 'test', scope: 'caller', limits: {} }
const MODEL = { model: 'sim:tokens=3', stream: true }
const SLOW = { model: 'sim:tokens=500,interval=20ms', stream: true }

const folders: string[] = []
after(() => Promise.all(folders.map((dir) => rm(dir, { recursive: true, force: true }))))

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-keys-'))
  folders.push(dir)
  return dir
}

/** A gateway whose keys are in a folder, where other processes can change them. */
async function rigIn(dir: string): Promise<Rig> {
  return startRig({
    config: (simulator) => ({
      passthrough: plainProvider(simulator.url),
      log: { kind: 'memory', retention: 3_600_000, dir },
    }),
  })
}

const codeOf = async (response: Response): Promise<string> => {
  const body: { error: { code: string } } = JSON.parse(await response.text())
  return body.error.code
}

describe('the keys of a running gateway', () => {
  function known(): { keys: Keys; clock: TestClock; looked: string[]; database: DatabaseSync } {
    const clock = new TestClock()
    const digest = createKeyDigest({ dir: undefined, configured: undefined })
    const looked: string[] = []
    const watched: KeyDigest = { ...digest, mac: (text, mayMake) => (looked.push(text), digest.mac(text, mayMake)) }
    const database = openDatabase(':memory:', 20)
    const keys = new Keys(new KeyBook(new KeyTable(database), watched, () => clock.date()), clock)
    return { keys, clock, looked, database }
  }

  test('are looked up in the ledger once, and again after a change', () => {
    const { keys, looked } = known()
    const { key, record } = keys.change((book) => book.create(SPEC))
    looked.length = 0
    for (let i = 0; i < 5; i++) assert.equal(keys.admit(key).id, record.id)
    assert.deepEqual(
      looked.filter((text) => text === key),
      [key],
    )
    keys.change((book) => book.create(SPEC))
    assert.equal(keys.admit(key).id, record.id)
    assert.equal(looked.filter((text) => text === key).length, 2)
  })

  test('that begin alike are two keys, also once they are remembered', () => {
    const { keys, database } = known()
    const digest = createKeyDigest({ dir: undefined, configured: 'a secret of the test' })
    const table = new KeyTable(database)
    const book = new KeyBook(table, digest, Date.now)
    const same = 'sk-sluice-' + 'a'.repeat(42)
    for (const end of ['A', 'B']) {
      const record = { ...SPEC, id: `key_${end}`, createdAt: 1 }
      table.create(record, digest.mac(same + end, true), digest.mac('sluice', true))
    }
    const both = new Keys(book, new TestClock())
    for (let i = 0; i < 3; i++) {
      assert.equal(both.admit(`${same}A`).id, 'key_A')
      assert.equal(both.admit(`${same}B`).id, 'key_B')
      assert.throws(() => both.admit(`${same}C`), { code: 'invalid_api_key' })
    }
    keys.stop()
  })

  test('expire to the millisecond, also while they are remembered', () => {
    const { keys, clock } = known()
    const { key } = keys.change((book) => book.create({ ...SPEC, expiresAt: clock.date() + 1_000 }))
    clock.advance(999)
    keys.admit(key)
    clock.advance(1)
    assert.throws(() => keys.admit(key), { code: 'invalid_api_key', message: 'This API key has expired' })
  })

  test('that were rotated are good until their time is over', () => {
    const { keys, clock } = known()
    const first = keys.change((book) => book.create(SPEC))
    const second = keys.change((book) => book.rotate(first.record.id, 5_000)) ?? assert.fail('no key')
    assert.equal(keys.admit(first.key).id, keys.admit(second.key).id)
    clock.advance(5_000)
    assert.throws(() => keys.admit(first.key), { code: 'invalid_api_key', message: 'This API key is not known here' })
    keys.admit(second.key)
  })

  test('stay required when the last one is revoked', () => {
    const { keys } = known()
    assert.equal(keys.isRequired, false)
    const { key, record } = keys.change((book) => book.create(SPEC))
    assert.equal(keys.isRequired, true)
    keys.change((book) => book.revoke(record.id))
    assert.throws(() => keys.admit(key), { code: 'key_revoked' })
    assert.equal(keys.isRequired, true)
  })

  test('are believed for five seconds while the ledger cannot be read, then nobody gets in', async () => {
    const clock = new TestClock()
    const dir = await folder()
    const open = openKeys(dir, undefined, true)
    const keys = new Keys(open.book, clock)
    const { key } = keys.change((book) => book.create(SPEC))
    keys.admit(key)
    const other = new DatabaseSync(join(dir, 'ledger.db'))
    other.exec('DROP TABLE key_state')
    clock.advance(4_000)
    keys.admit(key)
    clock.advance(2_000)
    const unavailable = { code: 'log_unavailable', message: 'The keys cannot be read now' }
    assert.throws(() => keys.admit(key), unavailable)
    assert.throws(() => keys.isRequired, unavailable)
    other.exec('CREATE TABLE key_state AS SELECT 1 one, 77 revision, NULL secret_mark')
    keys.admit(key)
    other.close()
    open.close()
  })
})

describe('a gateway with keys', () => {
  test('answers 503, never 200, while it cannot know who may call', async () => {
    const dir = await folder()
    await using rig = await rigIn(dir)
    const key = issueKey(rig.server)
    const other = new DatabaseSync(join(dir, 'ledger.db'), { timeout: 1_000 })
    // Not the one that was remembered: every key that has to be looked up.
    other.exec('ALTER TABLE key_hash RENAME TO lost')
    const response = await rig.chat(MODEL, { headers: key.headers })
    assert.equal(response.status, 503)
    const text = await response.text()
    assert.doesNotMatch(text, /key_hash|sql|table/i)
    assert.equal((await rig.chat(MODEL)).status, 401)
    other.exec('ALTER TABLE lost RENAME TO key_hash')
    other.close()
    assert.equal((await rig.chat(MODEL, { headers: key.headers })).status, 200)
  })

  test("asks for one as soon as another process has made the first, and keeps what was the local user's from it", async () => {
    const dir = await folder()
    await using rig = await rigIn(dir)
    const open = await rig.chat(MODEL)
    await open.text()
    const id = open.headers.get('x-stream-id') ?? ''
    assert.equal((await fetch(`${rig.url}/streams/${id}`, { method: 'HEAD' })).status, 200)
    const other = openKeys(dir, undefined, true)
    const { key } = other.book.create(SPEC)
    other.close()
    await until(() => !rig.server.gateway.isOpen, 1_500, 'keys are required')
    assert.equal((await rig.chat(MODEL)).status, 401)
    const headers = { authorization: `Bearer ${key}` }
    const answered = await rig.chat(MODEL, { headers })
    assert.equal(answered.status, 200)
    await answered.text()
    assert.equal((await fetch(`${rig.url}/streams/${id}`, { headers })).status, 404)
    const list: { data: object[] } = JSON.parse(await (await fetch(`${rig.url}/streams`, { headers })).text())
    assert.equal(list.data.length, 1)
  })

  test("ends a revoked key's streams in the middle with an honest error, whichever process revoked it, and no other's", async () => {
    const dir = await folder()
    await using rig = await rigIn(dir)
    const doomed = issueKey(rig.server)
    const spared = issueKey(rig.server)
    const streams = await Promise.all([doomed, spared].map(({ headers }) => rig.chat(SLOW, { headers })))
    const [cut, whole] = streams
    const ticketed = cut?.headers.get('x-stream-id') ?? ''
    const issued = await fetch(`${rig.url}/streams/${ticketed}/ticket`, { method: 'POST', headers: doomed.headers })
    const { ticket }: { ticket: string } = JSON.parse(await issued.text())
    const other = openKeys(dir, undefined, false)
    const revokedAt = performance.now()
    other.book.revoke(doomed.id)
    other.close()
    const text = (await cut?.text()) ?? ''
    assert.ok(performance.now() - revokedAt < 1_500, 'within a second or so')
    assert.match(text, /"content"/)
    assert.match(text, /\ndata: \{"error":\{[^}]*"code":"key_revoked"[^}]*\}\}\n\n$/)
    assert.doesNotMatch(text, /\[DONE\]/)
    assert.equal(await codeOf(await rig.chat(MODEL, { headers: doomed.headers })), 'key_revoked')
    assert.equal((await fetch(`${rig.url}/streams/${ticketed}?ticket=${ticket}`)).status, 404, 'nor by a ticket')
    assert.equal(rig.server.gateway.openStreams, 1)
    const id = whole?.headers.get('x-stream-id')
    await fetch(`${rig.url}/streams/${id}/cancel`, { method: 'POST', headers: spared.headers })
    await whole?.body?.cancel()
  })

  test("starts no stream for a key that is revoked while its request's body is on its way", async () => {
    await using rig = await startRig()
    const key = issueKey(rig.server)
    const sent = request(`${rig.url}/chat/completions`, {
      method: 'POST',
      headers: { ...key.headers, expect: '100-continue' },
    })
    const answered = once(sent, 'response')
    sent.flushHeaders()
    // The server says so when it has the head, in the turn in which it lets the request in.
    await once(sent, 'continue')
    rig.server.gateway.keys.change((book) => book.revoke(key.id))
    sent.end(JSON.stringify({ ...MODEL, messages: [{ role: 'user', content: 'Hello' }] }))
    const [answer]: IncomingMessage[] = await answered
    assert.equal(answer?.statusCode, 401)
    assert.match((await answer?.toArray())?.join('') ?? '', /key_revoked/)
    assert.equal(rig.simulator.requests.length, 0)
  })

  test('takes tokens of clients beside keys, and each stays with its own streams', async () => {
    const client = { keyId: 'alice', secret: 'alice-secret-0123456789' }
    await using rig = await startRig({
      config: (simulator) => ({
        passthrough: plainProvider(simulator.url),
        auth: { clients: [client], tokenLifetime: 60_000 },
      }),
    })
    const exchange = { method: 'POST', body: JSON.stringify(client) }
    const exchanged = await fetch(`${rig.server.url}/api/v1/auth/token`, exchange)
    const { access_token: token }: { access_token: string } = JSON.parse(await exchanged.text())
    const alice = { authorization: `Bearer ${token}` }
    const key = issueKey(rig.server)
    for (const [headers, other] of [
      [alice, key.headers],
      [key.headers, alice],
    ] as const) {
      const response = await rig.chat(MODEL, { headers })
      assert.equal(response.status, 200)
      await response.text()
      const url = `${rig.url}/streams/${response.headers.get('x-stream-id')}`
      assert.equal((await fetch(url, { method: 'HEAD', headers })).status, 200)
      assert.equal((await fetch(url, { method: 'HEAD', headers: other })).status, 404)
    }
    // A token lets nobody into the operator's routes, whether there is an admin key or not.
    assert.equal((await fetch(`${rig.server.url}/admin/v1/keys`, { headers: alice })).status, 401)
  })

  test("refuses what another site's page sends while anybody local may call", async () => {
    await using rig = await startRig()
    const site = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
    assert.equal((await rig.chat(MODEL, { headers: site })).status, 403)
    const body = JSON.stringify({ name: 'lockout' })
    for (const headers of [site, { origin: 'https://evil.example' }, { 'sec-fetch-site': 'same-site' }]) {
      const response = await fetch(`${rig.server.url}/admin/v1/keys`, { method: 'POST', headers: { ...headers }, body })
      assert.equal(response.status, 403)
    }
    assert.equal(rig.server.gateway.isOpen, true)
    assert.equal(rig.simulator.requests.length, 0)
  })
})

test('no client can be named like the local user, or like a key', () => {
  for (const keyId of ['local', 'key_0123456789abcdef01234567']) {
    const auth = { clients: [{ keyId, secret: 'a-secret-0123456789' }] }
    const parsed = parseSettings({ auth, providers: {}, models: {} })
    assert.deepEqual(
      parsed.error?.issues.map(({ path }) => path.join('.')),
      ['auth.clients.0.keyId'],
    )
  }
})

describe('a key with a list of models', () => {
  const rigFor = (): Promise<Rig> =>
    startRig({
      config: (simulator) => {
        const provider = plainProvider(simulator.url)
        const names = ['default', 'team/small', 'team/large', 'secret-model']
        return {
          routes: new Map(names.map((name) => [name, route(name, [target(provider, 'sim:tokens=3')])])),
          prefixes: new Map([['any/', route('any/', [target(provider)])]]),
        }
      },
    })

  test('is shown those, and told of the others what it is told of names that nobody knows', async () => {
    await using rig = await rigFor()
    const { headers } = issueKey(rig.server, { models: ['team/*', 'any/one'] })
    const listed = await fetch(`${rig.url}/models`, { headers })
    const { data }: { data: { id: string }[] } = JSON.parse(await listed.text())
    assert.deepEqual(
      data.map(({ id }) => id),
      ['team/small', 'team/large'],
    )
    for (const path of ['chat/completions', 'embeddings']) {
      const messages = new Set<string>()
      for (const model of ['secret-model', 'unknown-mode', 'any/two', 'default', 'team']) {
        const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], input: 'Hello' })
        const response = await fetch(`${rig.url}/${path}`, { method: 'POST', headers, body })
        assert.equal(response.status, 404, `${path} ${model}`)
        const { error }: { error: { message: string; code: string } } = JSON.parse(await response.text())
        assert.equal(error.code, 'model_not_found')
        messages.add(error.message.replace(model, 'NAME'))
      }
      assert.equal(messages.size, 1, [...messages].join('\n'))
      assert.doesNotMatch([...messages].join(), /secret-model/)
    }
    assert.equal((await fetch(`${rig.url}/models/secret-model`, { headers })).status, 404)
    assert.equal((await fetch(`${rig.url}/models/team/small`, { headers })).status, 200)
    assert.equal((await rig.chat({ model: 'team/small' }, { headers })).status, 200)
    assert.equal((await rig.chat({ model: 'any/one' }, { headers })).status, 200)
    const asked = rig.simulator.requests.filter(({ path }) => path.endsWith('/chat/completions'))
    assert.equal(asked.length, 2)
  })

  test('reaches no other by naming a fallback, on another wire, or as the default', async () => {
    await using rig = await rigFor()
    const { headers } = issueKey(rig.server, { models: ['team/small'] })
    const fallbacks = { model: 'team/small', fallback_models: ['secret-model', 'any/two'], models: ['secret-model'] }
    const response = await rig.chat(fallbacks, { headers })
    assert.equal(response.status, 200)
    await response.text()
    const sent = JSON.stringify(rig.simulator.requests)
    assert.doesNotMatch(sent, /secret-model|any\/two/)
    for (const model of ['secret-model', 'default', undefined]) {
      const body = JSON.stringify({ model, stream: false, messages: [{ role: 'user', content: 'Hello' }] })
      const answer = await fetch(`${rig.server.url}/api/v1/chat/completions`, { method: 'POST', headers, body })
      assert.equal(answer.status, 200)
      const id = answer.headers.get('x-stream-id')
      await answer.text()
      const state: { model: string } = JSON.parse(
        await (await fetch(`${rig.url}/streams/${id}?format=json`, { headers })).text(),
      )
      assert.equal(state.model, 'team/small')
    }
    const none = issueKey(rig.server, { models: ['nothing-here'] })
    const relayed = await fetch(`${rig.server.url}/stream-chat`, { headers: none.headers })
    assert.match(await relayed.text(), /No model is configured here/)
  })
})

test("a key's own policy for a reader who leaves holds unless the request says another", async () => {
  await using rig = await startRig()
  const { headers } = issueKey(rig.server, { onDisconnect: 'cancel' })
  for (const [more, open] of [
    [{}, 0],
    [{ 'x-stream-on-disconnect': 'continue' }, 1],
  ] as const) {
    const response = await rig.chat(SLOW, { headers: { ...headers, ...more } })
    await response.body?.cancel()
    if (open === 0) await until(() => rig.server.gateway.openStreams === 0, 2_000, 'it is cancelled')
    else {
      // The server has seen the reader leave by the time it answers the next request on any connection.
      await (await fetch(`${rig.url}/models`, { headers })).text()
      assert.equal(rig.server.gateway.openStreams, 1)
      const id = response.headers.get('x-stream-id')
      assert.equal((await fetch(`${rig.url}/streams/${id}/cancel`, { method: 'POST', headers })).status, 202)
    }
  }
})
