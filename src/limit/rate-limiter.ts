import type { CancelSignal } from '../cancel.ts'
import type { Clock } from '../clock.ts'
import { SluiceError } from '../errors.ts'
import { Budget, type Decision } from './budget.ts'
import type { Link } from './chain.ts'
import { readRateHeaders, writeRateHeaders } from './rate-headers.ts'
import { assertTokens, cancelled, timedOut, tooMuch } from './rate-limiter-errors.ts'
import type { HeaderSource } from './retry-after.ts'
import { Reservation } from './reservation.ts'
import { type Waiter, WaitingLine } from './waiting-line.ts'
import { wakefulClock } from './wakeful.ts'

/** What may be used. What is left out is not limited. */
export interface RateLimiterOptions {
  readonly requestsPerMinute?: number | undefined
  readonly tokensPerMinute?: number | undefined
  /** Requests at the same time: from `acquire` to `settle`. */
  readonly maxConcurrent?: number | undefined
  /** Milliseconds in which the two are counted; 60,000 unless told. */
  readonly window?: number | undefined
  readonly clock?: Clock | undefined
}

/** How long to wait. */
export interface WaitOptions {
  /** Milliseconds; as long as it takes unless told. */
  readonly timeout?: number | undefined
  readonly signal?: CancelSignal | undefined
}

/**
 * Keeps requests, tokens and concurrency under their limits, in any window of a minute. A request takes
 * its place, its estimated tokens and its slot together; when it is over it settles with what it used.
 * Who waits is served in the order of coming, and nobody overtakes. One timer, however many wait.
 *
 * @example
 * const limiter = new RateLimiter({ requestsPerMinute: 60, tokensPerMinute: 120_000, maxConcurrent: 10 })
 * const place = await limiter.waitAndAcquire(2_000, { timeout: 60_000 })
 * const completion = await client.chat.completions.create(request)
 * place.settle(completion.usage)
 */
export class RateLimiter {
  readonly #budget: Budget
  readonly #clock: Clock
  readonly #line = new WaitingLine()
  #timer: { readonly at: number; readonly callOff: () => void } | undefined = undefined

  constructor(options: RateLimiterOptions) {
    const { requestsPerMinute, tokensPerMinute, maxConcurrent, window = 60_000 } = options
    for (const [param, value] of Object.entries({ requestsPerMinute, tokensPerMinute, maxConcurrent, window })) {
      if (value === undefined || value > 0) continue
      throw new SluiceError('invalid_value', `${param} must be above 0, got ${value}`, { param })
    }
    this.#clock = options.clock ?? wakefulClock
    this.#budget = new Budget({
      requests: requestsPerMinute,
      tokens: tokensPerMinute,
      concurrent: maxConcurrent,
      window,
    })
  }

  /** Requests that were admitted and are not over. */
  get running(): number {
    return this.#budget.running
  }

  /** How many wait. */
  get waiting(): number {
    return this.#line.size
  }

  /** What would be decided about a request now; takes nothing. Those who wait are not counted in. */
  check(tokens = 0): Decision {
    return this.#budget.decide(tokens, this.#clock.now())
  }

  /** A place at once, or `undefined`: also when others are waiting. */
  acquire(tokens = 0): Reservation | undefined {
    assertTokens(tokens)
    if (this.#line.size > 0) return undefined
    return this.check(tokens).type === 'admit' ? this.#take(tokens) : undefined
  }

  /**
   * A place, in turn.
   *
   * @throws SluiceError `rate_limit_exceeded` after `timeout`, or at once when the request asks for more
   * than there ever is; `cancelled` when the signal is aborted, which is the `cause`.
   */
  async waitAndAcquire(tokens = 0, options: WaitOptions = {}): Promise<Reservation> {
    assertTokens(tokens)
    const { signal, timeout = Infinity } = options
    if (signal?.aborted === true) throw cancelled(signal)
    const now = this.#clock.now()
    if (this.#line.size === 0 && this.check(tokens).type === 'admit') return this.#take(tokens)
    const { promise, resolve, reject } = Promise.withResolvers<Reservation>()
    const abort = (): void => {
      if (signal === undefined || !link.linked) return
      this.#line.leave(link)
      reject(cancelled(signal))
      this.#serve()
    }
    const link = this.#line.join({
      tokens,
      deadline: now + timeout,
      decided: (outcome) => (outcome === 'admitted' ? resolve(this.#take(tokens)) : reject(outcome)),
    })
    signal?.addEventListener('abort', abort, { once: true })
    try {
      this.#serve()
      return await promise
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /**
   * Takes the service's own word from a response's header: `x-ratelimit-*`, `Retry-After`. It knows of
   * others who use the same key; it can only make the limits narrower.
   */
  observe(headers: HeaderSource): void {
    this.#budget.observe(readRateHeaders(headers, this.#clock.date()), this.#clock.now())
    this.#serve()
  }

  /** Lets nothing through for so many milliseconds. */
  pause(ms: number): void {
    this.#budget.block(ms, this.#clock.now())
    this.#serve()
  }

  /** The budgets as `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`. */
  headers(): Readonly<Record<string, string>> {
    return writeRateHeaders(this.#budget.state(this.#clock.now()))
  }

  #take(tokens: number): Reservation {
    const spent = this.#budget.take(tokens, this.#clock.now())
    return new Reservation(tokens, {
      settle: (used) => {
        this.#budget.settle(spent, used)
        this.#serve()
      },
      refund: () => {
        this.#budget.refund(spent)
        this.#serve()
      },
    })
  }

  /** Lets go who may, in turn, and sees to it that this is called again when the next one may. */
  #serve(): void {
    const now = this.#clock.now()
    for (const waiter of this.#line.takeLate(now)) waiter.decided(timedOut(this.#budget.decide(waiter.tokens, now)))
    let next = Infinity
    for (let head = this.#line.head; head !== undefined; head = this.#line.head) {
      const decision = this.#budget.decide(head.value.tokens, now)
      if (decision.type === 'admit') this.#decide(head, 'admitted')
      else if (decision.type === 'never') this.#decide(head, tooMuch(decision.limit))
      else {
        if (decision.type === 'wait') next = now + decision.ms
        break
      }
    }
    this.#wakeAt(Math.min(next, this.#line.nearestDeadline()), now)
  }

  #decide(link: Link<Waiter>, outcome: 'admitted' | Error): void {
    this.#line.leave(link)
    link.value.decided(outcome)
  }

  #wakeAt(at: number, now: number): void {
    if (this.#timer?.at === at) return
    this.#timer?.callOff()
    this.#timer = undefined
    if (at === Infinity) return
    const callOff = this.#clock.after(Math.min(Math.max(0, at - now), LONGEST_TIMER), () => {
      this.#timer = undefined
      this.#serve()
    })
    this.#timer = { at, callOff }
  }
}

/** Timers cannot wait longer: a longer one would fire at once. Just under 25 days. */
const LONGEST_TIMER = 2_147_483_647
