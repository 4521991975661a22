import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/config.ts'
import type { CachedAnswer, CacheTable, Pace } from '../ledger/cache-table.ts'
import type { StreamLog, StreamState } from '../log/stream-log.ts'

/** An answer that can be given again now. */
export interface Hit {
  readonly answer: CachedAnswer
  readonly state: StreamState
}

/** What an index is made of. */
export interface AnswerIndexOptions {
  readonly table: CacheTable
  readonly log: StreamLog
  readonly clock: Clock
  /** As it is now. */
  readonly config: () => Pick<GatewayConfig, 'cache'>
}

/** As many as a log keeps streams. */
const MOST_ANSWERS = 100_000
/** Answers that left the index and can still be read by whoever was given them. */
const MOST_LENT = 1_000
/** Between two looks at everything for what has ended, in milliseconds. */
const SWEEP_MS = 60_000
/** The longest that an answer must last on, so that a reader can have all of it, in milliseconds; else a tenth of its life. */
const MARGIN_MS = 5_000

/**
 * The cache: an index over the log, from a request's hash to the stream that answered it. A hit is one more
 * reader of a finished stream; nothing is copied. What is asked for again and again stays the longest. All
 * of it is in memory, and on disk only for the next process.
 */
export class AnswerIndex {
  readonly #options: AnswerIndexOptions
  /** By request and form, those asked for last at the end. */
  readonly #answers = new Map<string, CachedAnswer>()
  readonly #scopes = new Map<string, string>()
  readonly #lent = new Map<string, string>()
  #bytes = 0
  #sweptAt = 0

  /** Reads what the table has. Throws what SQLite throws. */
  constructor(options: AnswerIndexOptions) {
    this.#options = options
    for (const answer of options.table.all(options.clock.date())) this.#add(answer)
  }

  /** How many answers there are. */
  get size(): number {
    return this.#answers.size
  }

  /** Of all their data. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * The answer to a request, if it is there to the last entry and for `lastsMs` from now. `hasUsage`: in which
   * form, whether with the chunks that carry usage alone.
   */
  async find(request: string, hasUsage: boolean, lastsMs: (answer: CachedAnswer) => number): Promise<Hit | undefined> {
    const answer = this.#answers.get(formOf(request, hasUsage))
    if (answer === undefined) return undefined
    const { clock, log } = this.#options
    const state = answer.expiresAt > clock.date() ? await log.find(answer.stream) : undefined
    // A stream that was erased, or that a crash cut and somebody went on with, is not what was stored.
    if (state === undefined || state === 'expired' || state.status !== 'completed' || state.last !== answer.last) {
      this.#drop(answer)
      return undefined
    }
    const margin = Math.min(MARGIN_MS, (answer.expiresAt - answer.storedAt) / 10)
    if ((state.expiresAt ?? 0) - clock.date() < margin + lastsMs(answer)) return undefined
    this.#answers.delete(formOf(request, hasUsage))
    this.#answers.set(formOf(request, hasUsage), answer)
    return { answer, state }
  }

  /** When the entries of an answer came. Throws what SQLite throws. */
  paceOf({ stream }: CachedAnswer): Pace | undefined {
    return this.#options.table.paceOf(stream)
  }

  /** Whether a caller may read a stream that is not its own because the stream's answer is in its pool. */
  mayRead(stream: string, scope: string): boolean {
    return (this.#scopes.get(stream) ?? this.#lent.get(stream)) === scope
  }

  /** Keeps an answer in place of an older one to the same request. Throws what SQLite throws, and keeps nothing then. */
  store(answer: CachedAnswer, pace: Pace | undefined): void {
    const { table, config } = this.#options
    const maxBytes = config().cache?.maxBytes ?? 0
    if (answer.bytes > maxBytes) return
    table.put(answer, pace)
    const older = this.#answers.get(formOf(answer.request, answer.hasUsage))
    if (older !== undefined) this.#drop(older)
    this.#add(answer)
    for (const oldest of this.#answers.values()) {
      if (this.#bytes <= maxBytes && this.#answers.size <= MOST_ANSWERS) break
      this.#drop(oldest)
    }
    this.#sweep()
  }

  #add(answer: CachedAnswer): void {
    this.#answers.set(formOf(answer.request, answer.hasUsage), answer)
    this.#scopes.set(answer.stream, answer.scope)
    this.#bytes += answer.bytes
  }

  #drop(answer: CachedAnswer): void {
    const form = formOf(answer.request, answer.hasUsage)
    if (this.#answers.get(form) !== answer) return
    this.#answers.delete(form)
    this.#scopes.delete(answer.stream)
    this.#bytes -= answer.bytes
    this.#lent.set(answer.stream, answer.scope)
    for (const first of this.#lent.keys()) {
      if (this.#lent.size <= MOST_LENT) break
      this.#lent.delete(first)
    }
    try {
      this.#options.table.remove(answer.stream)
    } catch {
      // The row ends by itself, and until then is found to be wrong by whoever meets it.
    }
  }

  #sweep(): void {
    const { clock, table } = this.#options
    const now = clock.date()
    if (now - this.#sweptAt < SWEEP_MS) return
    this.#sweptAt = now
    for (const answer of this.#answers.values()) if (answer.expiresAt <= now) this.#drop(answer)
    table.expire(now)
  }
}

function formOf(request: string, hasUsage: boolean): string {
  return hasUsage ? `${request} usage` : request
}
