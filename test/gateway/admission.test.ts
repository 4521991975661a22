import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { createLedger, type Ledger } from '../../src/ledger/ledger.ts'
import { estimateTokens } from '../../src/limit/estimate.ts'
import type { ScopeLimits } from '../../src/limit/scope.ts'
import { startLimitsRig, calm, type Ask, type LimitsRig } from '../chaos/limits/rig.ts'
import { TestClock } from '../support/clock.ts'
import { plainProvider, route, target } from '../support/gateway.ts'
import { answer, chunk, EVENTS, sse, startProvider, type Answer } from '../support/provider.ts'

const QUESTION = 'How does water find its way?'
const PROMPT = estimateTokens(QUESTION)

function question(more: object = {}): Ask & { readonly body: object } {
  return {
    body: { model: 'm', stream: true, max_tokens: 50, messages: [{ role: 'user', content: QUESTION }], ...more },
  }
}

const chat = (rig: LimitsRig, authorization: string | undefined, ask: Ask = question()): Promise<Response> =>
  rig.ask('/v1/chat/completions', {
    ...ask,
    headers: { ...(authorization === undefined ? {} : { authorization }), ...ask.headers },
  })

const usage = (prompt: number, completion: number): string =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [],
    usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
  })

const quick: Answer = (response) => {
  response.writeHead(200, EVENTS)
  response.end(sse(chunk({ content: 'It flows.' }), chunk({}, 'stop'), usage(7, 3), '[DONE]'))
}

/** Says a word and then nothing until it is let go on. */
function patient(): { readonly answer: Answer; finish(): void; readonly open: number } {
  const waiting: (() => void)[] = []
  let open = 0
  return {
    answer: async (response) => {
      open++
      response.writeHead(200, EVENTS)
      response.write(sse(chunk({ content: 'It ' })))
      await new Promise<void>((resolve) => waiting.push(resolve))
      response.end(sse(chunk({ content: 'flows.' }), chunk({}, 'stop'), usage(7, 3), '[DONE]'))
      open--
    },
    finish: () => waiting.shift()?.(),
    get open() {
      return open
    },
  }
}

const left = (response: Response, kind: string): number => Number(response.headers.get(`x-ratelimit-remaining-${kind}`))

describe('limits at the gateway', () => {
  test('are told on success: what there is, what is left after this request, and when all of it is back', async () => {
    await using rig = await startLimitsRig({ answer: quick })
    const { authorization } = rig.key({ limits: { requestsPerMinute: 3, tokensPerMinute: 1_000 } })
    const response = await chat(rig, authorization)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('x-ratelimit-limit-requests'), '3')
    assert.equal(response.headers.get('x-ratelimit-remaining-requests'), '2')
    assert.equal(response.headers.get('x-ratelimit-reset-requests'), '1m0s')
    assert.equal(response.headers.get('x-ratelimit-limit-tokens'), '1000')
    await response.text()
    const again = await chat(rig, authorization, question({ stream: false }))
    assert.equal(again.status, 200)
    // The first used 10; this one is over before its head is written, and used 10 as well.
    assert.equal(left(again, 'tokens'), 980)
    assert.equal(left(again, 'requests'), 1)
  })

  test('refuse with 429, whose limit it was, and when to come again', async () => {
    await using rig = await startLimitsRig({ answer: quick })
    const { id, authorization } = rig.key({ limits: { requestsPerMinute: 1 } })
    await (await chat(rig, authorization)).text()
    rig.clock.advance(15_000)
    const refused = await chat(rig, authorization)
    assert.equal(refused.status, 429)
    assert.deepEqual(await refused.json(), {
      error: {
        message: `Rate limit reached for key ${id} on requests per minute: limit 1. Try again in 45 s`,
        type: 'rate_limit_error',
        code: 'rate_limit_exceeded',
        param: null,
      },
    })
    assert.equal(refused.headers.get('retry-after'), '45')
    assert.equal(refused.headers.get('retry-after-ms'), '45000')
    assert.equal(refused.headers.get('x-ratelimit-remaining-requests'), '0')
    assert.equal(refused.headers.get('x-ratelimit-reset-requests'), '45s')
    assert.equal(await rig.figure('sluice_limit_refused_total'), 1)
    rig.clock.advance(45_000)
    assert.equal((await chat(rig, authorization)).status, 200)
  })

  test('tell a client not to try again what can never be', async () => {
    await using rig = await startLimitsRig({ answer: quick })
    const { authorization } = rig.key({ limits: { tokensPerMinute: 100 } })
    const refused = await chat(rig, authorization, question({ max_tokens: 1_000 }))
    assert.equal(refused.status, 429)
    assert.equal(refused.headers.get('x-should-retry'), 'false')
    assert.equal(refused.headers.get('retry-after'), null)
    assert.equal(rig.requests.length, 0)
  })

  test('of a caller hold for each key by itself, and for everybody where there are no keys', async () => {
    await using rig = await startLimitsRig({ answer: quick, limits: { callers: { requestsPerMinute: 1 } } })
    assert.equal((await chat(rig, undefined)).status, 200)
    assert.equal((await chat(rig, undefined)).status, 429)
    const [ada, bob] = [rig.key({}), rig.key({ limits: { requestsPerMinute: 2 } })]
    assert.equal((await chat(rig, ada.authorization)).status, 200)
    assert.equal((await chat(rig, ada.authorization)).status, 429)
    assert.equal((await chat(rig, bob.authorization)).status, 200)
    assert.equal((await chat(rig, bob.authorization)).status, 200)
    assert.equal((await chat(rig, bob.authorization)).status, 429)
  })

  test('of a model hold for all keys together, and for models named as a fallback', async () => {
    const models = new Map<string, ScopeLimits>([
      ['m', { requestsPerMinute: 2 }],
      ['big/', { requestsPerMinute: 1 }],
    ])
    await using rig = await startLimitsRig({ answer: quick, limits: { models } })
    const [ada, bob] = [rig.key({}), rig.key({})]
    assert.equal((await chat(rig, ada.authorization)).status, 200)
    assert.equal((await chat(rig, bob.authorization, question({ model: 'other', fallback_models: ['m'] }))).status, 200)
    assert.equal((await chat(rig, ada.authorization)).status, 429)
    assert.equal((await chat(rig, ada.authorization, question({ model: 'big/one' }))).status, 200)
    const refused = await chat(rig, bob.authorization, question({ model: 'big/two' }))
    assert.match(await refused.text(), /for model big\/ on requests per minute/)
    assert.equal((await chat(rig, bob.authorization, question({ model: 'free' }))).status, 200)
  })

  test('free a slot before the end of the answer can be read', async () => {
    await using rig = await startLimitsRig({ answer: quick })
    const { authorization } = rig.key({ limits: { maxConcurrent: 1 } })
    for (let i = 0; i < 20; i++) {
      const response = await chat(rig, authorization, question({ stream: i % 2 === 0 }))
      assert.equal(response.status, 200, `request ${i}`)
      await response.text()
    }
  })

  test('count what was delivered where the provider tells no usage, and ask it for usage', async () => {
    const said = 'Water finds its way, always.'
    await using rig = await startLimitsRig({
      answer: (response) => void response.writeHead(200, EVENTS).end(answer(said)),
    })
    const { authorization } = rig.key({ limits: { tokensPerMinute: 1_000 } })
    await (await chat(rig, authorization)).text()
    assert.match(String(rig.requests[0]?.body), /"stream_options":\{"include_usage":true\}/)
    const next = await chat(rig, authorization, question({ max_tokens: 20 }))
    assert.equal(left(next, 'tokens'), 1_000 - PROMPT - estimateTokens(said) - PROMPT - 20)
  })

  test('count usage of nothing for an answer of something as what was delivered', async () => {
    const said = 'Water finds its way, always.'
    await using rig = await startLimitsRig({
      answer(response) {
        response.writeHead(200, EVENTS)
        response.end(sse(chunk({ content: said }), chunk({}, 'stop'), usage(0, 0), '[DONE]'))
      },
    })
    const { authorization } = rig.key({ limits: { tokensPerMinute: 1_000 } })
    await (await chat(rig, authorization)).text()
    const next = await chat(rig, authorization, question({ max_tokens: 20 }))
    assert.equal(left(next, 'tokens'), 1_000 - PROMPT - estimateTokens(said) - PROMPT - 20)
  })

  test('reserve for every choice, for tools, and for the larger of two limits', async () => {
    const held = patient()
    await using rig = await startLimitsRig({ answer: held.answer })
    const { authorization } = rig.key({ limits: { tokensPerMinute: 100_000 } })
    const tools = [{ type: 'function', function: { name: 'x'.repeat(400) } }]
    const bodies: readonly [object, number][] = [
      [{ max_tokens: 100 }, 100],
      [{ max_tokens: 100, n: 3 }, 300],
      [{ max_tokens: 100, max_completion_tokens: 1 }, 100],
      [{ max_tokens: 0 }, 1_024],
      [{ max_tokens: undefined }, 1_024],
      [{ max_tokens: 100, tools }, 100 + estimateTokens(JSON.stringify(tools))],
    ]
    let reserved = 0
    for (const [more, tokens] of bodies) {
      const response = await chat(rig, authorization, question(more))
      reserved += PROMPT + tokens
      assert.equal(left(response, 'tokens'), 100_000 - reserved, JSON.stringify(more))
    }
  })

  test('give everything back when the stream cannot start', async () => {
    await using rig = await startLimitsRig({ answer: quick })
    const { authorization } = rig.key({ limits: { requestsPerMinute: 2, maxConcurrent: 1 } })
    const create = rig.log.create.bind(rig.log)
    rig.log.create = () => {
      throw new Error('no room')
    }
    assert.equal((await chat(rig, authorization)).status, 500)
    rig.log.create = create
    assert.equal(await rig.figure('sluice_limit_places'), 0)
    const response = await chat(rig, authorization)
    assert.equal(left(response, 'requests'), 1)
  })

  test('count embeddings, by what the provider says they used', async () => {
    await using rig = await startLimitsRig({
      answer: (response) =>
        void response.end('{"object":"list","data":[],"model":"m","usage":{"prompt_tokens":12,"total_tokens":12}}'),
    })
    const { authorization } = rig.key({ limits: { requestsPerMinute: 2, tokensPerMinute: 100, maxConcurrent: 1 } })
    const ask = { body: { model: 'm', input: ['How does water', 'find its way?'] }, headers: { authorization } }
    const first = await rig.ask('/v1/embeddings', ask)
    assert.equal(left(first, 'tokens'), 88)
    assert.equal((await rig.ask('/v1/embeddings', ask)).status, 200)
    assert.equal((await rig.ask('/v1/embeddings', ask)).status, 429)
  })
})

describe('what takes no place', () => {
  test('a resume, a list, and a retry that attaches', async () => {
    const held = patient()
    await using rig = await startLimitsRig({ answer: held.answer })
    const { authorization } = rig.key({ limits: { requestsPerMinute: 1, maxConcurrent: 1 } })
    const headers = { 'idempotency-key': 'once' }
    const first = await chat(rig, authorization, { ...question(), headers })
    const id = first.headers.get('x-stream-id')
    const attached = await chat(rig, authorization, { ...question(), headers })
    assert.equal(attached.status, 200)
    assert.equal(attached.headers.get('x-stream-id'), id)
    assert.equal(attached.headers.get('x-ratelimit-limit-requests'), null)
    const resumed = await rig.ask(`/v1/streams/${id}`, { headers: { authorization } })
    assert.equal(resumed.status, 200)
    assert.equal((await rig.ask('/v1/streams', { headers: { authorization } })).status, 200)
    assert.equal((await chat(rig, authorization)).status, 429)
    held.finish()
    for (const response of [first, attached, resumed]) assert.match(await response.text(), /\[DONE\]/)
    assert.equal(rig.requests.length, 1)
  })
})

describe('waiting for a place', () => {
  test('the same request twice in line starts once', async () => {
    const held = patient()
    await using rig = await startLimitsRig({ answer: held.answer, limits: { wait: 30_000 } })
    const { authorization } = rig.key({ limits: { requestsPerMinute: 5, maxConcurrent: 1 } })
    const first = await chat(rig, authorization)
    const headers = { 'idempotency-key': 'once' }
    const [one, two] = [1, 2].map(() => chat(rig, authorization, { ...question(), headers }))
    while ((await rig.figure('sluice_limit_waiting')) < 2) await turn()
    held.finish()
    await first.text()
    const started = await one
    await calm(() => held.open === 1)
    held.finish()
    assert.match(String(await started?.text()), /\[DONE\]/)
    const attached = await two
    assert.equal(attached?.headers.get('x-stream-id'), started?.headers.get('x-stream-id'))
    assert.match(String(await attached?.text()), /\[DONE\]/)
    assert.equal(rig.requests.length, 2)
    // The place that the second one got was given back, as if it had not come.
    held.finish()
    const last = await chat(rig, authorization)
    assert.equal(left(last, 'requests'), 2)
  })

  test('ends in a refusal when its time is over, and a retry under the same key may begin anew', async () => {
    const held = patient()
    await using rig = await startLimitsRig({ answer: held.answer, limits: { wait: 5_000 } })
    const { authorization } = rig.key({ limits: { maxConcurrent: 1 } })
    const first = await chat(rig, authorization)
    const headers = { 'idempotency-key': 'later' }
    const waiting = chat(rig, authorization, { ...question(), headers })
    while ((await rig.figure('sluice_limit_waiting')) < 1) await turn()
    rig.clock.advance(4_999)
    assert.equal(await rig.figure('sluice_limit_waiting'), 1)
    rig.clock.advance(1)
    const refused = await waiting
    assert.equal(refused.status, 429)
    assert.equal(refused.headers.get('retry-after'), '1')
    held.finish()
    await first.text()
    const again = await chat(rig, authorization, { ...question(), headers })
    assert.equal(again.status, 200)
    held.finish()
    assert.match(await again.text(), /\[DONE\]/)
  })

  test('ends when the caller leaves, and the next one moves up', async () => {
    const held = patient()
    await using rig = await startLimitsRig({ answer: held.answer, limits: { wait: 60_000 } })
    const { authorization } = rig.key({ limits: { maxConcurrent: 1 } })
    const first = await chat(rig, authorization)
    const gone = new AbortController()
    const leaving = chat(rig, authorization, { ...question(), signal: gone.signal })
    while ((await rig.figure('sluice_limit_waiting')) < 1) await turn()
    const staying = chat(rig, authorization)
    while ((await rig.figure('sluice_limit_waiting')) < 2) await turn()
    gone.abort(new Error('left'))
    assert.notEqual((await leaving).status, 200)
    assert.equal(await rig.figure('sluice_limit_waiting'), 1)
    held.finish()
    await first.text()
    const second = await staying
    held.finish()
    assert.match(await second.text(), /\[DONE\]/)
    assert.equal(rig.requests.length, 2)
  })
})

describe('limits of a provider', () => {
  /** A gateway with two providers behind `m`, the first of which takes one request at a time. */
  async function twoProviders(first: Answer, second: Answer | undefined, wait: number) {
    const other = second === undefined ? undefined : await startProvider(second)
    const rig = await startLimitsRig({
      answer: first,
      limits: { wait, providers: new Map([['one', { maxConcurrent: 1 }]]) },
      config(url) {
        const targets = [target(plainProvider(url, { name: 'one' }))]
        if (other !== undefined) targets.push(target(plainProvider(other.baseURL, { name: 'two' })))
        return { passthrough: undefined, routes: new Map([['m', route('m', targets)]]) }
      },
    })
    return {
      rig,
      other,
      async [Symbol.asyncDispose]() {
        await rig[Symbol.asyncDispose]()
        await other?.[Symbol.asyncDispose]()
      },
    }
  }

  test('send a request to the next target, as after a 429', async () => {
    const held = patient()
    await using house = await twoProviders(held.answer, quick, 0)
    const { rig } = house
    const first = await chat(rig, undefined)
    const second = await chat(rig, undefined)
    assert.match(await second.text(), /It flows\./)
    assert.equal(house.other?.requests.length, 1)
    assert.equal(rig.requests.length, 1)
    held.finish()
    await first.text()
    const third = await chat(rig, undefined)
    assert.equal(rig.requests.length, 2, 'its place is free again')
    held.finish()
    await third.text()
  })

  test('are waited for where there is no other target, or refuse with 429', async () => {
    for (const wait of [0, 10_000]) {
      const held = patient()
      await using house = await twoProviders(held.answer, undefined, wait)
      const { rig } = house
      const first = await chat(rig, undefined)
      const second = chat(rig, undefined)
      if (wait === 0) {
        const refused = await second
        assert.equal(refused.status, 429)
        assert.match(await refused.text(), /Rate limit reached for provider one on requests at the same time: limit 1/)
        continue
      }
      while ((await rig.figure('sluice_limit_waiting')) < 1) await turn()
      held.finish()
      await first.text()
      const served = await second
      assert.equal(served.status, 200)
      held.finish()
      assert.match(await served.text(), /\[DONE\]/)
    }
  })

  test('are free again after attempts that failed', async () => {
    let nth = 0
    const flaky: Answer = (response, seen, n) =>
      nth++ % 2 === 0 ? void response.writeHead(503).end('{"error":{"message":"busy"}}') : quick(response, seen, n)
    await using house = await twoProviders(flaky, quick, 0)
    for (let i = 0; i < 6; i++) {
      const request = { isOver: false }
      void chat(house.rig, undefined, question({ stream: false })).finally(() => (request.isOver = true))
      // A retry waits on our clock.
      while (!request.isOver) {
        await turn()
        house.rig.clock.advance(10)
      }
    }
    assert.ok(house.rig.requests.length >= 4, `${house.rig.requests.length} tries of the first one`)
  })
})

describe('a stream that goes on after a crash', () => {
  test('holds its key’s slot again, and is settled with what was delivered before', async () => {
    const held = patient()
    const folder = await mkdtemp(join(tmpdir(), 'sluice-limits-'))
    const clock = new TestClock()
    const open = (): Ledger => createLedger({ path: join(folder, 'ledger.db'), now: () => clock.date() })
    const before = await startLimitsRig({ answer: quick, clock, ledger: open() })
    const { id, authorization } = before.key({ limits: { maxConcurrent: 1, tokensPerMinute: 10_000 } })
    const said = 'Water finds its '
    const body = { model: 'm', stream: true, max_tokens: 500, messages: [{ role: 'user', content: QUESTION }] }
    const createdAt = before.clock.date()
    const writer = before.log.create({ id: 'st_x', owner: id, model: 'm', createdAt })
    writer.append([{ kind: 'chunk', data: chunk({ content: said }) }])
    const state = await before.log.find('st_x')
    assert.ok(state !== undefined && state !== 'expired')
    await before.die()
    await using rig = await startLimitsRig({
      answer: held.answer,
      ledger: open(),
      clock,
      log: before.log,
      orphans: [{ state: { ...state, request: JSON.stringify(body) }, writer }],
    })
    await calm(() => held.open === 1)
    assert.equal(await rig.figure('sluice_limit_places'), 1)
    assert.equal((await chat(rig, authorization)).status, 429)
    held.finish()
    await calm(() => rig.gateway.openStreams === 0)
    assert.equal(await rig.figure('sluice_limit_places'), 0)
    const next = await chat(rig, authorization, question({ max_tokens: 20 }))
    const ended = await rig.log.find('st_x')
    const total = ended !== undefined && ended !== 'expired' ? ended.outcome?.usage : undefined
    assert.ok(total !== undefined && 'total_tokens' in total)
    assert.equal(left(next, 'tokens'), 10_000 - Number(total.total_tokens) - PROMPT - PROMPT - 20)
    held.finish()
    await rm(folder, { recursive: true, force: true })
  })
})
