import { Load } from './load.ts'
import type { StreamShape } from './load.ts'
import { openFileLimit, residentKb } from './process.ts'
import type { Running } from './process.ts'
import { Provider } from './provider.ts'
import type { Target } from './targets.ts'
import { Window } from './window.ts'
import type { Cores, Figure, Figures, Measurement } from './window.ts'

/** How big a run is. The tests use small ones. */
export interface Scale {
  /** Seconds measured. */
  readonly seconds: number
  /** Seconds of load before that: enough for the compilers. */
  readonly warmUp: number
  /** Of the scenario's streams, this share. */
  readonly share: number
  /** Seconds at which `open` reads the memory; the last one ends it. */
  readonly memoryAt: readonly [number, number]
}

/** What `npm run bench` uses unless told otherwise. */
export const FULL_SCALE: Scale = { seconds: 3, warmUp: 5, share: 1, memoryAt: [10, 30] }

/** One load, applied to every target alike. */
export interface Scenario {
  readonly name: string
  readonly title: string
  readonly streams: number
  readonly shape: StreamShape
  /** A new stream as soon as one has ended. */
  readonly repeat: boolean
  /** Streams opened per second at the start. */
  readonly rampPerSecond: number
  /** So many times as long a warm-up as other scenarios need. */
  readonly warmUps?: number
  /** Rounds at most, for a scenario whose figure hardly varies. */
  readonly roundsAtMost?: number
  readonly columns: readonly Figure[]
}

const CORES = ['targetCore', 'generatorCpu', 'loadCore', 'othersCpu'] as const

/** All of them, in the order they run. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'paced',
    title: '500 streams x 1 token per 20 ms',
    streams: 500,
    shape: { tokens: 0, interval: 20 },
    repeat: false,
    rampPerSecond: 1000,
    columns: [
      'cpuPerToken',
      'tokensPerSecond',
      'latencyP50',
      'latencyP99',
      'addedLatencyP50',
      'addedLatencyP99',
      ...CORES,
    ],
  },
  {
    name: 'saturated',
    title: '2,000 streams x 1 token per 20 ms offered (100,000 tokens/s)',
    streams: 2000,
    shape: { tokens: 0, interval: 20 },
    repeat: false,
    rampPerSecond: 2000,
    columns: ['tokensPerSecond', 'offeredPerSecond', 'cpuPerToken', 'latencyP50', ...CORES],
  },
  {
    name: 'ttft',
    title: 'time to first token: 100 concurrent streams of 25 tokens, 1 per 20 ms, about 200 started a second',
    streams: 100,
    shape: { tokens: 25, interval: 20 },
    repeat: true,
    rampPerSecond: 200,
    columns: ['ttftP50', 'ttftP99', 'addedTtftP50', 'addedTtftP99', 'pairedTtft', 'streamsPerSecond', ...CORES],
  },
  {
    name: 'short',
    title: 'short streams: 64 clients, one 10-token unpaced stream after the other',
    streams: 64,
    shape: { tokens: 10, interval: 0 },
    repeat: true,
    rampPerSecond: 1000,
    // The compilers have most to do here: after 5 s they still took a tenth of the target's core.
    warmUps: 2,
    columns: ['streamsPerSecond', 'cpuPerStream', 'ttftP50', 'ttftP99', ...CORES],
  },
  {
    name: 'open',
    title: '5,000 open streams x 1 token per second: memory',
    streams: 5000,
    shape: { tokens: 0, interval: 1000 },
    repeat: false,
    rampPerSecond: 1500,
    roundsAtMost: 1,
    columns: ['rssAt10', 'rssAt30', 'cpuPerToken', ...CORES],
  },
]

/** Files a process holds that are not streams. */
const OTHER_FILES = 300

/** How many streams this machine lets one process hold: each is two sockets, in the target as in ours. */
export function streamsOf(scenario: Scenario, scale: Scale): number {
  const wanted = Math.max(1, Math.round(scenario.streams * scale.share))
  return Math.min(wanted, Math.floor((openFileLimit() - OTHER_FILES) / 2))
}

/** One cell: a fresh provider, a fresh process of the target, one load. */
export async function measure(
  scenario: Scenario,
  target: Target,
  scale: Scale,
  cores: Cores | undefined,
): Promise<Measurement> {
  const provider = await Provider.listen()
  let running: Running | undefined
  try {
    running = await target.start(provider.port, cores?.target)
    const first = await tryOut(running, provider)
    if (first.size > 0) return { figures: {}, firstTokens: new Float64Array(), errors: first }
    return scenario.name === 'open'
      ? await measureMemory(scenario, running, provider, scale, cores)
      : await measureLoad(scenario, running, provider, scale, cores)
  } finally {
    await running?.stop()
    await provider.close()
  }
}

/** A few short streams, verified: a target that gets these wrong need not be measured. */
async function tryOut(running: Running, provider: Provider): Promise<ReadonlyMap<string, number>> {
  const load = new Load(running, provider, { tokens: 10, interval: 0 }, false)
  await load.ramp(50, 50)
  await load.settle(5000)
  return load.tally.errors
}

/** Streams that last are all opened before the first of them is paced: a target can be saturated only by tokens. */
async function openStreams(scenario: Scenario, count: number, running: Running, provider: Provider): Promise<Load> {
  const load = new Load(running, provider, scenario.shape, scenario.repeat)
  const rampTime = (count / scenario.rampPerSecond) * 1000
  if (scenario.repeat) {
    provider.pace()
    await load.ramp(count, rampTime)
  } else {
    await load.ramp(count, rampTime)
    await load.allFlow(count, 15_000)
    provider.pace()
  }
  return load
}

async function measureLoad(
  scenario: Scenario,
  running: Running,
  provider: Provider,
  scale: Scale,
  cores: Cores | undefined,
): Promise<Measurement> {
  const count = streamsOf(scenario, scale)
  const load = await openStreams(scenario, count, running, provider)
  await seconds(scale.warmUp * (scenario.warmUps ?? 1))
  const window = new Window(load, running.pid, cores)
  await seconds(scale.seconds)
  const figures = window.close()
  await load.settle(20_000)
  return { figures, firstTokens: load.tally.firstToken.values(), errors: load.tally.errors }
}

async function measureMemory(
  scenario: Scenario,
  running: Running,
  provider: Provider,
  scale: Scale,
  cores: Cores | undefined,
): Promise<Measurement> {
  const count = streamsOf(scenario, scale)
  const resident = (): number => (running.pid === undefined ? Number.NaN : residentKb(running.pid))
  const before = resident()
  const load = await openStreams(scenario, count, running, provider)
  const window = new Window(load, running.pid, cores)
  await seconds(scale.memoryAt[0])
  const early = (resident() - before) / count
  await seconds(scale.memoryAt[1] - scale.memoryAt[0])
  const late = (resident() - before) / count
  const figures = window.close()
  if (load.open !== count) load.tally.error('not all streams open')
  await load.settle(20_000)
  const memory: Figures = running.pid === undefined ? {} : { rssAt10: early, rssAt30: late }
  return { figures: { ...figures, ...memory }, firstTokens: new Float64Array(), errors: load.tally.errors }
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000))
}
