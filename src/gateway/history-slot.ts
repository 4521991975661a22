import type { UsageRow } from '../ledger/usage.ts'
import { GAP_BUCKETS, type StreamMeasure } from './meter.ts'
import { triedOf, type Tried } from './tried.ts'

/** Buckets for each doubling: what is read from them is at most 5 % off. */
const FINE = 8
/** Half a millisecond, up to five minutes. */
const TTFT_BUCKETS = 20 * FINE
/** Pairs of a key and a model in one slot; what is beyond counts under `other`. */
const MOST_PAIRS = 200

/** Three percentiles in milliseconds, and of how many. */
export interface Percentiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly count: number
}

/** What one key used of one model. */
export interface UsedSums {
  readonly key: string
  readonly model: string
  streams: number
  promptTokens: number
  completionTokens: number
  nanoDollars: number
  /** Streams with a price that nobody knows. */
  unpriced: number
}

/** How tries of one provider went. */
export interface ProviderSums {
  attempts: number
  failed: number
  /** Tries that were to continue a cut answer, and those that did to the end. */
  rescues: number
  rescued: number
  /** Failures by error code. */
  readonly codes: Map<string, number>
}

/** What happened in a stretch of time: streams count where they ended. Its size does not grow with their number. */
export class Slot {
  /** When it begins, milliseconds since 1970. */
  readonly at: number
  readonly outcomes: Record<'completed' | 'failed' | 'cancelled', number> = { completed: 0, failed: 0, cancelled: 0 }
  /** Streams that somebody else went on with after they were cut. */
  rescued = 0
  readonly providers: Map<string, ProviderSums> = new Map()
  readonly used: Map<string, UsedSums> = new Map()
  /** The same by key, then by model: found without putting a name together. */
  readonly #pairs = new Map<string, Map<string, UsedSums>>()
  readonly #ttft = new Uint32Array(TTFT_BUCKETS)
  readonly #gaps = new Uint32Array(GAP_BUCKETS)

  constructor(at: number) {
    this.at = at
  }

  /** A stream has ended. `tried`: its timeline's tries, where somebody has read them already. */
  stream(measure: StreamMeasure, { tries, seams }: Tried = triedOf(measure)): void {
    this.outcomes[measure.outcome.status]++
    if (measure.ttft !== undefined) add(this.#ttft, ttftBucket(measure.ttft), 1)
    for (let i = 0; i < GAP_BUCKETS; i++) add(this.#gaps, i, measure.gaps[i] ?? 0)
    if (seams.length > 0) this.rescued++
    for (const { provider, mode, result } of tries) {
      const sums = this.#provider(provider)
      sums.attempts++
      if (mode !== undefined) sums.rescues++
      if (result === 'ok') sums.rescued += mode === undefined ? 0 : 1
      // Who hangs up says nothing of the provider.
      else if (result !== 'cancelled') {
        sums.failed++
        sums.codes.set(result, (sums.codes.get(result) ?? 0) + 1)
      }
    }
  }

  /** What a stream used is known for good. */
  charged(row: UsageRow): void {
    const sums = this.#pairs.get(row.owner)?.get(row.model) ?? this.#pair(row.owner, row.model)
    sums.streams++
    sums.promptTokens += row.promptTokens
    sums.completionTokens += row.completionTokens
    sums.nanoDollars += row.nanoDollars
    if (row.unpriced > 0) sums.unpriced++
  }

  /** Adds another slot's figures to these. */
  merge(other: Slot): void {
    for (const status of ['completed', 'failed', 'cancelled'] as const) this.outcomes[status] += other.outcomes[status]
    this.rescued += other.rescued
    other.#ttft.forEach((count, i) => add(this.#ttft, i, count))
    other.#gaps.forEach((count, i) => add(this.#gaps, i, count))
    for (const [name, from] of other.providers) {
      const to = this.#provider(name)
      to.attempts += from.attempts
      to.failed += from.failed
      to.rescues += from.rescues
      to.rescued += from.rescued
      for (const [code, count] of from.codes) to.codes.set(code, (to.codes.get(code) ?? 0) + count)
    }
  }

  /** Until the first visible delta. */
  get ttft(): Percentiles | undefined {
    return percentiles(this.#ttft, (i) => [2 ** ((i - FINE - 1) / FINE), 2 ** ((i - FINE) / FINE)])
  }

  /** Between two batches of chunks: within a bucket, of which each is twice the one before, an estimate. */
  get gaps(): Percentiles | undefined {
    return percentiles(this.#gaps, (i) => [i === 0 ? 0 : 2 ** (i - 1), 2 ** i])
  }

  #provider(name: string): ProviderSums {
    let sums = this.providers.get(name)
    if (sums === undefined) {
      sums = { attempts: 0, failed: 0, rescues: 0, rescued: 0, codes: new Map() }
      this.providers.set(name, sums)
    }
    return sums
  }

  #pair(owner: string, model: string): UsedSums {
    // Beyond the limit nothing is kept of a name, not even in the index.
    if (this.used.size >= MOST_PAIRS) return this.#used('other', 'other')
    const sums = this.#used(owner, model)
    const ofOwner = this.#pairs.get(owner) ?? new Map<string, UsedSums>()
    this.#pairs.set(owner, ofOwner.set(model, sums))
    return sums
  }

  #used(key: string, model: string): UsedSums {
    const name = `${key}\0${model}`
    const known = this.used.get(name)
    if (known !== undefined) return known
    const sums = { key, model, streams: 0, promptTokens: 0, completionTokens: 0, nanoDollars: 0, unpriced: 0 }
    this.used.set(name, sums)
    return sums
  }
}

function ttftBucket(ms: number): number {
  const place = Math.ceil(Math.log2(Math.max(ms, 0.5)) * FINE) + FINE
  return Math.min(TTFT_BUCKETS - 1, place)
}

function add(counts: Uint32Array, i: number, count: number): void {
  counts[i] = (counts[i] ?? 0) + count
}

/** From counts by bucket: as if the values of a bucket lay evenly between its bounds. */
function percentiles(
  counts: Uint32Array,
  bounds: (i: number) => readonly [from: number, to: number],
): Percentiles | undefined {
  const count = counts.reduce((sum, each) => sum + each, 0)
  if (count === 0) return undefined
  const at = (share: number): number => {
    let rest = share * count
    for (const [i, here] of counts.entries()) {
      if (here > 0 && rest <= here) {
        const [from, to] = bounds(i)
        return Math.round((from + ((to - from) * rest) / here) * 10) / 10
      }
      rest -= here
    }
    return bounds(counts.length - 1)[1]
  }
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), count }
}
