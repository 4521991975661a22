import { Chain, type Link, unlinked } from './chain.ts'
import type { ServerWord } from './rate-headers.ts'

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

/** A request that was admitted, or what it used beyond its estimate. */
export interface Spent {
  readonly at: number
  tokens: number
  /** 0 where it counts against tokens and slots only. */
  readonly requests: 0 | 1
  /** Counts against what the server said was left. */
  readonly word: number
}

/** One budget as it stands. */
export interface BudgetState {
  readonly limit: number
  readonly remaining: number
  /** Milliseconds until all of it is there again. */
  readonly resetMs: number
}

/** A budget that the server told of: so much is left until then. */
interface Told {
  left: number
  readonly until: number
}

/** No more entries than these are looked at to say how long a wait is; beyond, it is at least so long. */
const LOOK = 256
const ADMIT: Decision = { type: 'admit' }
const SLOT: Decision = { type: 'slot' }

/**
 * A sliding-window log over requests and tokens, and a count of what is running. Pure: time comes in
 * with every call, in milliseconds of one clock that never goes back. Exact: what was taken at `t` counts
 * in `[t, t + window)`. Holds one entry per request of the newest window and nothing else, so never more
 * than either limit allows.
 */
export class Budget {
  readonly #log = new Chain<Spent>()
  #limits: Limits
  #requests = 0
  #tokens = 0
  #running = 0
  #blockedUntil = -Infinity
  #told: { readonly requests?: Told; readonly tokens?: Told } = {}
  #word = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  get running(): number {
    return this.#running
  }

  /** What counts against the limits now. */
  counted(now: number): { readonly requests: number; readonly tokens: number } {
    this.#expire(now)
    return { requests: this.#requests, tokens: this.#tokens }
  }

  /** Other limits from now on; what was taken stays taken. */
  limit(limits: Limits): void {
    this.#limits = limits
  }

  /** Whether a request that takes so many tokens may go. Takes nothing. */
  decide(tokens: number, now: number): Decision {
    const { requests, tokens: tokenLimit, concurrent } = this.#limits
    if (requests !== undefined && requests < 1) return { type: 'never', limit: 'requests' }
    if (concurrent !== undefined && concurrent < 1) return { type: 'never', limit: 'concurrency' }
    if (tokenLimit !== undefined && tokens > tokenLimit) return { type: 'never', limit: 'tokens' }
    this.#expire(now)
    const waits = [
      { limit: 'server', ms: this.#serverWait(tokens, now) },
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
  take(tokens: number, now: number, requests: 0 | 1 = 1): Link<Spent> {
    this.#running++
    if (this.#told.requests !== undefined) this.#told.requests.left -= requests
    if (this.#told.tokens !== undefined) this.#told.tokens.left -= tokens
    const spent = { at: now, tokens, requests, word: this.#word }
    return this.#counts(spent) ? this.#enter(spent) : unlinked(spent)
  }

  /**
   * The request ended and used so many tokens: gives the slot back, and what was taken too much. With `now`,
   * what was taken too little counts from now on; otherwise from when the request was admitted. Dated back it
   * could leave the window too early, or have left it already: an answer longer than a minute would be free.
   */
  settle(spent: Link<Spent>, tokens: number, now?: number): void {
    this.#running--
    const excess = tokens - spent.value.tokens
    if (now !== undefined && excess > 0) {
      if (this.#limits.tokens === undefined) return
      this.#expire(now)
      this.#enter({ at: now, tokens: excess, requests: 0, word: this.#word })
      return
    }
    // What left the window counts no more, whatever it was.
    if (!spent.linked) return
    this.#tokens += excess
    spent.value.tokens = tokens
    if (!this.#counts(spent.value)) this.#leave(spent)
  }

  /** The request was not sent: gives everything back. */
  refund(spent: Link<Spent>): void {
    this.#running--
    if (spent.value.word === this.#word) {
      if (this.#told.requests !== undefined) this.#told.requests.left += spent.value.requests
      if (this.#told.tokens !== undefined) this.#told.tokens.left += spent.value.tokens
    }
    if (spent.linked) this.#leave(spent)
  }

  /** What the server said of its own count; it knows of others who use the same key. */
  observe(word: ServerWord, now: number): void {
    if (word.retryAfterMs !== undefined) this.block(word.retryAfterMs, now)
    const told = (said: ServerWord['requests']): Told | undefined =>
      said === undefined ? undefined : { left: said.remaining, until: now + said.resetMs }
    const requests = told(word.requests) ?? this.#told.requests
    const tokens = told(word.tokens) ?? this.#told.tokens
    this.#told = { ...(requests === undefined ? {} : { requests }), ...(tokens === undefined ? {} : { tokens }) }
    this.#word++
  }

  /** Lets nothing through for so long. */
  block(ms: number, now: number): void {
    this.#blockedUntil = Math.max(this.#blockedUntil, now + ms)
  }

  /** How the two budgets stand; `undefined` for one that is not limited. */
  state(now: number): { readonly requests: BudgetState | undefined; readonly tokens: BudgetState | undefined } {
    this.#expire(now)
    const newest = this.#log.last
    const resetMs = newest === undefined ? 0 : newest.value.at + this.#limits.window - now
    const of = (limit: number | undefined, used: number): BudgetState | undefined =>
      limit === undefined ? undefined : { limit, remaining: Math.max(0, limit - used), resetMs }
    return { requests: of(this.#limits.requests, this.#requests), tokens: of(this.#limits.tokens, this.#tokens) }
  }

  /** Whether there is a limit that this counts against. */
  #counts({ tokens, requests }: Spent): boolean {
    return (this.#limits.requests !== undefined && requests > 0) || (this.#limits.tokens !== undefined && tokens > 0)
  }

  #enter(spent: Spent): Link<Spent> {
    this.#tokens += spent.tokens
    this.#requests += spent.requests
    return this.#log.push(spent)
  }

  #leave(link: Link<Spent>): void {
    this.#tokens -= link.value.tokens
    this.#requests -= link.value.requests
    this.#log.remove(link)
  }

  #expire(now: number): void {
    const { window } = this.#limits
    for (let oldest = this.#log.first; oldest !== undefined; oldest = this.#log.first) {
      if (oldest.value.at + window > now) break
      this.#leave(oldest)
    }
    const { requests, tokens } = this.#told
    if ((requests !== undefined && requests.until <= now) || (tokens !== undefined && tokens.until <= now)) {
      const live = (told: Told | undefined): boolean => told !== undefined && told.until > now
      this.#told = {
        ...(requests !== undefined && live(requests) ? { requests } : {}),
        ...(tokens !== undefined && live(tokens) ? { tokens } : {}),
      }
    }
  }

  #serverWait(tokens: number, now: number): number {
    const { requests, tokens: tokenWord } = this.#told
    let until = this.#blockedUntil
    if (requests !== undefined && requests.left < 1) until = Math.max(until, requests.until)
    if (tokenWord !== undefined && tokenWord.left < tokens) until = Math.max(until, tokenWord.until)
    return until - now
  }

  #requestWait(now: number): number {
    const limit = this.#limits.requests
    if (limit === undefined || this.#requests < limit) return 0
    let oldest = this.#log.first
    for (let looked = 1; oldest?.value.requests === 0 && looked < LOOK; looked++) oldest = oldest.after
    return oldest === undefined ? 0 : oldest.value.at + this.#limits.window - now
  }

  #tokenWait(tokens: number, now: number): number {
    const limit = this.#limits.tokens
    if (limit === undefined) return 0
    let missing = this.#tokens + tokens - limit
    if (missing <= 0) return 0
    let link = this.#log.first
    for (let looked = 1; link !== undefined; looked++) {
      missing -= link.value.tokens
      if (missing <= 0 || looked === LOOK || link.after === undefined) break
      link = link.after
    }
    return link === undefined ? 0 : link.value.at + this.#limits.window - now
  }
}
