import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { GatewayConfig } from '../../src/config/config.ts'
import type { CachePolicy, Deadlines } from '../../src/provider/provider.ts'
import { FAULTS } from '../../src/simulator/faults.ts'
import { answerFor, type Simulator } from '../../src/simulator/index.ts'
import { plainProvider, route, startRig, target, type Rig, type RigOptions } from '../support/gateway.ts'
import { recordedFolder, recordedStreams } from '../support/recorded.ts'
import { eventsOf, readEvents, textOf } from '../support/sse.ts'
import { until } from '../support/until.ts'

/** PROTOCOL 11: answers given again. */

const ON: CachePolicy = { enabled: true, ttl: 3_600_000, pace: 'at-once', coalesce: false }
const CLIENTS = ['alice', 'bob'].map((keyId) => ({ keyId, secret: `${keyId}-secret-0123456789` }))

const caching =
  (policy: Partial<CachePolicy> = {}, more: Partial<GatewayConfig> = {}) =>
  (simulator: Simulator): Partial<GatewayConfig> => ({
    passthrough: plainProvider(simulator.url),
    cache: { maxBytes: 10_000_000, policy: { ...ON, ...policy } },
    ...more,
  })

const rigOf = (policy?: Partial<CachePolicy>, more?: Partial<GatewayConfig>, options: RigOptions = {}): Promise<Rig> =>
  startRig({ ...options, config: caching(policy, more) })

const json = { 'content-type': 'application/json' }
const post = (rig: Rig, body: object, headers: Record<string, string> = {}): Promise<Response> =>
  rig.chat(body, { headers: { ...json, ...headers } })

/** What the cache did for a request, and the text of its answer. */
async function ask(rig: Rig, body: object, headers: Record<string, string> = {}): Promise<readonly [string, string]> {
  const response = await post(rig, body, headers)
  return [response.headers.get('x-sluice-cache') ?? 'none', await response.text()]
}

/** Resolves when so many answers are in the cache: one gets there after its reader has been given everything. */
async function kept(rig: Rig, count: number): Promise<void> {
  const started = performance.now()
  for (;;) {
    const metrics = await (await fetch(`${rig.server.url}/metrics`)).text()
    if (Number(/^sluice_cache_answers (\d+)/m.exec(metrics)?.[1]) >= count) return
    assert.ok(performance.now() - started < 3_000, 'never in the cache')
  }
}

/** The text of an answer out of the cache, which is the `count`th one in it. */
async function askCached(rig: Rig, body: object, count = 1): Promise<string> {
  await kept(rig, count)
  const [result, text] = await ask(rig, body)
  assert.equal(result, 'hit')
  return text
}

const SHORT = { model: 'sim:tokens=12,interval=0ms,first=0ms', stream: true }

describe('a cached answer', () => {
  test('of every recorded provider stream is given again byte for byte, with reasoning, tool calls and usage', async () => {
    await using rig = await rigOf({}, {}, { simulator: { replayDir: recordedFolder } })
    let again = 0
    for (const { name, kind, expected, data } of recordedStreams()) {
      if (kind !== 'chat.completion.chunk') continue
      const body = { model: `replay:${name}`, stream: true, stream_options: { include_usage: true } }
      const [result, first] = await ask(rig, body)
      assert.equal(result, 'miss', name)
      const asked = rig.simulator.requests.length
      const isComplete = expected.choices.every(({ finish_reason: end }) => end === 'stop' || end === 'tool_calls')
      if (!isComplete) {
        assert.equal((await ask(rig, body))[0], 'miss', `${name} did not end as an answer ends`)
        continue
      }
      assert.equal(await askCached(rig, body, ++again), first, name)
      assert.deepEqual(
        eventsOf(first).map((event) => event.data),
        data,
        name,
      )
      // The same log serves the request that is not streamed.
      const [whole, text] = await ask(rig, { model: `replay:${name}`, stream: false })
      assert.equal(whole, 'hit', name)
      const completion: { choices: { message: Record<string, unknown> }[]; usage?: object } = JSON.parse(text)
      assert.equal(completion.choices[0]?.message['content'] ?? '', expected.choices[0]?.content, name)
      assert.equal(completion.usage === undefined, expected.usage === null, name)
      assert.equal(rig.simulator.requests.length, asked, `${name}: nobody was asked`)
    }
    assert.ok(again >= 12, `${again} streams`)
  })

  test('that was streamed without usage serves such a stream, and a completion with usage', async () => {
    await using rig = await rigOf()
    const [, first] = await ask(rig, SHORT)
    assert.equal(await askCached(rig, SHORT), first)
    assert.doesNotMatch(first, /"usage":\{/)
    const [result, text] = await ask(rig, { ...SHORT, stream: false })
    assert.equal(result, 'hit')
    assert.match(text, /"usage":\{"prompt_tokens":\d+/)
    assert.equal((await ask(rig, { ...SHORT, stream_options: { include_usage: true } }))[0], 'miss')
  })

  test('is a stream: it names the one that answered first, and can be resumed', async () => {
    await using rig = await rigOf()
    const first = await post(rig, SHORT)
    const id = first.headers.get('x-stream-id')
    await first.text()
    const text = await askCached(rig, SHORT)
    const response = await post(rig, SHORT)
    assert.equal(response.headers.get('x-stream-id'), id)
    await response.text()
    const rest = await fetch(`${rig.url}/streams/${id}?replay=full`, { headers: { 'last-event-id': `${id}:4` } })
    assert.ok(text.endsWith(await rest.text()))
  })

  test('is given only to the same request', async () => {
    await using rig = await rigOf()
    const base = { ...SHORT, temperature: 0.5, tools: [{ type: 'function', function: { name: 'f', parameters: {} } }] }
    await ask(rig, base)
    await askCached(rig, base)
    const other = { tools: base.tools, temperature: 0.5, stream: true, model: base.model }
    assert.equal((await ask(rig, other))[0], 'hit', 'whatever the order of the keys')
    for (const change of [
      { temperature: 0.6 },
      { seed: 1 },
      { n: 2 },
      { tools: [] },
      { user: 'x' },
      { max_tokens: 5 },
    ]) {
      assert.equal((await ask(rig, { ...base, ...change }))[0], 'miss', JSON.stringify(change))
    }
    assert.equal((await ask(rig, base, { 'x-stream-repair': 'on' }))[0], 'miss')
  })

  test('is neither looked for nor kept where the caller says no-store, and not looked for where it says no-cache', async () => {
    await using rig = await rigOf()
    assert.equal((await ask(rig, SHORT, { 'cache-control': 'no-store' }))[0], 'bypass')
    assert.equal((await ask(rig, SHORT))[0], 'miss')
    await askCached(rig, SHORT)
    const asked = rig.simulator.requests.length
    assert.equal((await ask(rig, SHORT, { 'cache-control': 'max-age=0, No-Cache' }))[0], 'bypass')
    assert.equal(rig.simulator.requests.length, asked + 1)
    const other = { ...SHORT, seed: 4 }
    assert.equal((await ask(rig, other, { 'cache-control': 'no-cache' }))[0], 'bypass')
    await askCached(rig, other, 2)
  })

  test('ends with its stream when that is erased', async () => {
    await using rig = await rigOf()
    const first = await post(rig, SHORT)
    await first.text()
    await askCached(rig, SHORT)
    await fetch(`${rig.url}/streams/${first.headers.get('x-stream-id')}`, { method: 'DELETE' })
    assert.equal((await ask(rig, SHORT))[0], 'miss')
  })

  test('is counted', async () => {
    await using rig = await rigOf()
    await ask(rig, SHORT)
    await askCached(rig, SHORT)
    const metrics = await (await fetch(`${rig.server.url}/metrics`)).text()
    assert.match(metrics, /sluice_cache_requests_total\{model="sim:[^"]*",result="hit"\} 1/)
    assert.match(metrics, /sluice_cache_answers 1/)
  })

  test('comes at the pace of the first time where that is configured', async () => {
    await using rig = await rigOf({ pace: 'recorded' })
    const body = { model: 'sim:tokens=10,interval=30ms,first=60ms', stream: true }
    const started = performance.now()
    const [, first] = await ask(rig, body)
    const took = performance.now() - started
    await until(() => rig.logger.lines.some(({ message }) => message === 'stream ended'), 1_000, 'ended')
    const restarted = performance.now()
    assert.equal(await askCached(rig, body), first)
    const tookAgain = performance.now() - restarted
    assert.ok(tookAgain > took * 0.7, `${tookAgain} ms, the first time ${took} ms`)
    const whole = performance.now()
    await ask(rig, { ...body, stream: false })
    assert.ok(performance.now() - whole < took / 2, 'a whole completion has nothing to wait for')
  })

  test('is found by the next process on the same folder', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'sluice-cache-'))
    const log = { kind: 'file', retention: 3_600_000, dir, durability: 'process' } as const
    let first = ''
    let place = ''
    try {
      {
        await using rig = await rigOf({ pace: 'recorded' }, { log })
        first = (await ask(rig, SHORT))[1]
        await askCached(rig, SHORT)
        place = rig.simulator.url
      }
      // At the same address, as far as anybody can tell: another one would be another answer.
      const config = caching({ pace: 'recorded' }, { log, passthrough: plainProvider(place) })
      await using rig = await startRig({ config })
      const [result, text] = await ask(rig, SHORT)
      assert.equal(result, 'hit')
      assert.equal(text, first)
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  })
})

describe('without a cache', () => {
  test('equal requests are two generations, and no header speaks of one', async () => {
    await using rig = await startRig()
    assert.equal((await ask(rig, SHORT))[0], 'none')
    assert.equal((await ask(rig, SHORT))[0], 'none')
    assert.equal(rig.simulator.requests.length, 2)
  })

  test('a model can have one of its own, or do without', async () => {
    await using rig = await startRig({
      config: (simulator) => {
        const targets = [target(plainProvider(simulator.url), 'sim:tokens=3,interval=0ms')]
        const routes = [
          route('cached', targets, { cache: ON }),
          route('fresh', targets, { cache: { ...ON, enabled: false } }),
        ]
        return { routes: new Map(routes.map((one) => [one.model, one])), cache: { maxBytes: 1e6, policy: ON } }
      },
    })
    await ask(rig, { model: 'cached', stream: true })
    await askCached(rig, { model: 'cached', stream: true })
    assert.equal((await ask(rig, { model: 'fresh', stream: true }))[0], 'none')
  })
})

describe('two tenants', () => {
  test('never share an answer, finished or under way, nor learn of one', async () => {
    await using rig = await rigOf({ coalesce: true }, { auth: { clients: CLIENTS, tokenLifetime: 60_000 } })
    const [alice = {}, bob = {}] = await Promise.all(
      CLIENTS.map(async (pair) => {
        const body = JSON.stringify(pair)
        const response = await fetch(`${rig.server.url}/api/v1/auth/token`, { method: 'POST', body })
        const { access_token: token }: { access_token: string } = JSON.parse(await response.text())
        return { authorization: `Bearer ${token}` }
      }),
    )
    const first = await post(rig, SHORT, alice)
    await first.text()
    await until(() => rig.logger.lines.length > 0, 1_000, 'ended')
    assert.equal((await ask(rig, SHORT, alice))[0], 'hit')
    assert.equal((await ask(rig, SHORT, bob))[0], 'miss', 'the same as for a request nobody ever sent')
    const id = first.headers.get('x-stream-id')
    assert.equal((await fetch(`${rig.url}/streams/${id}`, { headers: bob })).status, 404)
    const slow = { model: 'sim:tokens=20,interval=5ms', stream: true }
    const both = await Promise.all([post(rig, slow, alice), post(rig, slow, bob)])
    assert.deepEqual(
      both.map((response) => response.headers.get('x-sluice-cache')),
      ['miss', 'miss'],
    )
    await Promise.all(both.map((response) => response.text()))
  })
})

const HASTY: Partial<Deadlines> = { head: 1_500, firstToken: 1_500, betweenTokens: 700, total: 2_000 }

describe('an incomplete answer', () => {
  test('is never kept, whatever the provider does wrong', async () => {
    await using rig = await startRig({
      config: (simulator) => {
        const routes = Object.keys(FAULTS).map((fault) => {
          const model = `sim:tokens=12,interval=0ms,first=0ms,fault=${fault}`
          return route(fault, [target(plainProvider(simulator.url), model, HASTY)], { maxAttempts: 1 })
        })
        return {
          routes: new Map(routes.map((one) => [one.model, one])),
          cache: { maxBytes: 100_000_000, policy: ON },
        }
      },
    })
    const model = 'sim:tokens=12,interval=0ms,first=0ms'
    const messages = [{ role: 'user', content: 'Tell me a story' }]
    const healthy = answerFor({ model, messages })
    const hits: string[] = []
    const judge = async (fault: string): Promise<void> => {
      const body = { model: fault, stream: true }
      const response = await post(rig, body)
      assert.notEqual(response.headers.get('x-sluice-cache'), 'hit', fault)
      await response.text().catch(() => '')
      const id = response.headers.get('x-stream-id')
      // Its stream is closed, and whoever keeps answers has looked at it.
      if (id !== null)
        await until(() => rig.logger.lines.some(({ facts }) => Object.values(facts).includes(id)), 9_000, fault)
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
      const [result, text] = await ask(rig, body).catch(() => ['cut', ''] as const)
      if (result !== 'hit') return
      hits.push(fault)
      const events = eventsOf(text)
      assert.equal(textOf(events), healthy, fault)
      assert.equal(events.at(-1)?.data, '[DONE]', fault)
      assert.ok(
        events.some(({ data }) => data.includes('"finish_reason":"stop"')),
        fault,
      )
    }
    await Promise.all(Object.keys(FAULTS).map(judge))
    // What only looks like a fault is kept, or this test could not fail.
    for (const harmless of ['gzip', 'no-done', 'usage-missing', 'late-usage'])
      assert.ok(hits.includes(harmless), harmless)
    for (const cut of ['cut', 'reset', 'no-finish', 'content-filter', 'truncated-utf8', 'error-then-done']) {
      assert.ok(!hits.includes(cut), cut)
    }
  })

  test('is not one that was cut by its length, cancelled, or joined from two attempts', async () => {
    await using rig = await startRig({
      config: (simulator) => {
        const provider = plainProvider(simulator.url)
        const broken = target(provider, 'sim:tokens=40,interval=0ms,fault=cut@20')
        const sound = target({ ...provider, name: 'spare' }, 'sim:tokens=40,interval=0ms')
        return {
          passthrough: provider,
          routes: new Map([['joined', route('joined', [broken, sound])]]),
          cache: { maxBytes: 1e6, policy: ON },
        }
      },
    })
    const limited = { ...SHORT, max_tokens: 3 }
    const [, text] = await ask(rig, limited)
    assert.match(text, /"finish_reason":"length"/)
    const joined = { model: 'joined', stream: true }
    assert.match((await ask(rig, joined))[1], /"finish_reason":"stop"/)
    const endless = { model: 'sim:tokens=500,interval=10ms', stream: true }
    const response = await post(rig, endless)
    await fetch(`${rig.url}/streams/${response.headers.get('x-stream-id')}/cancel`, { method: 'POST' })
    await response.text()
    await until(() => rig.logger.lines.length >= 3, 2_000, 'all ended')
    for (const body of [limited, joined, endless]) {
      const again = await post(rig, body, { 'x-stream-on-disconnect': 'cancel' })
      assert.equal(again.headers.get('x-sluice-cache'), 'miss', JSON.stringify(body))
      await again.body?.cancel()
    }
  })
})

describe('equal requests at the same time', () => {
  const SLOW = { model: 'sim:tokens=40,interval=5ms,first=20ms', stream: true }

  test('share one generation, and each gets all of it', async () => {
    await using rig = await rigOf({ coalesce: true, enabled: false })
    const responses = await Promise.all([1, 2, 3, 4].map(() => post(rig, SLOW)))
    const results = responses.map((response) => response.headers.get('x-sluice-cache') ?? '')
    assert.deepEqual(
      results.toSorted((a, b) => a.localeCompare(b)),
      ['coalesced', 'coalesced', 'coalesced', 'miss'],
    )
    assert.equal(new Set(responses.map((response) => response.headers.get('x-stream-id'))).size, 1)
    const texts = await Promise.all(responses.map((response) => response.text()))
    assert.equal(new Set(texts.map((text) => textOf(eventsOf(text)))).size, 1)
    assert.match(texts[0] ?? '', /\[DONE\]/)
    assert.equal(rig.simulator.requests.length, 1)
    assert.equal((await ask(rig, SLOW))[0], 'miss', 'once it has ended, it is over: nothing was kept')
  })

  test('outlive the one that came first', async () => {
    await using rig = await rigOf({ coalesce: true })
    const headers = { 'x-stream-on-disconnect': 'cancel' }
    const first = await post(rig, SLOW, headers)
    const second = await post(rig, SLOW, headers)
    await readEvents(first, 3)
    assert.equal(
      textOf(eventsOf(await second.text())),
      answerFor({ ...SLOW, messages: [{ role: 'user', content: 'Tell me a story' }] }),
    )
    assert.equal(rig.simulator.requests.length, 1)
  })

  test('end when the last of them has left', async () => {
    await using rig = await rigOf({ coalesce: true })
    const headers = { 'x-stream-on-disconnect': 'cancel' }
    const long = { model: 'sim:tokens=2000,interval=5ms', stream: true }
    const both = [await post(rig, long, headers), await post(rig, long, headers)]
    await Promise.all(both.map((response) => readEvents(response, 2)))
    await until(() => rig.simulator.open === 0, 2_000, 'the provider is left')
    assert.ok(rig.logger.lines.some(({ facts }) => 'outcome' in facts && facts.outcome === 'cancelled'))
  })

  test('obey the most patient of them', async () => {
    await using rig = await rigOf({ coalesce: true })
    const first = await post(rig, SLOW, { 'x-stream-on-disconnect': 'cancel' })
    const second = await post(rig, SLOW, { 'x-stream-on-disconnect': 'continue' })
    await Promise.all([readEvents(first, 2), readEvents(second, 2)])
    await until(() => rig.logger.lines.length > 0, 3_000, 'ended')
    assert.equal((await ask(rig, SLOW))[0], 'hit')
  })

  test('are refused alike, and whoever comes after a refusal asks anew', async () => {
    await using rig = await rigOf({ coalesce: true })
    const body = { model: 'sim:fault=http-400', stream: true }
    const responses = await Promise.all([post(rig, body), post(rig, body)])
    assert.deepEqual(
      responses.map(({ status }) => status),
      [400, 400],
    )
    await Promise.all(responses.map((response) => response.text()))
    const asked = rig.simulator.requests.length
    assert.equal((await post(rig, body)).status, 400)
    assert.ok(rig.simulator.requests.length > asked)
  })

  test('of a conversation each have a stream of their own', async () => {
    await using rig = await rigOf({ coalesce: true })
    const headers = { 'x-stream-conversation': 'c1' }
    const both = await Promise.all([post(rig, SLOW, headers), post(rig, SLOW, headers)])
    assert.equal(new Set(both.map((response) => response.headers.get('x-stream-id'))).size, 2)
    await Promise.all(both.map((response) => response.text()))
  })
})
