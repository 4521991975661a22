import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import OpenAI from 'openai'
import { startRig, type Rig } from '../support/gateway.ts'
import { eventsOf } from '../support/sse.ts'

/** PROTOCOL 6: starting once. */

let rig: Rig
before(async () => void (rig = await startRig()))
after(() => rig[Symbol.asyncDispose]())

const json = { 'content-type': 'application/json' }
let unique = 0
const fresh = (model = 'sim:tokens=20,interval=2ms,first=1ms', stream = true): object => ({
  model,
  stream,
  messages: [{ role: 'user', content: `Tell me story number ${++unique}` }],
})
const post = (body: object, headers: Record<string, string>): Promise<Response> =>
  rig.chat(body, { headers: { ...json, ...headers } })

describe('an Idempotency-Key', () => {
  test('sent twice starts one generation, and both get all of it', async () => {
    const already = rig.simulator.requests.length
    const body = fresh()
    const [one, two] = await Promise.all([
      post(body, { 'idempotency-key': 'a-1' }),
      post(body, { 'idempotency-key': 'a-1' }),
    ])
    assert.equal(one.headers.get('x-stream-id'), two.headers.get('x-stream-id'))
    assert.deepEqual(eventsOf(await one.text()), eventsOf(await two.text()))
    const later = await post(body, { 'idempotency-key': 'a-1' })
    assert.equal(later.headers.get('x-stream-id'), one.headers.get('x-stream-id'))
    await later.text()
    assert.equal(rig.simulator.requests.length, already + 1)
  })

  test('with another body is refused', async () => {
    await (await post(fresh(), { 'idempotency-key': 'a-2' })).text()
    const response = await post(fresh(), { 'idempotency-key': 'a-2' })
    assert.equal(response.status, 422)
    assert.match(await response.text(), /idempotency_mismatch/)
  })

  test('works for a whole completion as well', async () => {
    const body = fresh('sim:tokens=20,interval=1ms', false)
    const already = rig.simulator.requests.length
    const one: { choices: unknown } = JSON.parse(await (await post(body, { 'idempotency-key': 'a-3' })).text())
    const two: { choices: unknown } = JSON.parse(await (await post(body, { 'idempotency-key': 'a-3' })).text())
    assert.deepEqual(one.choices, two.choices)
    assert.equal(rig.simulator.requests.length, already + 1)
  })

  test('of a request that came to nothing starts anew', async () => {
    const body = fresh('sim:tokens=5,fault=http-503')
    const already = rig.simulator.requests.length
    assert.equal((await post(body, { 'idempotency-key': 'a-4' })).status, 503)
    const tries = rig.simulator.requests.length - already
    assert.equal((await post(body, { 'idempotency-key': 'a-4' })).status, 503)
    assert.ok(rig.simulator.requests.length > already + tries)
  })

  test('must be a key', async () => {
    assert.equal((await post(fresh(), { 'idempotency-key': 'x'.repeat(300) })).status, 400)
  })
})

describe("an official SDK's retry", () => {
  test('attaches to the stream that its first try started', async () => {
    const body = fresh()
    const already = rig.simulator.requests.length
    const first = await post(body, { 'x-stainless-retry-count': '0' })
    const retry = await post(body, { 'x-stainless-retry-count': '1' })
    assert.equal(retry.headers.get('x-stream-id'), first.headers.get('x-stream-id'))
    assert.deepEqual(eventsOf(await retry.text()), eventsOf(await first.text()))
    assert.equal(rig.simulator.requests.length, already + 1)
  })

  test('of a failed request generates anew', async () => {
    const body = fresh('sim:tokens=6,fault=http-503')
    await (await post(body, { 'x-stainless-retry-count': '0' })).text()
    const already = rig.simulator.requests.length
    await (await post(body, { 'x-stainless-retry-count': '1' })).text()
    assert.ok(rig.simulator.requests.length > already)
  })

  test('is what openai-node does when its connection breaks before the head', async () => {
    const body = fresh()
    let calls = 0
    const openai = new OpenAI({
      baseURL: rig.url,
      apiKey: 'unused',
      maxRetries: 2,
      fetch: async (url, init) => {
        const response = await fetch(url, init)
        if (++calls > 1) return response
        throw new TypeError('the answer to the first try is lost')
      },
    })
    const already = rig.simulator.requests.length
    const model = 'sim:tokens=20,interval=2ms,first=1ms'
    const messages = [{ role: 'user' as const, content: JSON.stringify(body) }]
    let text = ''
    for await (const chunk of await openai.chat.completions.create({ model, messages, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? ''
    }
    assert.ok(text.length > 0)
    assert.equal(rig.simulator.requests.length, already + 1)
  })
})

describe('two deliberate identical requests', () => {
  test('are two generations', async () => {
    const body = fresh()
    const already = rig.simulator.requests.length
    const headers = { 'x-stainless-retry-count': '0' }
    const [one, two] = await Promise.all([post(body, headers), post(body, headers)])
    assert.notEqual(one.headers.get('x-stream-id'), two.headers.get('x-stream-id'))
    await Promise.all([one.text(), two.text()])
    assert.equal(rig.simulator.requests.length, already + 2)
  })
})
