import type { CancelSignal } from '../cancel.ts'
import type { Clock } from '../clock.ts'
import type { SluiceError } from '../errors.ts'
import type { BudgetState } from './budget.ts'
import { Places } from './places.ts'
import { writeRateHeaders } from './rate-headers.ts'
import { left, queued, refusal, worstOf } from './refusal.ts'
import { Reservation } from './reservation.ts'
import type { Scope, Waiting } from './scope.ts'

/** How long to wait for a place. */
export interface Patience {
  /** Milliseconds; 0: not at all. */
  readonly ms: number
  readonly signal: CancelSignal
}

/** Each who waits holds a connection and a body: no more of them per scope. */
const LONGEST_LINE = 1_000

/**
 * Places in several scopes at once (a key's and a model's), all or none. Who waits stands in the line of the
 * scope that refuses, in the order of coming; nobody overtakes there, and nobody is held up by a scope that is
 * none of his. One timer per scope, however many wait.
 *
 * @example
 * const place = turnstile.enter([key, model], tokens) ?? (await turnstile.wait([key, model], tokens, patience))
 * place.settle(used)
 */
export class Turnstile {
  readonly #clock: Clock
  #turn = 0
  #waiting = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many wait, in all lines. */
  get waiting(): number {
    return this.#waiting
  }

  /** A place at once, or `undefined`: also where others wait. */
  enter(scopes: readonly Scope[], tokens: number): Reservation | undefined {
    const now = this.#clock.now()
    return this.#blocker(scopes, tokens, Infinity, now) === undefined ? this.#take(scopes, tokens, now, 1) : undefined
  }

  /** A place for what runs already, whatever the limits say; it is no new request. */
  force(scopes: readonly Scope[], tokens: number): Reservation {
    return this.#take(scopes, tokens, this.#clock.now(), 0)
  }

  /**
   * A place, in turn.
   *
   * @throws SluiceError `rate_limit_exceeded` when the time is over, or at once when there is none or the
   * request asks for more than there ever is; `cancelled` when the signal is aborted.
   */
  async wait(scopes: readonly Scope[], tokens: number, { ms, signal }: Patience): Promise<Reservation> {
    const now = this.#clock.now()
    const blocker = this.#blocker(scopes, tokens, Infinity, now)
    if (blocker === undefined) return this.#take(scopes, tokens, now, 1)
    const worst = worstOf(scopes, tokens, now)
    if (ms <= 0 || worst?.decision.type === 'never') throw refusal(worst ?? queued(blocker), tokens)
    if (signal.aborted) throw left(signal)
    if (blocker.line.size >= LONGEST_LINE) throw refusal(worst ?? queued(blocker), tokens)
    const { promise, resolve, reject } = Promise.withResolvers<Reservation>()
    const waiting: Waiting = { scopes, tokens, turn: this.#turn++, admitted: resolve, scope: blocker, link: undefined }
    waiting.link = blocker.line.push(waiting)
    this.#waiting++
    const giveUp = (reason: SluiceError): void => {
      if (waiting.link === undefined) return
      this.#leave(waiting)
      reject(reason)
      this.#serve(waiting.scope)
    }
    const stop = this.#clock.after(ms, () => {
      giveUp(refusal(worstOf(scopes, tokens, this.#clock.now()) ?? queued(waiting.scope), tokens))
    })
    const abort = (): void => giveUp(left(signal))
    signal.addEventListener('abort', abort, { once: true })
    this.#wake(blocker, now)
    try {
      return await promise
    } finally {
      stop()
      signal.removeEventListener('abort', abort)
    }
  }

  /** The tightest of the scopes' budgets as `x-ratelimit-*` fields, added to `headers`. */
  headers(scopes: readonly Scope[], headers: Record<string, string> = {}): Record<string, string> {
    const now = this.#clock.now()
    let requests: BudgetState | undefined
    let tokens: BudgetState | undefined
    for (const { budget } of scopes) {
      const state = budget.state(now)
      requests = tighter(requests, state.requests)
      tokens = tighter(tokens, state.tokens)
    }
    return writeRateHeaders({ requests, tokens }, headers)
  }

  /** The first scope that does not let it through, or where somebody waits who came earlier. */
  #blocker(scopes: readonly Scope[], tokens: number, turn: number, now: number): Scope | undefined {
    for (const scope of scopes) {
      const { first } = scope.line
      if (first !== undefined && first.value.turn < turn) return scope
      if (!scope.budget.fits(tokens, now)) return scope
    }
    return undefined
  }

  #take(scopes: readonly Scope[], tokens: number, now: number, requests: 0 | 1): Reservation {
    const taken = scopes.map(({ budget }) => budget.take(tokens, now, requests))
    return new Reservation(tokens, new Places(scopes, taken, this.#clock, this.#serveAll))
  }

  readonly #serveAll = (scopes: readonly Scope[]): void => {
    for (const scope of scopes) if (scope.line.size > 0) this.#serve(scope)
  }

  #leave(waiting: Waiting): void {
    this.#waiting--
    unlink(waiting)
  }

  /** Into the line of another scope that refuses it, at the place that its turn gives it. */
  #move(waiting: Waiting, to: Scope, now: number): void {
    unlink(waiting)
    let next = to.line.last
    if (next === undefined || next.value.turn < waiting.turn) waiting.link = to.line.push(waiting)
    else {
      while (next.before !== undefined && next.before.value.turn > waiting.turn) next = next.before
      waiting.link = to.line.insertBefore(next, waiting)
    }
    waiting.scope = to
    this.#wake(to, now)
  }

  /** Lets go who may, in turn, and sees to it that this is called again when the next one may. */
  #serve(scope: Scope): void {
    const now = this.#clock.now()
    for (let head = scope.line.first; head !== undefined; head = scope.line.first) {
      const waiting = head.value
      const blocker = this.#blocker(waiting.scopes, waiting.tokens, waiting.turn, now)
      if (blocker === scope) break
      if (blocker !== undefined) this.#move(waiting, blocker, now)
      else {
        this.#leave(waiting)
        waiting.admitted(this.#take(waiting.scopes, waiting.tokens, now, 1))
      }
    }
    this.#wake(scope, now)
  }

  /** Sets the scope's timer to when time lets its first one go. */
  #wake(scope: Scope, now: number): void {
    const { first } = scope.line
    const decision = first === undefined ? undefined : scope.budget.decide(first.value.tokens, now)
    const at = decision?.type === 'wait' ? now + decision.ms : undefined
    if (scope.timer?.at === at) return
    scope.timer?.callOff()
    scope.timer = undefined
    if (at === undefined) return
    const callOff = this.#clock.after(at - now, () => {
      scope.timer = undefined
      this.#serve(scope)
    })
    scope.timer = { at, callOff }
  }
}

function tighter(a: BudgetState | undefined, b: BudgetState | undefined): BudgetState | undefined {
  return a === undefined || (b !== undefined && b.remaining < a.remaining) ? b : a
}

/** Takes it out of its line. */
function unlink(waiting: Waiting): void {
  if (waiting.link !== undefined) waiting.scope.line.remove(waiting.link)
  waiting.link = undefined
}
