import { type Clock, systemClock } from '../../clock.ts'
import { estimateTokens } from '../../limit/estimate.ts'
import { closing, type Inlet, type TextStage } from './stage.ts'

/** How a text is measured. */
export interface MetricsOptions {
  /** How many of the newest pieces `recent` and the percentiles look at; 100 unless told. */
  readonly window?: number | undefined
  /** A wait longer than so many milliseconds is a stall; 2,000 unless told. */
  readonly stallAfter?: number | undefined
  /** Counts the tokens of a piece; `estimateTokens` unless told. */
  readonly tokens?: ((text: string) => number) | undefined
  readonly clock?: Clock | undefined
}

/** A text as it was measured so far. Times in milliseconds, rates per second. */
export interface TextStats {
  /** From the first pull to the end, or to now. */
  readonly totalTime: number
  /** `undefined` until the first piece has come. */
  readonly timeToFirstChunk: number | undefined
  readonly chunks: number
  /** UTF-16 units. */
  readonly chars: number
  readonly tokens: number
  /** `tokens` is a count of ours, not the provider's. */
  readonly tokensEstimated: boolean
  readonly averageChunkSize: number
  /** Over the whole time. */
  readonly charsPerSecond: number
  readonly chunksPerSecond: number
  readonly tokensPerSecond: number
  /** Over the newest `window` pieces, without the wait for the first one. */
  readonly recent: {
    readonly charsPerSecond: number
    readonly chunksPerSecond: number
    readonly tokensPerSecond: number
  }
  /** Waits between pieces, over the newest `window`; `undefined` before the second piece. */
  readonly interTokenP50: number | undefined
  readonly interTokenP95: number | undefined
  /** Waits longer than `stallAfter`, one that is going on included. */
  readonly stalls: number
  readonly stalledTime: number
  /** The text ended or was left. */
  readonly ended: boolean
}

/** A stage that lets everything through and measures it. For one text. */
export interface Metrics extends TextStage {
  stats(): TextStats
  /** The provider's own count, from `usage.completion_tokens`. */
  settle(tokens: number): void
}

/**
 * Measures a text while it passes.
 *
 * @example
 * const meter = metrics({ window: 100 })
 * for await (const text of meter(stream.text())) show(text, meter.stats().tokensPerSecond)
 */
export function metrics(options: MetricsOptions = {}): Metrics {
  const { clock = systemClock } = options
  const meter = new TextMeter(options)
  const stage: TextStage = (source) => closing(source, (inlet) => measured(inlet, meter, clock))
  return Object.assign(stage, {
    stats: () => meter.stats(clock.now()),
    settle: (tokens: number) => meter.settle(tokens),
  })
}

async function* measured(inlet: Inlet, meter: TextMeter, clock: Clock): AsyncGenerator<string, void, undefined> {
  meter.start(clock.now())
  try {
    for (let next = await inlet.next(); next.done !== true; next = await inlet.next()) {
      if (next.value !== '') meter.add(next.value, clock.now())
      yield next.value
    }
  } finally {
    meter.end(clock.now())
    await inlet.close()
  }
}

/** One measured piece. */
interface Piece {
  readonly at: number
  readonly chars: number
  readonly tokens: number
}

/** The measuring alone, for texts that do not come through the stage. Pure: `now` in milliseconds of one clock. */
export class TextMeter {
  readonly #window: number
  readonly #stallAfter: number
  readonly #count: (text: string) => number
  /** The newest `window` + 1 pieces, oldest at `#chunks % length` once it is full. */
  readonly #ring: Piece[] = []
  #startedAt: number | undefined = undefined
  #firstAt: number | undefined = undefined
  #lastAt: number | undefined = undefined
  #endedAt: number | undefined = undefined
  #chunks = 0
  #chars = 0
  #tokens = 0
  #settled: number | undefined = undefined
  #stalls = 0
  #stalledTime = 0

  constructor(options: Omit<MetricsOptions, 'clock'> = {}) {
    this.#window = Math.max(1, options.window ?? 100)
    this.#stallAfter = options.stallAfter ?? 2_000
    this.#count = options.tokens ?? estimateTokens
  }

  start(now: number): void {
    this.#startedAt ??= now
  }

  add(text: string, now: number): void {
    this.start(now)
    this.#firstAt ??= now
    const gap = this.#lastAt === undefined ? 0 : now - this.#lastAt
    if (gap > this.#stallAfter) {
      this.#stalls++
      this.#stalledTime += gap
    }
    this.#lastAt = now
    const tokens = this.#count(text)
    this.#ring[this.#chunks % (this.#window + 1)] = { at: now, chars: text.length, tokens }
    this.#chunks++
    this.#chars += text.length
    this.#tokens += tokens
  }

  settle(tokens: number): void {
    this.#settled = tokens
  }

  end(now: number): void {
    this.#endedAt ??= now
  }

  stats(now: number): TextStats {
    const until = this.#endedAt ?? now
    const totalTime = this.#startedAt === undefined ? 0 : until - this.#startedAt
    const tokens = this.#settled ?? this.#tokens
    const open = this.#lastAt === undefined ? 0 : until - this.#lastAt
    const stalled = open > this.#stallAfter
    const gaps = this.#gaps()
    return {
      totalTime,
      timeToFirstChunk: this.#firstAt === undefined ? undefined : this.#firstAt - (this.#startedAt ?? this.#firstAt),
      chunks: this.#chunks,
      chars: this.#chars,
      tokens,
      tokensEstimated: this.#settled === undefined,
      averageChunkSize: this.#chunks === 0 ? 0 : this.#chars / this.#chunks,
      charsPerSecond: perSecond(this.#chars, totalTime),
      chunksPerSecond: perSecond(this.#chunks, totalTime),
      tokensPerSecond: perSecond(tokens, totalTime),
      recent: this.#recent(),
      interTokenP50: percentile(gaps, 0.5),
      interTokenP95: percentile(gaps, 0.95),
      stalls: this.#stalls + (stalled ? 1 : 0),
      stalledTime: this.#stalledTime + (stalled ? open : 0),
      ended: this.#endedAt !== undefined,
    }
  }

  #newest(): readonly Piece[] {
    const at = this.#chunks % (this.#window + 1)
    return this.#chunks <= this.#window ? this.#ring : [...this.#ring.slice(at), ...this.#ring.slice(0, at)]
  }

  #gaps(): readonly number[] {
    const pieces = this.#newest()
    const gaps: number[] = []
    for (let i = 1; i < pieces.length; i++) gaps.push((pieces[i]?.at ?? 0) - (pieces[i - 1]?.at ?? 0))
    return gaps.toSorted((a, b) => a - b)
  }

  /** The oldest piece only says since when. */
  #recent(): TextStats['recent'] {
    const [oldest, ...rest] = this.#newest()
    const time = oldest === undefined || this.#lastAt === undefined ? 0 : this.#lastAt - oldest.at
    let chars = 0
    let tokens = 0
    for (const piece of rest) {
      chars += piece.chars
      tokens += piece.tokens
    }
    return {
      charsPerSecond: perSecond(chars, time),
      chunksPerSecond: perSecond(rest.length, time),
      tokensPerSecond: perSecond(tokens, time),
    }
  }
}

function perSecond(count: number, ms: number): number {
  return ms > 0 ? (count * 1_000) / ms : 0
}

/** The smallest value that is not below the share `q` of all (nearest rank). */
function percentile(sorted: readonly number[], q: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]
}
