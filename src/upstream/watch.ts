import type { Clock } from '../clock.ts'
import { SluiceError, type ErrorCode } from '../errors.ts'
import type { Deadlines } from '../provider/provider.ts'

/**
 * The phases of an exchange, in order; each has a deadline and an error code of its own (PROTOCOL 9).
 * `closing`: the answer is complete, only usage and `[DONE]` may still come.
 */
export type Phase = 'connect' | 'head' | 'firstToken' | 'betweenTokens' | 'closing'

const CODES: Readonly<Record<Phase, ErrorCode>> = {
  connect: 'upstream_connect_timeout',
  head: 'upstream_head_timeout',
  firstToken: 'upstream_first_token_timeout',
  betweenTokens: 'upstream_between_tokens_timeout',
  closing: 'upstream_between_tokens_timeout',
}

const MISSED: Readonly<Record<Phase, string>> = {
  connect: 'no connection',
  head: 'no response head',
  firstToken: 'no first token',
  betweenTokens: 'no sign of life',
  closing: 'no end',
}

/** Over how long the least speed is measured, in milliseconds. */
const SPEED_WINDOW = 10_000

/** How long usage and `[DONE]` may keep a complete answer waiting, in milliseconds. */
const CLOSING_MS = 2_000

/** So many times the deadline between tokens may pass with nothing but signs of life. */
const LIFE_WITHOUT_TOKENS = 5

/** What is ended when a deadline passes. */
interface Expiring {
  abort(error: SluiceError): void
}

/**
 * The deadlines of one exchange on one timer. A sign of life only notes the time; the timer looks at
 * the note when it fires and sleeps for the rest. So a token costs no timer call.
 */
export class Watch {
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #provider: string
  readonly #exchange: Expiring
  readonly #startedAt: number
  #phase: Phase = 'connect'
  #since: number
  /** When the last chunk came; Infinity before the first token. */
  #chunkAt = Infinity
  #disarm: (() => void) | undefined
  #armedFor = Infinity
  /** Chunks since the window of the least speed began. */
  #chunks = 0
  #windowSince = Infinity

  /** Starts in phase `connect`. `exchange` is aborted at most once, with the error that names the deadline. */
  constructor(clock: Clock, deadlines: Deadlines, provider: string, exchange: Expiring) {
    this.#clock = clock
    this.#deadlines = deadlines
    this.#provider = provider
    this.#exchange = exchange
    this.#startedAt = this.#since = clock.now()
    this.#arm()
  }

  get phase(): Phase {
    return this.#phase
  }

  /** The next phase begins now. */
  enter(phase: Phase): void {
    if (this.#disarm === undefined || this.#phase === phase) return
    this.#phase = phase
    this.#since = this.#clock.now()
    this.#chunkAt = phase === 'betweenTokens' ? this.#since : Infinity
    if (phase === 'betweenTokens' && this.#deadlines.minTokensPerSecond !== undefined) this.#windowSince = this.#since
    // A timer that fires too early looks again; only one that would fire too late is set anew.
    if (this.#due() < this.#armedFor) this.#arm()
  }

  /**
   * The provider gave a sign of life. Counts between tokens only, and without a chunk not for ever: comments do not
   * bring a token nearer.
   */
  alive(chunks: number): void {
    if (this.#phase === 'betweenTokens') {
      this.#since = this.#clock.now()
      if (chunks > 0) this.#chunkAt = this.#since
    }
    this.#chunks += chunks
  }

  /** No deadline matters any more. */
  stop(): void {
    this.#disarm?.()
    this.#disarm = undefined
  }

  #arm(): void {
    this.#disarm?.()
    const total = this.#startedAt + this.#deadlines.total
    this.#armedFor = Math.min(this.#due(), total, this.#windowSince + SPEED_WINDOW)
    const left = this.#armedFor - this.#clock.now()
    this.#disarm = this.#clock.after(Math.max(left, 1), () => this.#check())
  }

  #due(): number {
    return Math.min(this.#since + this.#limit(), this.#chunkAt + LIFE_WITHOUT_TOKENS * this.#limit())
  }

  #limit(): number {
    return this.#phase === 'closing' ? CLOSING_MS : this.#deadlines[this.#phase]
  }

  #check(): void {
    const now = this.#clock.now()
    if (now >= this.#startedAt + this.#deadlines.total)
      return this.#fail('upstream_total_timeout', 'not finished', this.#deadlines.total)
    if (now >= this.#since + this.#limit()) return this.#fail(CODES[this.#phase], MISSED[this.#phase], this.#limit())
    if (now >= this.#due())
      return this.#fail(CODES[this.#phase], 'no token, only comments,', LIFE_WITHOUT_TOKENS * this.#limit())
    if (now >= this.#windowSince + SPEED_WINDOW && this.#isTooSlow(now)) return
    this.#arm()
  }

  /** Ends a window of the least speed and begins the next one. */
  #isTooSlow(now: number): boolean {
    const least = this.#deadlines.minTokensPerSecond ?? 0
    const rate = (this.#chunks * 1_000) / SPEED_WINDOW
    this.#chunks = 0
    this.#windowSince = this.#phase === 'closing' ? Infinity : now
    if (rate >= least || this.#phase === 'closing') return false
    this.#fail('upstream_too_slow', `slower than ${least} tokens a second`, SPEED_WINDOW)
    return true
  }

  #fail(code: ErrorCode, missed: string, limit: number): void {
    this.stop()
    this.#exchange.abort(
      new SluiceError(code, `${this.#provider}: ${missed} within ${limit} ms`, { provider: this.#provider }),
    )
  }
}
