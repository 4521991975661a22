import type { Clock } from '../clock.ts'
import type { Usage } from '../completion/chunk.ts'
import type { AnswerItem } from '../dialect/writer.ts'
import type { SluiceError } from '../errors.ts'
import type { Outcome, TimelineEvent } from '../log/stream-log.ts'
import type { Target } from '../provider/provider.ts'
import type { AttemptObserver } from '../upstream/ask.ts'
import type { ReadNotes } from '../upstream/ending.ts'
import type { Lease } from './admission-lease.ts'
import type { RelayObserver } from './relay.ts'

/** One try of a stream, as far as it matters for what it cost. */
export interface Try {
  readonly target: Target
  /** Chunks of the stream that were relayed before it. */
  readonly from: number
  /** What the provider told on the way; undefined: it never said yes. */
  readonly notes: ReadNotes | undefined
  /** Why it failed, if it did. */
  readonly error: SluiceError | undefined
}

/** What was measured of a stream. Times in milliseconds since it began. */
export interface StreamMeasure {
  readonly timeline: readonly TimelineEvent[]
  /** Until the first visible delta (time to first token). */
  readonly ttft: number | undefined
  /** The longest wait between two batches of chunks after that. */
  readonly longestGap: number
  /** How many waits between two batches were shorter than 1, 2, 4 … milliseconds (`gapBucket`). */
  readonly gaps: readonly number[]
  readonly chunks: number
  readonly tries: readonly Try[]
  readonly duration: number
  readonly usage: Usage | undefined
  readonly outcome: Outcome
  readonly error: SluiceError | undefined
}

/** How far a stream has come. Times in milliseconds, up to now. */
export interface Progress {
  readonly chunks: number
  readonly age: number
  /** Since the first visible delta. */
  readonly sinceFirst: number | undefined
  /** Since the newest chunk, or, before any, since it began. */
  readonly idle: number
}

/** A silence before a failure that is worth a word, in milliseconds. */
const SILENT_MS = 100

/** Waits of 2^15 milliseconds and more are one bucket. */
export const GAP_BUCKETS = 17

const NO_GAPS: readonly number[] = Array.from<number>({ length: GAP_BUCKETS }).fill(0)

/** The bucket of a wait in milliseconds: `i` holds those below 2^i and not below half of that. */
const gapBucket = (ms: number): number => Math.min(GAP_BUCKETS - 1, 32 - Math.clz32(ms))

/** Watches one stream from its first try to its end. A token costs one look at the clock. */
export class Meter implements AttemptObserver, RelayObserver {
  readonly #clock: Clock
  readonly #startedAt: number
  readonly #onOpen: () => void
  readonly #onEnd: (measure: StreamMeasure) => void
  readonly #lease: Lease | undefined
  // Joined anew with every entry: a list that grows has room for 17, and these mostly have three and one.
  #timeline: readonly TimelineEvent[] = []
  #tries: readonly { -readonly [Name in keyof Try]: Try[Name] }[] = []
  readonly #gaps: number[] = NO_GAPS.slice()
  #firstAt: number | undefined
  #lastAt = 0
  #longestGap = 0
  #chunks = 0
  #usage: Usage | undefined

  /** `onOpen`: a provider said yes. `onEnd`: called once, with everything. */
  constructor(clock: Clock, onOpen: () => void, onEnd: (measure: StreamMeasure) => void, lease?: Lease) {
    this.#lease = lease
    this.#clock = clock
    this.#startedAt = clock.now()
    this.#onOpen = onOpen
    this.#onEnd = onEnd
  }

  get timeline(): readonly TimelineEvent[] {
    return this.#timeline
  }

  /** How far it has come. */
  get progress(): Progress {
    const [chunks, now] = [this.#chunks, this.#clock.now()]
    const sinceFirst = this.#firstAt === undefined ? undefined : now - this.#firstAt
    return { chunks, age: now - this.#startedAt, sinceFirst, idle: now - (chunks > 0 ? this.#lastAt : this.#startedAt) }
  }

  started(attempt: number, target: Target, mode?: string): void {
    const { provider, model } = target
    this.#lease?.started(target)
    this.#tries = this.#tries.concat({ target, from: this.#chunks, notes: undefined, error: undefined })
    this.#note('attempt', {
      attempt,
      provider: provider.name,
      ...(model === undefined ? {} : { model }),
      ...(mode === undefined ? {} : { mode }),
    })
  }

  opened(exchange: { readonly status: number }, notes: ReadNotes): void {
    const current = this.#tries.at(-1)
    if (current !== undefined) current.notes = notes
    this.#note('opened', { status: exchange.status })
    this.#lease?.opened()
    this.#onOpen()
  }

  failed(error: SluiceError, next: string): void {
    const current = this.#tries.at(-1)
    if (current !== undefined) current.error ??= error
    const usage = current?.notes?.usage
    const silent = this.#chunks > (current?.from ?? 0) ? Math.round(this.#clock.now() - this.#lastAt) : 0
    this.#note('failed', {
      code: error.code,
      message: error.message,
      next,
      // How long nothing had come: after text it would look as if there had been text to the end.
      ...(silent < SILENT_MS ? {} : { silent }),
      ...(usage === undefined ? {} : { usage }),
    })
    this.#lease?.failed()
  }

  joined(mode: string, overlap: number): void {
    this.#note('seam', { mode, overlap })
  }

  items(items: readonly AnswerItem[]): void {
    const before = this.#chunks
    for (const item of items) {
      if (item.type !== 'chunk') continue
      this.#chunks++
      if (item.usage !== undefined) this.#usage = item.usage
    }
    this.#lease?.items(items)
    if (this.#chunks === before) return
    const now = this.#clock.now()
    if (this.#firstAt === undefined) {
      this.#firstAt = now
      this.#note('first_token', {})
    } else {
      const gap = now - this.#lastAt
      if (gap > this.#longestGap) this.#longestGap = gap
      const bucket = gapBucket(gap)
      this.#gaps[bucket] = (this.#gaps[bucket] ?? 0) + 1
    }
    this.#lastAt = now
  }

  sum(status: Outcome['status'], error: SluiceError | undefined): Outcome {
    // Before anybody reads the end: who does finds the place free.
    this.#lease?.end({ status, usage: this.#usage })
    const why = error === undefined ? {} : { code: error.code, message: error.message }
    this.#note('ended', { outcome: status, ...why })
    return { status, error: error?.toEnvelope().error, usage: this.#usage, timeline: this.#timeline }
  }

  ended(outcome: Outcome, error: SluiceError | undefined): void {
    this.#onEnd({
      timeline: this.#timeline,
      ttft: this.#firstAt === undefined ? undefined : this.#firstAt - this.#startedAt,
      longestGap: this.#longestGap,
      gaps: this.#gaps,
      chunks: this.#chunks,
      tries: this.#tries,
      duration: this.#clock.now() - this.#startedAt,
      usage: this.#usage,
      outcome,
      error,
    })
    // Unless somebody who knows better has said what is to be charged.
    this.#lease?.charge()
  }

  #note(type: string, facts: Readonly<Record<string, unknown>>): void {
    this.#timeline = this.#timeline.concat({ at: this.#at(), type, ...facts })
  }

  #at(): number {
    return Math.round((this.#clock.now() - this.#startedAt) * 10) / 10
  }
}
