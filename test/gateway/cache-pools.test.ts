import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { IssuedKey, KeySpec } from '../../src/ledger/key-book.ts'
import type { CachePolicy } from '../../src/provider/provider.ts'
import { plainProvider, startRig, type Rig } from '../support/gateway.ts'

const POLICY: CachePolicy = { enabled: true, ttl: 3_600_000, pace: 'at-once', coalesce: true }
const SHORT = { model: 'sim:tokens=12,interval=0ms', stream: true }
const SLOW = { model: 'sim:tokens=20,interval=5ms', stream: true }

const poolRig = (): Promise<Rig> =>
  startRig({
    config: (simulator) => ({
      passthrough: plainProvider(simulator.url),
      keySecret: 'a-secret-for-the-tests-of-pools',
      cache: { maxBytes: 1e6, policy: POLICY },
    }),
  })

type Fields = { readonly authorization: string }

/** Header fields of a new key. */
function keyIn(rig: Rig, cachePool?: string, more: Partial<KeySpec> = {}): Fields {
  const spec: KeySpec = { name: 'k', scope: 'caller', limits: {}, cachePool, ...more }
  return { authorization: `Bearer ${issue(rig, spec).key}` }
}

function issue(rig: Rig, spec: KeySpec): IssuedKey {
  const { keys } = rig.server.gateway
  const issued = keys.book.create(spec)
  keys.look()
  return issued
}

async function ask(rig: Rig, body: object, key: Fields): Promise<Response> {
  return rig.chat(body, { headers: { 'content-type': 'application/json', ...key } })
}

async function resultOf(rig: Rig, body: object, key: Fields): Promise<string | null> {
  const response = await ask(rig, body, key)
  await response.text()
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  return response.headers.get('x-sluice-cache')
}

describe('keys and the cache', () => {
  test('keys have an answer to themselves unless they name the same pool', async () => {
    await using rig = await poolRig()
    const [alone, other] = [keyIn(rig), keyIn(rig)]
    const [one, two, stranger] = [keyIn(rig, 'team'), keyIn(rig, 'team'), keyIn(rig, 'team2')]
    assert.equal(await resultOf(rig, SHORT, alone), 'miss')
    assert.equal(await resultOf(rig, SHORT, alone), 'hit')
    assert.equal(await resultOf(rig, SHORT, other), 'miss')
    assert.equal(await resultOf(rig, SHORT, one), 'miss')
    assert.equal(await resultOf(rig, SHORT, two), 'hit')
    assert.equal(await resultOf(rig, SHORT, stranger), 'miss')
  })

  test('a pool named like a key shares nothing with it', async () => {
    await using rig = await poolRig()
    const { key, record } = issue(rig, { name: 'k', scope: 'caller', limits: {} })
    assert.equal(await resultOf(rig, SHORT, { authorization: `Bearer ${key}` }), 'miss')
    for (const name of [record.id, `owner ${record.id}`]) {
      assert.equal(await resultOf(rig, SHORT, keyIn(rig, name)), 'miss', name)
    }
  })

  test('a member of the pool resumes the answer it was given, and can do no more with it', async () => {
    await using rig = await poolRig()
    const [one, two, stranger] = [keyIn(rig, 'team'), keyIn(rig, 'team'), keyIn(rig)]
    const first = await ask(rig, SHORT, one)
    const text = await first.text()
    const url = `${rig.url}/streams/${first.headers.get('x-stream-id')}`
    assert.equal(await resultOf(rig, SHORT, two), 'hit')
    const rest = await fetch(`${url}?replay=full`, {
      headers: { ...two, 'last-event-id': `${url.split('/').at(-1)}:4` },
    })
    assert.equal(rest.status, 200)
    assert.ok(text.endsWith(await rest.text()))
    for (const [method, path] of [
      ['POST', '/cancel'],
      ['POST', '/ticket'],
      ['DELETE', ''],
    ] as const) {
      assert.equal((await fetch(url + path, { method, headers: two })).status, 404, `${method} ${path}`)
    }
    assert.equal((await fetch(url, { headers: stranger })).status, 404)
    assert.doesNotMatch(await (await fetch(`${rig.url}/streams`, { headers: two })).text(), /st_/)
  })

  test('a generation under way is shared within one key only: another key’s end must not end it', async () => {
    await using rig = await poolRig()
    const [one, two] = [keyIn(rig, 'team'), keyIn(rig, 'team')]
    const responses = await Promise.all([ask(rig, SLOW, one), ask(rig, SLOW, one), ask(rig, SLOW, two)])
    const results = responses.map((response) => response.headers.get('x-sluice-cache'))
    assert.deepEqual(results.slice(0, 2).filter((result) => result === 'coalesced').length, 1)
    assert.equal(results[2], 'miss')
    await Promise.all(responses.map((response) => response.text()))
  })

  test('an answer of a model that a key may not use is not given to it', async () => {
    await using rig = await poolRig()
    assert.equal(await resultOf(rig, SHORT, keyIn(rig, 'team')), 'miss')
    const response = await ask(rig, SHORT, keyIn(rig, 'team', { models: ['something-else'] }))
    assert.equal(response.status, 404)
    assert.equal(response.headers.get('x-sluice-cache'), null)
  })
})
