import { setTimeout } from 'node:timers/promises'
import { answerFor } from '../../../src/simulator/index.ts'
import { until } from '../../support/until.ts'
import type { Random } from '../random.ts'
import { readAll, request } from '../socket.ts'
import type { Violations } from '../violations.ts'
import type { GatewayProcess } from './gateway-process.ts'
import { readToEnd, type Ground } from './reading.ts'
import { judge, type Counts, type Seen } from './witness.ts'

const QUESTIONS: readonly [string, ...string[]] = [
  'Tell me a story about a lighthouse',
  'Расскажи о космосе',
  '为什么天空是蓝色的？',
  'Write a function in Python that sorts a list',
]
/** A round that has not ended by then never will. */
const ROUND_LIMIT = 60_000
/** Until then most streams of a round have started, or the machine is not up to it. */
const START_LIMIT = 10_000

/** What a round needs. */
export interface RoundOptions {
  readonly gateway: GatewayProcess
  readonly streams: number
  readonly random: Random
  readonly violations: Violations
  readonly counts: Counts
}

/** What came of a round. */
export interface RoundResult {
  readonly seen: readonly Seen[]
  /** Milliseconds until the gateway took work again. */
  readonly restart: number
}

/** Streams, a kill -9 in the middle of them, a restart, and every reader back to read to the end. */
export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const { gateway, streams, random, violations, counts } = options
  const ground: Ground = { url: gateway.url, violations, counts, giveUpAt: performance.now() + ROUND_LIMIT }
  const seen: Seen[] = []
  let begun = 0
  const reading = Array.from({ length: streams }, async (_, at) => {
    const one = await oneStream(ground, random.fork(`stream ${at}`), () => begun++)
    if (one !== undefined) seen.push(one)
  })
  // Most of them run, however slow this machine is now; then any moment is as good as another.
  const enough = streams * (0.5 + random.next() / 2)
  await until(() => begun >= enough, START_LIMIT, 'most streams of a round').catch(() => {})
  await setTimeout(random.between(0, 1_500))
  await gateway.kill()
  // Now and then the next process dies as well, while it reads what the last one left.
  if (random.chance(0.2)) {
    gateway.launch()
    await setTimeout(random.between(50, 900))
    await gateway.kill()
  }
  const restart = await gateway.start()
  await Promise.all(reading)
  await Promise.all(seen.map((one, at) => conclude(one, ground, random.fork(`end ${at}`))))
  counts.streams += seen.length
  return { seen, restart }
}

/** Starts a stream and reads it with one or two readers. Undefined when nobody ever had anything of it. */
async function oneStream(ground: Ground, random: Random, onStart: () => void): Promise<Seen | undefined> {
  await setTimeout(random.between(0, 700))
  const model = `sim:tokens=${random.magnitude(8, 90)},interval=${random.between(5, 50)}ms,first=${random.between(1, 200)}ms`
  const way = random.pick(['prefill', 'prefill', 'instruct', 'instruct', 'cannot'] as const)
  const messages = [{ role: 'user', content: random.pick(QUESTIONS) }]
  const options = { stream: true, stream_options: { include_usage: true }, ...(way === 'cannot' ? { n: 2 } : {}) }
  const posted = await request(`${ground.url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: `${way === 'cannot' ? 'instruct' : way}/${model}`, messages, ...options }),
    random,
  }).catch(() => undefined)
  const id = posted?.headers['x-stream-id']
  if (posted === undefined || posted.status !== 200 || typeof id !== 'string') {
    posted?.leave()
    return undefined
  }
  onStart()
  const truth = answerFor({ model, messages })
  const seen: Seen = { id, truth, way, acknowledged: new Map(), terminal: undefined }
  const first = readToEnd(seen, ground, random.fork('first'), posted)
  if (random.chance(0.4)) {
    await setTimeout(random.between(0, 500))
    await readToEnd(seen, ground, random.fork('second'))
  }
  await first
  return seen.acknowledged.size > 0 ? seen : undefined
}

/** What is known of a stream that has ended: how it got there, and whether its text is the truth. */
async function conclude(seen: Seen, ground: Ground, random: Random): Promise<void> {
  if (seen.terminal === undefined) return
  const { violations, counts, url } = ground
  const found = await request(`${url}/streams/${seen.id}?format=json`, { random })
  const state: Known = JSON.parse(await readAll(found))
  const isJoined = state.timeline.some(({ type, mode }) => type === 'seam' && mode === 'instruct')
  const { isExact } = judge(seen, violations, isJoined)
  if (seen.terminal.data === '[DONE]') counts.completed++
  if (state.timeline.some(({ type }) => type === 'seam')) counts.takenUp++
  if (!isJoined) return
  counts.instructed++
  if (!isExact) counts.inexact++
}

/** The part of `?format=json` that is looked at. */
interface Known {
  readonly timeline: readonly { readonly type: string; readonly mode?: string }[]
}

/** Readers who come later: the same events, the same one terminal, and 204 behind it. */
export async function readAgain(seen: Seen, ground: Ground, random: Random): Promise<void> {
  const { terminal, id } = seen
  if (terminal === undefined) return
  await readToEnd(seen, ground, random)
  const headers = { 'last-event-id': `${id}:${terminal.offset}` }
  const after = await request(`${ground.url}/streams/${id}`, { headers, random })
  after.leave()
  ground.violations.expect(after.status === 204, 'no 204 after the end', () => `${id}: ${after.status}`)
  const head = await request(`${ground.url}/streams/${id}`, { method: 'HEAD', random })
  head.leave()
  const status = terminal.data === '[DONE]' ? 'completed' : 'failed'
  const cursor = head.headers['x-stream-cursor']
  const agrees = head.headers['x-stream-status'] === status && cursor === headers['last-event-id']
  ground.violations.expect(agrees, 'a status or cursor other than the terminal says', () => `${id}: ${String(cursor)}`)
}
