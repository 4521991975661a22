import { setImmediate as turn } from 'node:timers/promises'
import { Random } from '../random.ts'
import { chunk, EVENTS, sse } from '../../support/provider.ts'
import { TestClock } from '../../support/clock.ts'
import { calm, startLimitsRig } from './rig.ts'

/** How the clients race. */
export interface RaceOptions {
  readonly seed: number
  readonly clients: number
  readonly rpm: number
  readonly tpm: number
  readonly concurrency: number
  /** Injected milliseconds. */
  readonly duration: number
  /** How long the gateway lets a request wait; 0: it refuses, and the client comes again when it is told to. */
  readonly wait: number
  /** Whose limits they are. */
  readonly scope: 'key' | 'model'
}

/** What was seen, at the provider and at the clients. */
export interface RaceResult {
  readonly admitted: number
  readonly refused: number
  /** In any window of 60 seconds. */
  readonly mostRequests: number
  /** The same, of tokens that were used. */
  readonly mostTokens: number
  readonly mostAtOnce: number
  /** Fewest and most answers of one client. */
  readonly fewest: number
  readonly most: number
  /** Refusals without a time to come again. */
  readonly speechless: number
  /** What is left of the race when it is over: places, waiters, streams. */
  readonly left: number
}

interface Use {
  readonly at: number
  readonly tokens: number
}

const STEP = 50

/** Clients that ask as fast as they can, for some minutes of injected time, in front of one gateway. */
export async function race(options: RaceOptions): Promise<RaceResult> {
  const { clients, rpm, tpm, concurrency, duration, wait, scope } = options
  const random = new Random(options.seed)
  const clock = new TestClock()
  const uses: Use[] = []
  let [parked, mostAtOnce, refused, speechless, resting, reading] = [0, 0, 0, 0, 0, 0]
  const perClient = Array.from({ length: clients }, () => 0)
  const limit = { requestsPerMinute: rpm, tokensPerMinute: tpm, maxConcurrent: concurrency }
  const draw = random.fork('provider')
  await using rig = await startLimitsRig({
    clock,
    limits: { wait, ...(scope === 'model' ? { models: new Map([['m', limit]]) } : {}) },
    // An answer of some injected time that says at its end what it used: never more than was asked for.
    async answer(response, { body }) {
      const { max_tokens: most } = JSON.parse(body) as { max_tokens: number }
      const completion = draw.between(1, most)
      uses.push({ at: clock.now(), tokens: 3 + completion })
      mostAtOnce = Math.max(mostAtOnce, ++parked)
      response.writeHead(200, EVENTS)
      response.write(sse(chunk({ role: 'assistant', content: 'Hello' })))
      await new Promise<void>((resolve) => clock.after(draw.between(50, 2_000), resolve))
      parked--
      const usage = { prompt_tokens: 3, completion_tokens: completion, total_tokens: 3 + completion }
      const last = JSON.stringify({
        id: 'c',
        object: 'chat.completion.chunk',
        created: 1,
        model: 'm',
        choices: [],
        usage,
      })
      response.end(sse(chunk({}, 'stop'), last, '[DONE]'))
    },
  })
  const keys = Array.from({ length: scope === 'key' ? 1 : 8 }, () => rig.key({ limits: scope === 'key' ? limit : {} }))
  const end = clock.now() + duration
  // First the requests are the narrower limit, then the tokens.
  const half = clock.now() + duration / 2
  const client = async (id: number): Promise<void> => {
    const own = random.fork(`client ${id}`)
    const { authorization } = keys[id % keys.length] ?? { authorization: '' }
    while (clock.now() < end) {
      const body = {
        model: 'm',
        stream: true,
        max_tokens: own.between(20, clock.now() < half ? 120 : 600),
        messages: [{ role: 'user', content: 'Hi there!!' }],
      }
      const response = await rig.ask('/v1/chat/completions', { body, headers: { authorization } })
      if (response.status === 200) {
        reading++
        await response.text()
        reading--
        perClient[id] = (perClient[id] ?? 0) + 1
        continue
      }
      await response.text()
      refused++
      const after = Number(response.headers.get('retry-after-ms'))
      if (!(after > 0)) speechless++
      resting++
      await new Promise<void>((resolve) => clock.after(Math.max(1, after) + own.between(0, 20), resolve))
      resting--
    }
  }
  const all = perClient.map((_, id) => client(id))
  const done = { count: 0 }
  for (const one of all) void one.then(() => done.count++)
  // Everybody waits for the clock: at the provider, in line, or after a refusal.
  const isCalm = async (): Promise<void> => {
    for (;;) {
      await calm(() => reading === parked && rig.gateway.openStreams === parked)
      const waiting = wait > 0 ? await rig.figure('sluice_limit_waiting') : 0
      if (reading === parked && resting + reading + waiting + done.count === clients) return
      await turn()
    }
  }
  while (done.count < clients) {
    await isCalm()
    if (done.count < clients) clock.advance(STEP)
  }
  const left =
    rig.gateway.openStreams + (await rig.figure('sluice_limit_waiting')) + (await rig.figure('sluice_limit_places'))
  return {
    admitted: uses.length,
    refused,
    mostRequests: mostIn(uses, () => 1),
    mostTokens: mostIn(uses, ({ tokens }) => tokens),
    mostAtOnce,
    fewest: Math.min(...perClient),
    most: Math.max(...perClient),
    speechless,
    left,
  }
}

/** The largest sum in any window of a minute: one of them ends with each use. */
function mostIn(uses: readonly Use[], measure: (use: Use) => number): number {
  let [most, sum, oldest] = [0, 0, 0]
  for (const use of uses) {
    sum += measure(use)
    for (let first = uses[oldest]; first !== undefined && first.at <= use.at - 60_000; first = uses[oldest]) {
      sum -= measure(first)
      oldest++
    }
    most = Math.max(most, sum)
  }
  return most
}
