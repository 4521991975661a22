import type { Clock } from '../clock.ts'
import type { Usage } from '../completion/chunk.ts'
import type { AnswerItem } from '../dialect/writer.ts'
import type { SluiceError } from '../errors.ts'
import type { Outcome, TimelineEvent } from '../log/stream-log.ts'
import type { Target } from '../provider/provider.ts'
import type { AttemptObserver } from '../upstream/ask.ts'
import type { RelayObserver } from './relay.ts'

/** What was measured of a stream. Times in milliseconds since it began. */
export interface StreamMeasure {
  readonly timeline: readonly TimelineEvent[]
  /** Until the first visible delta (time to first token). */
  readonly ttft: number | undefined
  /** The longest wait between two batches of chunks after that. */
  readonly longestGap: number
  readonly chunks: number
  readonly duration: number
  readonly usage: Usage | undefined
  readonly outcome: Outcome
  readonly error: SluiceError | undefined
}

/** Watches one stream from its first try to its end. A token costs one look at the clock. */
export class Meter implements AttemptObserver, RelayObserver {
  readonly #clock: Clock
  readonly #startedAt: number
  readonly #onOpen: () => void
  readonly #onEnd: (measure: StreamMeasure) => void
  readonly #timeline: TimelineEvent[] = []
  #firstAt: number | undefined
  #lastAt = 0
  #longestGap = 0
  #chunks = 0
  #usage: Usage | undefined

  /** `onOpen`: a provider said yes. `onEnd`: called once, with everything. */
  constructor(clock: Clock, onOpen: () => void, onEnd: (measure: StreamMeasure) => void) {
    this.#clock = clock
    this.#startedAt = clock.now()
    this.#onOpen = onOpen
    this.#onEnd = onEnd
  }

  get timeline(): readonly TimelineEvent[] {
    return this.#timeline
  }

  started(attempt: number, { provider, model }: Target, mode?: string): void {
    this.#note('attempt', {
      attempt,
      provider: provider.name,
      ...(model === undefined ? {} : { model }),
      ...(mode === undefined ? {} : { mode }),
    })
  }

  opened(exchange: { readonly status: number }): void {
    this.#note('opened', { status: exchange.status })
    this.#onOpen()
  }

  failed(error: SluiceError, next: string): void {
    this.#note('failed', { code: error.code, message: error.message, next })
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
    if (this.#chunks === before) return
    const now = this.#clock.now()
    if (this.#firstAt === undefined) {
      this.#firstAt = now
      this.#note('first_token', {})
    } else if (now - this.#lastAt > this.#longestGap) this.#longestGap = now - this.#lastAt
    this.#lastAt = now
  }

  sum(status: Outcome['status'], error: SluiceError | undefined): Outcome {
    this.#note('ended', {
      outcome: status,
      ...(error === undefined ? {} : { code: error.code, message: error.message }),
    })
    return { status, error: error?.toEnvelope().error, usage: this.#usage, timeline: this.#timeline }
  }

  ended(outcome: Outcome, error: SluiceError | undefined): void {
    this.#onEnd({
      timeline: this.#timeline,
      ttft: this.#firstAt === undefined ? undefined : this.#firstAt - this.#startedAt,
      longestGap: this.#longestGap,
      chunks: this.#chunks,
      duration: this.#clock.now() - this.#startedAt,
      usage: this.#usage,
      outcome,
      error,
    })
  }

  #note(type: string, facts: Readonly<Record<string, unknown>>): void {
    this.#timeline.push({ at: Math.round((this.#clock.now() - this.#startedAt) * 10) / 10, type, ...facts })
  }
}
