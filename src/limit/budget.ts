import type { Link } from './chain.ts'
import type { ServerWord } from './rate-headers.ts'
import { Told } from './told.ts'
import { SlidingWindow, type Slice } from './window.ts'

/** What may be used. What is left out is not limited. */
export interface Limits {
  /** Requests in any window. */
  readonly requests: number | undefined
  /** Tokens in any window. */
  readonly tokens: number | undefined
  /** Requests at the same time. */
  readonly concurrent: number | undefined
  /** Milliseconds. */
  readonly window: number
}

/** Which limit stands in the way; `server`: the service said so itself. */
export type LimitName = 'requests' | 'tokens' | 'concurrency' | 'server'

/**
 * What is decided about a request:
 * - `admit`: it may go now;
 * - `wait`: not before `ms` have passed, and perhaps not then, if others use what becomes free;
 * - `slot`: as soon as one that is running ends;
 * - `never`: it asks for more than there ever is.
 */
export type Decision =
  | { readonly type: 'admit' }
  | { readonly type: 'wait'; readonly ms: number; readonly limit: LimitName }
  | { readonly type: 'slot' }
  | { readonly type: 'never'; readonly limit: 'tokens' | 'requests' | 'concurrency' }

/** What a request has taken of a budget. */
export interface Taken {
  readonly budget: Budget
  readonly tokens: number
  /** 0 where it counts against tokens and slots only. */
  readonly requests: 0 | 1
  /** Counts against what the server said was left. */
  readonly word: number
  /** Where it is in the window; undefined where nothing limits it. */
  readonly slice: Link<Slice> | undefined
}

/** One budget as it stands. */
export interface BudgetState {
  readonly limit: number
  readonly remaining: number
  /** Milliseconds until all of it is there again. */
  readonly resetMs: number
}

const ADMIT: Decision = { type: 'admit' }
const SLOT: Decision = { type: 'slot' }

/**
 * A sliding window over requests and tokens, and a count of what is running. Pure: time comes in with every
 * call, in milliseconds of one clock that never goes back. What was taken counts for the window's whole length
 * (see `SlidingWindow`).
 */
export class Budget {
  readonly #window: SlidingWindow
  readonly #told = new Told()
  #limits: Limits
  #running = 0

  constructor(limits: Limits) {
    this.#limits = limits
    this.#window = new SlidingWindow(limits.window)
  }

  get running(): number {
    return this.#running
  }

  /** What counts against the limits now. */
  counted(now: number): { readonly requests: number; readonly tokens: number } {
    this.#window.expire(now)
    const { requests, tokens } = this.#window
    return { requests, tokens }
  }

  /** Other limits from now on, in the same window; what was taken stays taken. */
  limit(limits: Limits): void {
    this.#limits = limits
  }

  /** Whether `decide` would say `admit`; makes nothing. */
  fits(tokens: number, now: number): boolean {
    const { requests, tokens: most, concurrent } = this.#limits
    if (concurrent !== undefined && this.#running >= concurrent) return false
    const window = this.#window
    window.expire(now)
    if (requests !== undefined && window.requests >= requests) return false
    if (most !== undefined && window.tokens + tokens > most) return false
    return this.#told.waitFor(tokens, now) <= 0
  }

  /** Whether a request that takes so many tokens may go. Takes nothing. */
  decide(tokens: number, now: number): Decision {
    const { requests, tokens: most, concurrent } = this.#limits
    if (requests !== undefined && requests < 1) return { type: 'never', limit: 'requests' }
    if (concurrent !== undefined && concurrent < 1) return { type: 'never', limit: 'concurrency' }
    if (most !== undefined && tokens > most) return { type: 'never', limit: 'tokens' }
    this.#window.expire(now)
    const waits = [
      { limit: 'server', ms: this.#told.waitFor(tokens, now) },
      { limit: 'requests', ms: this.#requestWait(now) },
      { limit: 'tokens', ms: this.#tokenWait(tokens, now) },
    ] as const
    const longest = waits.reduce((a, b) => (b.ms > a.ms ? b : a))
    if (longest.ms > 0) return { type: 'wait', ms: longest.ms, limit: longest.limit }
    return concurrent !== undefined && this.#running >= concurrent ? SLOT : ADMIT
  }

  /**
   * Takes a request, its tokens and a slot, together. Only after `decide` said `admit`; or for one that runs
   * already (`requests` 0), whatever the limits say.
   */
  take(tokens: number, now: number, requests: 0 | 1 = 1): Taken {
    this.#running++
    this.#told.use(requests, tokens)
    const slice = this.#counts(requests, tokens) ? this.#window.add(requests, tokens, now) : undefined
    return { budget: this, tokens, requests, word: this.#told.word, slice }
  }

  /**
   * The request ended and used so many tokens: gives the slot back, and what was taken too much. With `now`,
   * what was taken too little counts from now on; otherwise from when the request was admitted. Dated back it
   * could leave the window too early, or have left it already: an answer longer than a minute would be free.
   */
  settle({ slice, tokens: taken, requests }: Taken, tokens: number, now?: number): void {
    this.#running--
    if (now !== undefined && tokens > taken) {
      if (this.#limits.tokens === undefined) return
      this.#window.expire(now)
      this.#window.add(0, tokens - taken, now)
      return
    }
    if (slice === undefined) return
    if (this.#counts(requests, tokens)) this.#window.alter(slice, 0, tokens - taken)
    else this.#window.alter(slice, -requests, -taken)
  }

  /** The request was not sent: gives everything back. */
  refund({ slice, tokens, requests, word }: Taken): void {
    this.#running--
    if (word === this.#told.word) this.#told.use(-requests, -tokens)
    if (slice !== undefined) this.#window.alter(slice, -requests, -tokens)
  }

  /** What the server said of its own count; it knows of others who use the same key. */
  observe(word: ServerWord, now: number): void {
    this.#told.hear(word, now)
  }

  /** Lets nothing through for so long. */
  block(ms: number, now: number): void {
    this.#told.block(ms, now)
  }

  /** How the two budgets stand; `undefined` for one that is not limited. */
  state(now: number): { readonly requests: BudgetState | undefined; readonly tokens: BudgetState | undefined } {
    this.#window.expire(now)
    const { requests, tokens } = this.#window
    const resetMs = this.#window.emptyIn(now)
    return {
      requests: stateOf(this.#limits.requests, requests, resetMs),
      tokens: stateOf(this.#limits.tokens, tokens, resetMs),
    }
  }

  /** Whether there is a limit that this counts against. */
  #counts(requests: number, tokens: number): boolean {
    return (this.#limits.requests !== undefined && requests > 0) || (this.#limits.tokens !== undefined && tokens > 0)
  }

  #requestWait(now: number): number {
    const limit = this.#limits.requests
    return limit === undefined || this.#window.requests < limit ? 0 : this.#window.requestIn(now)
  }

  #tokenWait(tokens: number, now: number): number {
    const limit = this.#limits.tokens
    if (limit === undefined) return 0
    const missing = this.#window.tokens + tokens - limit
    return missing <= 0 ? 0 : this.#window.tokensIn(missing, now)
  }
}

function stateOf(limit: number | undefined, used: number, resetMs: number): BudgetState | undefined {
  return limit === undefined ? undefined : { limit, remaining: Math.max(0, limit - used), resetMs }
}
