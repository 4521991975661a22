import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { plainProvider, route, startRig, target, type Rig } from '../support/gateway.ts'
import { issueKey, type TestKey } from '../support/keys.ts'
import { until } from '../support/until.ts'

const SLOW = 'sim:tokens=500,interval=10ms'

interface WireOverview {
  readonly streams: number
  readonly open: readonly {
    readonly id: string
    readonly key: string
    readonly provider: string
    readonly target_model: string | null
    readonly attempts: number
    readonly rescued: boolean
    readonly state: string
    readonly chunks: number
    readonly readers: number
  }[]
  readonly breakers: readonly {
    readonly model: string
    readonly state: string
    readonly since_ms: number | null
    readonly retry_in_ms: number | null
  }[]
  readonly limits: readonly {
    readonly name: string
    readonly running: number
    readonly max_concurrent: number | null
  }[]
  readonly health: { readonly log: string | null; readonly ledger: string | null }
}

interface WireHistory {
  readonly usage: readonly { readonly key: string; readonly completion_tokens: number; readonly nano_dollars: number }[]
  readonly providers: readonly { readonly provider: string; readonly failed: number; readonly codes: object }[]
  readonly total: {
    readonly completed: number
    readonly failed: number
    readonly rescued: number
    readonly ttft_ms: object
  }
}

interface WireRow {
  readonly id: string
  readonly provider?: string
  readonly rescued?: boolean
  readonly attempts?: number
  readonly duration_ms?: number
  readonly charge?: { readonly completion_tokens: number }
  readonly spent?: { readonly nano_dollars: number; readonly budget_nano_dollars: number }
}

/** A gateway of two providers: `fine` works, `cut` is rescued, `broken` never answers. */
async function startHouse(): Promise<{ readonly rig: Rig; readonly caller: TestKey; readonly admin: TestKey }> {
  const rig = await startRig({
    config: ({ url }) => {
      const [east, west] = ['east', 'west'].map((name) =>
        plainProvider(url, { name, continuation: 'continue_final_message' }),
      )
      assert.ok(east !== undefined && west !== undefined)
      const routes = [
        route('fine', [target(east, 'sim:tokens=20,interval=0ms')]),
        route('slow', [target(east, SLOW)]),
        route('cut', [target(east, 'sim:tokens=30,interval=0ms,fault=cut@9'), target(west, 'sim:tokens=30')]),
        route('broken', [target(west, 'sim:fault=http-503')], { maxAttempts: 1 }),
      ]
      const prices = { '*': { input: 1, cachedInput: 1, output: 2 } }
      return {
        routes: new Map(routes.map((each) => [each.model, each])),
        prices: { models: {}, providers: new Map(['east', 'west'].map((name) => [name, prices])) },
      }
    },
  })
  const caller = issueKey(rig.server, {
    limits: { maxConcurrent: 9, budget: { nanoDollars: 1_000_000_000, period: 'month' } },
  })
  return { rig, caller, admin: issueKey(rig.server, { scope: 'admin' }) }
}

describe('what the operator is told', () => {
  test('is how the gateway is, what has happened, and not a word of what was said', async () => {
    const { rig, caller, admin } = await startHouse()
    await using _ = rig
    const api = async <T>(path: string): Promise<T> => {
      const text = await (await fetch(`${rig.server.url}/admin/v1${path}`, { headers: admin.headers })).text()
      assert.doesNotMatch(text, /a private question|sk-sluice-|sk-test-provider-key/)
      const answer: T = JSON.parse(text)
      return answer
    }
    const body = { stream: true, messages: [{ role: 'user', content: 'a private question' }] }
    const ask = (model: string) => rig.chat({ ...body, model }, { headers: caller.headers })
    for (const model of ['fine', 'cut', ...Array.from<string>({ length: 6 }).fill('broken')])
      await (await ask(model)).text()
    const open = await ask('slow')
    const id = open.headers.get('x-stream-id') ?? ''

    const reader = open.body?.getReader()
    await reader?.read()
    const overview = await api<WireOverview>('/overview')
    assert.equal(overview.streams, 1)
    const [stream] = overview.open
    assert.deepEqual(
      [stream?.id, stream?.key, stream?.provider, stream?.target_model, stream?.attempts, stream?.readers],
      [id, caller.id, 'east', SLOW, 1, 1],
    )
    assert.equal(stream?.state, 'streaming')
    const breaker = overview.breakers.find(({ model }) => model === 'sim:fault=http-503')
    assert.equal(breaker?.state, 'open')
    assert.ok((breaker?.retry_in_ms ?? -1) >= 0 && (breaker?.since_ms ?? -1) >= 0)
    const healthy = overview.breakers.find(({ model }) => model === SLOW)
    assert.deepEqual([healthy?.state, healthy?.since_ms, healthy?.retry_in_ms], ['closed', null, null])
    assert.deepEqual(
      overview.limits.map(({ name, running, max_concurrent }) => [name, running, max_concurrent]),
      [[caller.id, 1, 9]],
    )
    assert.deepEqual([overview.health.log, overview.health.ledger], [null, null])

    const history = await api<WireHistory>('/history?range=day')
    assert.deepEqual([history.total.completed, history.total.failed, history.total.rescued], [2, 6, 1])
    assert.equal(history.providers.find(({ provider }) => provider === 'west')?.failed, 5, 'the sixth was not asked')
    assert.deepEqual(history.providers.find(({ provider }) => provider === 'east')?.codes, { upstream_interrupted: 1 })
    assert.ok(history.usage.every(({ key }) => key === caller.id))

    const rescued = (await api<{ readonly data: readonly WireRow[] }>('/streams?status=ended&rescued=true')).data
    assert.deepEqual(
      rescued.map(({ provider, attempts }) => [provider, attempts]),
      [['west', 2]],
    )
    assert.ok((rescued[0]?.duration_ms ?? 0) > 0 && (rescued[0]?.charge?.completion_tokens ?? 0) > 0)
    const fine = (await api<{ readonly data: readonly WireRow[] }>('/streams?model=fine')).data
    assert.equal(fine.length, 1)
    const ended = (await api<{ readonly data: readonly WireRow[] }>('/streams?status=ended&limit=3')).data
    assert.equal(ended.length, 3)
    assert.ok(!ended.some((row) => row.id === id))

    const keys = (await api<{ readonly data: readonly WireRow[] }>('/keys')).data
    const { spent } = keys.find((key) => key.id === caller.id) ?? {}
    assert.equal(spent?.budget_nano_dollars, 1_000_000_000)
    assert.ok((spent?.nano_dollars ?? 0) > 0)
    assert.equal(keys.find((key) => key.id === admin.id)?.spent, undefined)
    await reader?.cancel()
  })

  test('follows a stream to its end, and refuses a range that it does not know', async () => {
    const { rig, caller, admin } = await startHouse()
    await using _ = rig
    const at = (path: string) => fetch(`${rig.server.url}/admin/v1${path}`, { headers: admin.headers })
    const open = await rig.chat({ model: 'slow', stream: true }, { headers: caller.headers })
    const id = open.headers.get('x-stream-id') ?? ''
    await fetch(`${rig.server.url}/admin/v1/streams/${id}/cancel`, { method: 'POST', headers: admin.headers })
    await open.text()
    await until(() => rig.server.gateway.openStreams === 0, 5_000, 'the stream has ended')
    const overview: WireOverview = await (await at('/overview')).json()
    assert.deepEqual([overview.streams, overview.open], [0, []])
    assert.equal((await at('/history?range=year')).status, 400)
    assert.equal((await at('/streams?status=nonsense')).status, 400)
    const own = await fetch(`${rig.url}/streams?status=ended`, { headers: caller.headers })
    assert.equal(own.status, 400, 'a word of the operator’s list only')
  })
})
