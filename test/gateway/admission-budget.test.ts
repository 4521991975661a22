import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, test } from 'node:test'
import type { KeyBudget } from '../../src/ledger/key.ts'
import { createLedger, type Ledger } from '../../src/ledger/ledger.ts'
import { estimateTokens } from '../../src/limit/estimate.ts'
import { calm, startLimitsRig, type LimitsRig, type LimitsRigOptions } from '../chaos/limits/rig.ts'
import { TestClock } from '../support/clock.ts'
import { plainProvider } from '../support/gateway.ts'
import { chunk, EVENTS, sse, type Answer } from '../support/provider.ts'

/** Dollars per million tokens: 1,000 billionths of a dollar per token asked, 4,000 per token answered. */
const PRICE = { input: 1, output: 4 } as const
const [IN, OUT] = [1_000, 4_000]
const QUESTION = 'How does water find its way?'
const PROMPT = estimateTokens(QUESTION)

const budget = (nanoDollars: number, period: KeyBudget['period'] = 'month'): { readonly budget: KeyBudget } => ({
  budget: { nanoDollars, period },
})

const start = (answer: Answer, more: Partial<LimitsRigOptions> = {}): Promise<LimitsRig> =>
  startLimitsRig({
    answer,
    config: (url) => ({
      passthrough: plainProvider(url, { preset: 'openai-compatible' }),
      prices: { models: { m: PRICE }, providers: new Map() },
    }),
    ...more,
  })

function chat(rig: LimitsRig, authorization: string, more: object = {}): Promise<Response> {
  const body = { model: 'm', stream: true, messages: [{ role: 'user', content: QUESTION }], ...more }
  return rig.ask('/v1/chat/completions', { body, headers: { authorization } })
}

const usage = (prompt: number, completion: number): string =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [],
    usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
  })

/** Answers with 10 tokens in, 10 out: 50,000 billionths of a dollar. */
const quick: Answer = (response) => {
  response.writeHead(200, EVENTS)
  response.end(sse(chunk({ content: 'It flows.' }), chunk({}, 'stop'), usage(10, 10), '[DONE]'))
}
const COST = 10 * IN + 10 * OUT

/** Goes on for ever, four characters at a time, until it is cut. */
const endless: Answer = async (response) => {
  response.writeHead(200, EVENTS)
  for (let i = 0; !response.destroyed && i < 20_000; i++) {
    response.write(sse(chunk({ content: 'drop' })))
    await turn()
  }
  response.end()
}

/** What the usage of a key says it cost: the same as its budget was charged. */
function billed(rig: LimitsRig): number {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
  const query = { from: day(rig.clock.date() - 86_400_000), to: day(rig.clock.date()), by: [] }
  return rig.ledger.usage.sum(query)[0]?.nanoDollars ?? 0
}

const spent = (rig: LimitsRig, id: string, period = 'month'): number => {
  const date = new Date(rig.clock.date()).toISOString()
  return rig.ledger.budgets.spent(id, period === 'total' ? period : date.slice(0, period === 'day' ? 10 : 7))
}

describe('a budget', () => {
  test('is charged what the provider’s usage costs, to the billionth, once', async () => {
    await using rig = await start(quick)
    const { id, authorization } = rig.key({ limits: budget(1_000_000) })
    for (const stream of [true, false, true]) await (await chat(rig, authorization, { stream })).text()
    await calm(() => rig.gateway.openStreams === 0)
    assert.equal(spent(rig, id), 3 * COST)
  })

  test('is good for exactly what it can pay: what was estimated on the way is given back', async () => {
    await using rig = await start(quick)
    const { authorization } = rig.key({ limits: budget(20 * COST) })
    for (let i = 0; i < 20; i++) {
      const response = await chat(rig, authorization)
      assert.match(await response.text(), /\[DONE\]/, `request ${i}`)
      await calm(() => rig.gateway.openStreams === 0)
    }
    assert.equal((await chat(rig, authorization)).status, 429)
  })

  test('that is used up refuses, as OpenAI words it, and says when there is another', async () => {
    await using rig = await start(quick)
    const { authorization } = rig.key({ limits: budget(COST, 'day') })
    await (await chat(rig, authorization)).text()
    await calm(() => rig.gateway.openStreams === 0)
    const refused = await chat(rig, authorization)
    assert.equal(refused.status, 429)
    assert.deepEqual(await refused.json(), {
      error: {
        message: 'The budget of this key for this day (UTC), $0.00005, is used up',
        type: 'insufficient_quota',
        code: 'insufficient_quota',
        param: null,
      },
    })
    assert.equal(refused.headers.get('x-should-retry'), 'false')
    const renews = Number(refused.headers.get('retry-after-ms'))
    assert.ok(renews > 0 && renews <= 86_400_000)
    assert.equal(rig.requests.length, 1)
    rig.clock.advance(renews)
    assert.equal((await chat(rig, authorization)).status, 200)
  })

  test('that ends in the middle ends the stream honestly: what was delivered stays, and is what was charged', async () => {
    await using rig = await start(endless)
    const nano = PROMPT * IN + 100 * OUT
    const { id, authorization } = rig.key({ limits: budget(nano) })
    const response = await chat(rig, authorization)
    const streamId = response.headers.get('x-stream-id')
    const text = await response.text()
    const events = text.split('\n').filter((line) => line.startsWith('data: '))
    assert.deepEqual(JSON.parse(String(events.at(-1)?.slice(6))), {
      error: {
        message: 'The budget of this key for this month (UTC) was used up in the middle of this answer',
        type: 'insufficient_quota',
        code: 'budget_exceeded',
        param: null,
      },
    })
    assert.doesNotMatch(text, /\[DONE\]/)
    const drops = text.split('drop').length - 1
    // The token that crossed the line is delivered; what came in the same packet as well.
    assert.ok(drops > 100 && drops < 200, `${drops} tokens`)
    await calm(() => rig.gateway.openStreams === 0)
    const charged = spent(rig, id) - drops * OUT
    assert.ok(charged >= PROMPT * IN && charged <= (PROMPT + 10) * IN, `${charged} for the prompt`)
    assert.equal(spent(rig, id), billed(rig))
    const again = await rig.ask(`/v1/streams/${streamId}`, { headers: { authorization } })
    assert.equal((await again.text()).split('drop').length - 1 > 0, true)
    assert.equal((await chat(rig, authorization)).status, 429)
  })

  test('is told to a caller of a whole answer with its status', async () => {
    await using rig = await start(endless)
    const { authorization } = rig.key({ limits: budget(PROMPT * IN + 20 * OUT) })
    const response = await chat(rig, authorization, { stream: false })
    assert.equal(response.status, 429)
    assert.match(await response.text(), /"code":"budget_exceeded"/)
  })

  test('too small for the prompt alone asks no provider', async () => {
    await using rig = await start(quick)
    const { id, authorization } = rig.key({ limits: budget(PROMPT * IN - 1) })
    const response = await chat(rig, authorization)
    assert.equal(response.status, 429)
    assert.match(await response.text(), /budget_exceeded/)
    await calm(() => rig.gateway.openStreams === 0)
    assert.equal(rig.requests.length, 0)
    assert.equal(spent(rig, id), 0)
  })

  test('is shared by the streams of a key that run at the same time', async () => {
    await using rig = await start(endless)
    const nano = 20 * PROMPT * IN + 1_000 * OUT
    const { id, authorization } = rig.key({ limits: budget(nano) })
    const streams = await Promise.all(Array.from({ length: 20 }, () => chat(rig, authorization)))
    const texts = await Promise.all(streams.map((stream) => stream.text()))
    for (const text of texts) assert.match(text, /budget_exceeded/)
    await calm(() => rig.gateway.openStreams === 0)
    const tokens = texts.reduce((sum, text) => sum + text.split('drop').length - 1, 0)
    assert.equal(spent(rig, id), billed(rig))
    assert.ok(spent(rig, id) >= 20 * PROMPT * IN + tokens * OUT)
    assert.ok(tokens > 1_000 && tokens < 1_300, `${tokens} tokens`)
  })

  test('cannot be evaded by leaving early', async () => {
    await using rig = await start(endless)
    const { id, authorization } = rig.key({ limits: budget(1e12) })
    let delivered = 0
    for (let i = 0; i < 20; i++) {
      const gone = new AbortController()
      const body = { model: 'm', stream: true, messages: [{ role: 'user', content: QUESTION }] }
      const headers = { authorization, 'x-stream-on-disconnect': 'cancel' }
      const response = await rig.ask('/v1/chat/completions', { body, headers, signal: gone.signal })
      const reader = response.body?.getReader()
      await reader?.read()
      await reader?.cancel()
      await calm(() => rig.gateway.openStreams === 0)
      const streamId = response.headers.get('x-stream-id') ?? ''
      for await (const { entries } of rig.log.read(streamId, -1)) {
        delivered += entries.filter(({ data }) => data.includes('drop')).length
      }
    }
    assert.equal(spent(rig, id), billed(rig))
    assert.ok(spent(rig, id) >= 20 * PROMPT * IN + delivered * OUT)
  })

  test('is put right when the tokens have been counted', async () => {
    const counted = Promise.withResolvers<readonly number[]>()
    const silent: Answer = (response) => {
      response.writeHead(200, EVENTS)
      response.end(sse(chunk({ content: 'It flows.' }), chunk({}, 'stop'), '[DONE]'))
    }
    await using rig = await start(silent, { countTokens: () => counted.promise })
    const { id, authorization } = rig.key({ limits: budget(1e9) })
    await (await chat(rig, authorization)).text()
    await calm(() => rig.gateway.openStreams === 0)
    const rough = spent(rig, id)
    assert.ok(rough > 0)
    counted.resolve([6, 3])
    await calm(() => spent(rig, id) !== rough)
    const from = rig.clock.date() - 86_400_000
    const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
    const [sum] = rig.ledger.usage.sum({ from: day(from), to: day(rig.clock.date()), by: [] })
    assert.equal(spent(rig, id), sum?.nanoDollars, 'the same as the usage says')
  })

  test('is kept over a restart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-budget-'))
    const clock = new TestClock()
    const open = (): Ledger => createLedger({ path: join(folder, 'ledger.db'), now: () => clock.date() })
    const before = await start(quick, { clock, ledger: open() })
    const { id, authorization } = before.key({ limits: budget(2 * COST) })
    await (await chat(before, authorization)).text()
    await calm(() => before.gateway.openStreams === 0)
    await before[Symbol.asyncDispose]()
    await using rig = await start(quick, { clock, ledger: open() })
    await (await chat(rig, authorization)).text()
    await calm(() => rig.gateway.openStreams === 0)
    assert.equal(spent(rig, id), 2 * COST)
    assert.equal((await chat(rig, authorization)).status, 429)
    await rm(folder, { recursive: true, force: true })
  })

  test('does not cover a model whose price nobody knows, unless that is allowed', async () => {
    await using strict = await start(quick)
    const { authorization } = strict.key({ limits: budget(1_000_000) })
    const refused = await chat(strict, authorization, { model: 'unheard-of' })
    assert.equal(refused.status, 429)
    assert.match(await refused.text(), /price of unheard-of at sim is not known here/)
    assert.equal(strict.requests.length, 0)
    await using mild = await start(quick, { limits: { unknownPrice: 'allow' } })
    const key = mild.key({ limits: budget(1_000_000) })
    const allowed = await chat(mild, key.authorization, { model: 'unheard-of' })
    assert.equal(allowed.status, 200)
    await allowed.text()
    await calm(() => mild.gateway.openStreams === 0)
    assert.equal(spent(mild, key.id), 0)
  })

  test('lets nobody through while it cannot be read', async () => {
    await using rig = await start(quick)
    const { authorization } = rig.key({ limits: budget(1_000_000) })
    rig.ledger.budgets.spent = () => {
      throw new Error('disk I/O error')
    }
    const refused = await chat(rig, authorization)
    assert.equal(refused.status, 503)
    assert.doesNotMatch(await refused.text(), /disk/)
    assert.equal(rig.requests.length, 0)
  })
})
