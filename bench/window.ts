import type { Load } from './load.ts'
import { coreTimes, cpuSeconds } from './process.ts'
import type { CoreTimes } from './process.ts'
import type { Provider } from './provider.ts'
import type { Tally } from './tally.ts'

/** Everything a cell of the table can hold. Which of them a scenario fills is its own affair. */
export type Figure =
  | 'cpuPerToken'
  | 'tokensPerSecond'
  | 'offeredPerSecond'
  | 'latencyP50'
  | 'latencyP99'
  | 'addedLatencyP50'
  | 'addedLatencyP99'
  | 'ttftP50'
  | 'ttftP99'
  | 'addedTtftP50'
  | 'addedTtftP99'
  | 'pairedTtft'
  | 'streamsPerSecond'
  | 'cpuPerStream'
  | 'rssAt10'
  | 'rssAt30'
  | 'targetCore'
  | 'generatorCpu'
  | 'loadCore'
  | 'othersCpu'

export type Figures = Partial<Record<Figure, number>>

/** One target in one round of one scenario. */
export interface Measurement {
  readonly figures: Figures
  /** Time to first token of each stream in the window, for pairing with the direct calls of the same round. */
  readonly firstTokens: Float64Array
  /** What went wrong, and how often. Anything here makes the figures worthless. */
  readonly errors: ReadonlyMap<string, number>
}

/** Which core does what; undefined where nothing is pinned (the harness's own tests). */
export interface Cores {
  readonly target: number
  readonly load: number
}

interface Start {
  readonly at: number
  readonly target: number
  readonly own: number
  readonly offered: number
  readonly cores: readonly CoreTimes[]
}

/**
 * The measured span. The target's CPU time, the cores', the tokens written and read are all taken at its
 * two ends, within one turn of the event loop.
 */
export class Window {
  readonly #tally: Tally
  readonly #provider: Provider
  readonly #pid: number | undefined
  readonly #pins: Cores | undefined
  readonly #start: Start

  constructor(load: Load, pid: number | undefined, pins: Cores | undefined) {
    this.#tally = load.tally
    this.#provider = load.provider
    this.#pid = pid
    this.#pins = pins
    this.#tally.begin()
    this.#start = this.#now()
  }

  /** Ends the span. */
  close(): Figures {
    const end = this.#now()
    const start = this.#start
    this.#tally.measuring = false
    const { tokens, streams, latency, firstToken } = this.#tally
    const seconds = end.at - start.at
    const target = end.target - start.target
    const own = end.own - start.own
    const [latencyP50 = Number.NaN, latencyP99 = Number.NaN] = latency.quantiles([0.5, 0.99])
    const [ttftP50 = Number.NaN, ttftP99 = Number.NaN] = firstToken.quantiles([0.5, 0.99])
    const busy = end.cores.reduce((sum, core, index) => sum + core.busy - (start.cores[index]?.busy ?? 0), 0)
    return {
      tokensPerSecond: tokens / seconds,
      offeredPerSecond: (end.offered - start.offered) / seconds,
      streamsPerSecond: streams / seconds,
      latencyP50,
      latencyP99,
      ttftP50,
      ttftP99,
      ...(this.#pid === undefined
        ? {}
        : {
            cpuPerToken: (target / tokens) * 1e6,
            cpuPerStream: (target / streams) * 1e6,
            targetCore: target / seconds,
          }),
      ...(this.#pins === undefined
        ? {}
        : { loadCore: busyShare(start.cores[this.#pins.load], end.cores[this.#pins.load]) }),
      generatorCpu: own / seconds,
      othersCpu: Math.max(0, busy - target - own) / seconds,
    }
  }

  #now(): Start {
    const { user, system } = process.cpuUsage()
    return {
      at: performance.now() / 1000,
      target: this.#pid === undefined ? 0 : cpuSeconds(this.#pid),
      own: (user + system) / 1e6,
      offered: this.#provider.offered,
      cores: coreTimes(),
    }
  }
}

function busyShare(start: CoreTimes | undefined, end: CoreTimes | undefined): number {
  if (start === undefined || end === undefined) return Number.NaN
  return (end.busy - start.busy) / (end.total - start.total)
}
