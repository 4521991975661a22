/**
 * What limits and budgets cost: a request's entry, its end, and each token in between, in nanoseconds of CPU, on
 * the real classes. The best of five rounds. `node bench/limits.ts`.
 */
import { TextChunk } from '../src/completion/text-chunk.ts'
import { DEFAULT_LIMITS, type LimitsConfig } from '../src/config/limits.ts'
import { Admission } from '../src/gateway/admission.ts'
import type { Asked } from '../src/gateway/admission-asked.ts'
import { createLedger } from '../src/ledger/ledger.ts'
import type { KeyLimits, KeyRecord } from '../src/ledger/key.ts'
import { systemClock, type Clock } from '../src/clock.ts'
import { gatewayConfig, plainProvider, route, target } from '../test/support/gateway.ts'

const TOKENS = 200
const REQUESTS = 20_000
const PRICE = { input: 1, output: 4 }
const signal = new AbortController().signal
const where = target(plainProvider('http://127.0.0.1:1/v1'))
const DATA =
  '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"word"},"finish_reason":null}]}'
const batches = Array.from({ length: TOKENS }, () => [new TextChunk(DATA, 'word', undefined)])

/** A request each 100 ms: a window of 600, as a busy key has, not of a minute of this benchmark. */
let now = 0
const clock: Clock = { ...systemClock, now: () => now }

function admission(limits: Partial<LimitsConfig>): Admission {
  const config = gatewayConfig({ limits: { ...DEFAULT_LIMITS, ...limits } })
  const ledger = createLedger({ path: ':memory:', now: Date.now })
  return new Admission({
    config: () => config,
    clock,
    budgets: ledger.budgets,
    priceOf: () => PRICE,
    onRefusal: () => {},
    onWaited: () => {},
  })
}

function asked(limits: KeyLimits): Asked {
  const key: KeyRecord = { id: 'key_1', name: 'bench', scope: 'caller', limits, createdAt: 0 }
  const messages = [{ role: 'user', content: 'How does water find its way through a house? '.repeat(10) }]
  return { owner: key.id, key, model: 'm', route: route('m', [where]), body: { model: 'm', messages, max_tokens: 500 } }
}

const WIDE = { requestsPerMinute: 1e9, tokensPerMinute: 1e12, maxConcurrent: 1e6 }
const BUDGET = { nanoDollars: Number.MAX_SAFE_INTEGER, period: 'total' } as const
const rows: readonly (readonly [string, Partial<LimitsConfig>, KeyLimits])[] = [
  ['nothing limited', {}, {}],
  ['key: requests, tokens, concurrency', {}, WIDE],
  ['key and model', { models: new Map([['m', WIDE]]) }, WIDE],
  [
    'key and model, provider, budget',
    { models: new Map([['m', WIDE]]), providers: new Map([['sim', WIDE]]) },
    { ...WIDE, budget: BUDGET },
  ],
]

console.log('limits                               ns/request   ns/token')
for (const [name, limits, own] of rows) {
  const gate = admission(limits)
  const request = asked(own)
  let settled = 0
  const run = (tokens: number) => (): void => {
    now += 100
    const lease = gate.enter(request, signal)
    if (lease instanceof Promise) throw new Error('nothing waits here')
    lease?.started(where)
    lease?.opened()
    for (let i = 0; i < tokens; i++) lease?.items(batches[i] ?? [])
    lease?.end({ status: 'completed', usage: undefined })
    lease?.charge()
    if (lease !== undefined) settled += Object.keys(lease.addHeaders({})).length
  }
  const empty = best(run(0), REQUESTS)
  const full = best(run(TOKENS), REQUESTS / 20)
  if (own !== rows[0]?.[2] && settled === 0) throw new Error('nothing was limited')
  const perToken = Math.max(0, full - empty) / TOKENS
  console.log(`${name.padEnd(36)} ${empty.toFixed(0).padStart(10)} ${perToken.toFixed(1).padStart(10)}`)
}

/** Nanoseconds of this process's CPU: what others do on the machine does not count. */
function best(work: () => void, times: number): number {
  const rounds = Array.from({ length: 6 }, () => {
    const before = process.cpuUsage()
    for (let i = 0; i < times; i++) work()
    const { user, system } = process.cpuUsage(before)
    return ((user + system) * 1_000) / times
  })
  // The first one compiles.
  return Math.min(...rounds.slice(1))
}
