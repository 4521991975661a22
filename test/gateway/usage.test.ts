import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { Accounts, type CountTokens } from '../../src/gateway/usage.ts'
import type { StreamMeasure, Try } from '../../src/gateway/meter.ts'
import { createLedger } from '../../src/ledger/ledger.ts'
import type { UsageRow } from '../../src/ledger/usage.ts'
import { createMemoryLog } from '../../src/log/memory-log.ts'
import { SluiceError } from '../../src/errors.ts'
import { PriceList } from '../../src/provider/price-list.ts'
import type { PriceTable } from '../../src/provider/price.ts'
import { plainProvider, route, startRig, target, type Rig } from '../support/gateway.ts'
import { chargedStreams, chargeOfStream, chargeWhenFinal } from '../support/usage.ts'

const PLAIN = 'sim:tokens=40,interval=0ms,first=0ms'
const PRICE = { input: 1, cachedInput: 1, output: 2 }

/** A rig whose models all cost 1 dollar in and 2 out, at providers `one` and `two`. */
function pricedRig(models: Record<string, readonly string[]>, prices: PriceTable = { '*': PRICE }): Promise<Rig> {
  return startRig({
    config: ({ url }) => {
      const names = ['one', 'two']
      const providers = names.map((name) => plainProvider(url, { name, continuation: 'continue_final_message' }))
      const targetsOf = (list: readonly string[]) =>
        list.map((model, i) => target(providers[i] ?? plainProvider(url), model))
      return {
        providers: new Map(providers.map((provider) => [provider.name, provider])),
        routes: new Map(Object.entries(models).map(([name, list]) => [name, route(name, targetsOf(list))])),
        prices: { models: {}, providers: new Map(names.map((name) => [name, prices])) },
      }
    },
  })
}

interface WireUsage {
  readonly from: string
  readonly to: string
  readonly data: readonly Record<string, unknown>[]
  readonly total: Record<string, unknown>
}

async function usageOf(rig: Rig, query = ''): Promise<WireUsage> {
  const answer: WireUsage = await (await fetch(`${rig.url}/usage${query}`)).json()
  return answer
}

describe('what a stream cost', () => {
  test('is shown with it, is in the sums of its day, and in the log line', async () => {
    await using rig = await pricedRig({ default: [PLAIN] })
    const charge = await chargeWhenFinal(rig, 'default')
    assert.equal(charge.estimated, false)
    assert.equal(charge.completion_tokens, 40)
    assert.equal(charge.nano_dollars, charge.prompt_tokens * 1_000 + 40 * 2_000)
    const today = new Date().toISOString().slice(0, 10)
    const { data, total, from, to } = await usageOf(rig, '?group_by=day,key,model,provider')
    assert.deepEqual(data, [{ ...data[0], day: today, key: 'local', model: 'default', provider: 'one', streams: 1 }])
    assert.equal(total['nano_dollars'], charge.nano_dollars)
    assert.equal(total['cost'], charge.nano_dollars / 1e9)
    assert.equal(to, today)
    assert.equal(Date.parse(to) - Date.parse(from), 29 * 86_400_000)
    const line = rig.logger.lines.find(({ message }) => message === 'stream ended')
    assert.deepEqual({ ...line?.facts }, { ...line?.facts, key: 'local', nanoDollars: charge.nano_dollars })
  })

  test('is the sum of two providers where one rescued what the other began', async () => {
    await using rig = await pricedRig({ default: [`${PLAIN},fault=cut@20`, PLAIN] })
    const charge = await chargeWhenFinal(rig, 'default')
    assert.equal(charge.attempts, 2)
    // The first one told nothing: its part is counted, and the second one's prompt had that part in it.
    assert.equal(charge.estimated, true)
    const alone = await chargeWhenFinal(rig, 'default')
    assert.equal(alone.nano_dollars, charge.nano_dollars, 'the same again costs the same')
    assert.ok(charge.completion_tokens >= 35 && charge.completion_tokens <= 60, String(charge.completion_tokens))
    assert.ok(charge.prompt_tokens > 40, 'two prompts, the second one longer')
    assert.equal(charge.nano_dollars, charge.prompt_tokens * 1_000 + charge.completion_tokens * 2_000)
  })

  test('of a provider that refused is nothing', async () => {
    await using rig = await pricedRig({ default: [`${PLAIN},fault=http-500`, PLAIN] })
    const charge = await chargeWhenFinal(rig, 'default')
    assert.equal(charge.attempts, 1)
    assert.equal((await usageOf(rig, '?group_by=provider')).data[0]?.['provider'], 'two')
  })

  test('of a stream that its caller left is what was delivered, counted here', async () => {
    await using rig = await pricedRig({ default: ['sim:tokens=1000,interval=5ms,first=0ms'] })
    const gone = new AbortController()
    const response = await rig.chat(
      { model: 'default', stream: true },
      {
        headers: { 'content-type': 'application/json', 'x-stream-on-disconnect': 'cancel' },
        signal: gone.signal,
      },
    )
    const reader = response.body?.getReader()
    for (let bytes = 0; bytes < 4_000;) bytes += (await reader?.read())?.value?.length ?? 0
    gone.abort()
    while ((await chargedStreams(rig)) === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const charge = await chargeOfStream(rig, response.headers.get('x-stream-id') ?? '')
    assert.equal(charge?.estimated, true)
    assert.ok(charge !== undefined && charge.completion_tokens > 5 && charge.completion_tokens < 900)
    assert.ok(charge.prompt_tokens > 5)
    assert.equal((await usageOf(rig)).total['incomplete'], 1)
  })

  test('is unknown, not nothing, where no list has the model', async () => {
    await using rig = await startRig({
      config: ({ url }) => {
        const provider = plainProvider(url, { preset: 'openai-compatible' })
        return { routes: new Map([['default', route('default', [target(provider, PLAIN)])]]) }
      },
    })
    const charge = await chargeWhenFinal(rig, 'default')
    assert.equal(charge.cost, null)
    const { total } = await usageOf(rig)
    assert.deepEqual([total['cost'], total['unpriced'], total['completion_tokens']], [null, 1, 40])
  })

  test('is known of embeddings as well', async () => {
    await using rig = await pricedRig({ default: [PLAIN] })
    const answer = await fetch(`${rig.url}/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'default', input: 'a text of some words' }),
    })
    const { usage }: { readonly usage: { readonly prompt_tokens: number } } = await answer.json()
    const { total } = await usageOf(rig)
    assert.ok(usage.prompt_tokens > 0)
    assert.deepEqual([total['prompt_tokens'], total['completion_tokens']], [usage.prompt_tokens, 0])
    assert.equal(total['nano_dollars'], usage.prompt_tokens * 1_000)
  })

  test('is charged once: the same request under its key again costs nothing, and says so', async () => {
    await using rig = await pricedRig({ default: [PLAIN] })
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'k1' }
    const texts = []
    for (let i = 0; i < 3; i++)
      texts.push(await (await rig.chat({ model: 'default', stream: true }, { headers })).text())
    assert.equal(new Set(texts).size, 1)
    const { data, total } = await usageOf(rig, '?group_by=provider')
    assert.deepEqual(
      data.map(({ provider, streams, completion_tokens: tokens, cost }: Record<string, unknown>) => [
        provider,
        streams,
        tokens,
        cost === 0,
      ]),
      [
        ['attached', 2, 0, true],
        ['one', 1, 40, false],
      ],
    )
    assert.equal(total['completion_tokens'], 40)
  })
})

describe('GET /v1/usage', () => {
  test('gives CSV that a spreadsheet takes for text', async () => {
    await using rig = await startRig({
      config: ({ url }) => ({ passthrough: plainProvider(url) }),
    })
    await (await rig.chat({ model: '=cmd("x"),1', stream: true })).text()
    const response = await fetch(`${rig.url}/usage?format=csv&group_by=model`)
    assert.equal(response.headers.get('content-type'), 'text/csv; charset=utf-8')
    const [head, line, end] = (await response.text()).split('\r\n')
    assert.equal(
      head,
      'model,streams,incomplete,prompt_tokens,cached_tokens,completion_tokens,reasoning_tokens,cost,nano_dollars,unpriced,estimated',
    )
    assert.match(line ?? '', /^"'=cmd\(""x""\),1",1,0,/)
    assert.equal(end, '')
  })

  const bad = ['from=yesterday', 'to=2026-02-30', 'from=2026-11-20&to=2026-11-19', 'group_by=stream', 'format=xml']
  for (const query of bad) {
    test(`refuses ?${query}`, async () => {
      await using rig = await pricedRig({})
      const response = await fetch(`${rig.url}/usage?${query}`)
      assert.equal(response.status, 400)
      assert.equal((await response.json()).error.param, query.split('=')[0])
    })
  }
})

describe('a stream that a process died of', () => {
  const provider = plainProvider('http://127.0.0.1:1', { name: 'one' })
  const one = target(provider, 'm')
  const prices = new PriceList(() => ({ models: { m: PRICE }, providers: new Map() }))

  function measureOf(tries: readonly Try[], chunks: number): StreamMeasure {
    const outcome = { status: 'completed' } as const
    const times = { timeline: [], ttft: 1, longestGap: 0, gaps: [], duration: 2 }
    return { ...times, tries, chunks, outcome, usage: undefined, error: undefined }
  }

  function accounts(countTokens?: CountTokens): {
    readonly kept: Accounts
    readonly rows: UsageRow[]
    readonly ledger: ReturnType<typeof createLedger>
    readonly log: ReturnType<typeof createMemoryLog>
  } {
    const log = createMemoryLog({ now: () => 0, retentionMs: 1_000 })
    const ledger = createLedger({ path: ':memory:', now: () => 0 })
    const rows: UsageRow[] = []
    const onCharged = (row: UsageRow): void => void rows.push(row)
    const kept = new Accounts({ prices, log, clock: systemClock, table: ledger.usage, countTokens, onCharged })
    return { kept, rows, ledger, log }
  }

  const billed = { streamId: 'st_1', owner: 'local', model: 'm', createdAt: 5, body: { messages: [] } }
  const notes = (prompt: number, completion: number): Try['notes'] => ({
    malformed: 0,
    usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
  })

  test('pays for what was delivered before and for what was asked again, once', async () => {
    const { kept, ledger, log } = accounts(async (texts) => texts.map((text) => text.length))
    const writer = log.create({ id: 'st_1', owner: 'local', model: 'm', createdAt: 5 })
    const chunk = (content: string): { kind: 'chunk'; data: string } => ({
      kind: 'chunk',
      data: JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
    })
    writer.append([chunk('abc'), chunk('de'), chunk('fghi')])
    await writer.close({ status: 'completed' })
    // The first process charged it, and died before its log had the end.
    kept.settle(billed, measureOf([{ target: one, from: 0, notes: notes(10, 5), error: undefined }], 2))
    assert.equal(ledger.usage.find('st_1', 5)?.nanoDollars, 20_000)
    const taken = { ...billed, before: { chunks: 2, usage: undefined, target: one } }
    kept.settle(taken, measureOf([{ target: one, from: 0, notes: notes(12, 4), error: undefined }], 1))
    await kept.idle()
    const row = ledger.usage.find('st_1', 5)
    // Before: 3 for the answer as a prompt of no message, 5 characters given; after: as told.
    assert.deepEqual([row?.promptTokens, row?.completionTokens, row?.estimated], [3 + 12, 5 + 4, true])
    assert.equal(row?.nanoDollars, 15 * 1_000 + 9 * 2_000)
    const [sum] = ledger.usage.sum({ from: '1970-01-01', to: '1970-01-01', by: [] })
    assert.deepEqual([sum?.streams, sum?.nanoDollars], [1, row?.nanoDollars])
    ledger.close()
  })

  test('whose end was said pays what its last usage told', () => {
    const { kept, rows } = accounts()
    const before = { chunks: 7, usage: notes(20, 7)?.usage, target: one }
    kept.settle({ ...billed, before }, measureOf([], 0))
    assert.deepEqual([rows[0]?.promptTokens, rows[0]?.completionTokens, rows[0]?.estimated], [20, 7, false])
  })

  test('costs nothing where the provider broke down before it gave anything, and its prompt where we hung up', () => {
    const broke = new SluiceError('upstream_reset', 'gone')
    const slow = new SluiceError('upstream_first_token_timeout', 'slow')
    const refused = new SluiceError('provider_error', 'no')
    const body = { messages: [{ role: 'user', content: 'four' }] }
    for (const [error, charged] of [
      [broke, 0],
      [refused, 0],
      [slow, 1],
    ] as const) {
      const { kept, rows } = accounts()
      kept.settle({ ...billed, body }, measureOf([{ target: one, from: 0, notes: { malformed: 0 }, error }], 0))
      assert.equal(rows[0]?.charged, charged, error.code)
      assert.equal(rows[0]?.completionTokens, 0)
      assert.equal((rows[0]?.promptTokens ?? 0) > 0, charged === 1)
    }
  })

  test('is counted roughly where nothing can be counted exactly', async () => {
    const { kept, rows } = accounts(async () => undefined)
    kept.settle(billed, measureOf([{ target: one, from: 0, notes: { malformed: 0 }, error: undefined }], 30))
    await kept.idle()
    assert.deepEqual([rows.length, rows[0]?.completionTokens, rows[0]?.estimated], [1, 30, true])
  })
})
