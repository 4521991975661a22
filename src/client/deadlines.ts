import type { Clock } from '../clock.ts'
import { APIConnectionTimeoutError } from './errors.ts'

/** How long each phase of a stream may take, in milliseconds; without a number, as long as it likes. */
export interface Timeouts {
  /** From sending the request to the head of the answer; 10 minutes unless told. */
  readonly head?: number | undefined
  /** From the head to the first text, reasoning or tool call. */
  readonly firstToken?: number | undefined
  /** Between any two signs of life. Time in which the caller does not read does not count. */
  readonly betweenTokens?: number | undefined
  /** From the head to the end. */
  readonly total?: number | undefined
}

/** From a server that sends heartbeats (PROTOCOL 3): three of them missed. */
export const HEARTBEAT_SILENCE_MS = 45_000

/** The clocks of one stream: a single timer, looked at rather than set anew for each token. */
export class Deadlines {
  readonly #clock: Clock
  readonly #timeouts: Timeouts
  readonly #silenceMs: number | undefined
  readonly #startedAt: number
  #onLate: () => void = () => undefined
  #stopTimer: (() => void) | undefined = undefined
  /** When the wait for bytes began; `undefined` while nobody waits. */
  #waitingSince: number | undefined = undefined
  #lastArrival: number
  #tokenSeen = false
  #late: APIConnectionTimeoutError | undefined = undefined
  #isOver = false

  /** `silenceMs`: the silence after which a connection counts as dead, for servers that send heartbeats. */
  constructor(clock: Clock, timeouts: Timeouts, silenceMs: number | undefined) {
    this.#clock = clock
    this.#timeouts = timeouts
    this.#silenceMs = silenceMs
    this.#startedAt = clock.now()
    this.#lastArrival = this.#startedAt
  }

  /** The deadline that has passed; told once. */
  takeLate(): APIConnectionTimeoutError | undefined {
    const late = this.#late
    this.#late = undefined
    return late
  }

  /** Whether the deadline of the whole stream has passed. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Milliseconds since bytes arrived. */
  get silence(): number {
    return this.#clock.now() - this.#lastArrival
  }

  /** `onLate` is called when a deadline passes; `takeLate` then has it. */
  start(onLate: () => void): void {
    this.#onLate = onLate
    this.#arm()
  }

  /** No deadline passes any more. */
  stop(): void {
    this.#stopTimer?.()
    this.#stopTimer = undefined
  }

  /** A read was begun. */
  waiting(): void {
    if (this.#stopTimer !== undefined) this.#waitingSince = this.#clock.now()
  }

  /** A read has ended, one way or the other. */
  arrived(): void {
    if (this.#stopTimer === undefined) return
    this.#waitingSince = undefined
    this.#lastArrival = this.#clock.now()
  }

  /** The first token is there. */
  tokenSeen(): void {
    this.#tokenSeen = true
  }

  /** Another answer takes over: the phases begin anew, the whole does not. */
  restart(): void {
    this.#tokenSeen = true
    this.#arm()
  }

  #arm(): void {
    this.stop()
    const next = this.#next()
    if (next === Infinity) return
    this.#stopTimer = this.#clock.after(Math.max(1, next - this.#clock.now()), () => this.#look())
  }

  /** When the first of the deadlines passes, if nothing happens. */
  #next(): number {
    const { firstToken, betweenTokens, total } = this.#timeouts
    const since = this.#waitingSince ?? this.#clock.now()
    return Math.min(
      total === undefined ? Infinity : this.#startedAt + total,
      firstToken === undefined || this.#tokenSeen ? Infinity : this.#startedAt + firstToken,
      since + Math.min(betweenTokens ?? Infinity, this.#silenceMs ?? Infinity),
    )
  }

  #look(): void {
    const now = this.#clock.now()
    const { firstToken, betweenTokens, total } = this.#timeouts
    const waited = this.#waitingSince === undefined ? 0 : now - this.#waitingSince
    if (total !== undefined && now >= this.#startedAt + total) {
      this.#isOver = true
      return this.#tell(`The stream took longer than ${total} ms.`)
    }
    if (firstToken !== undefined && !this.#tokenSeen && now >= this.#startedAt + firstToken) {
      this.#tokenSeen = true
      return this.#tell(`No token arrived within ${firstToken} ms.`)
    }
    const limit = Math.min(betweenTokens ?? Infinity, this.#silenceMs ?? Infinity)
    if (waited >= limit) return this.#tell(`Nothing arrived for ${limit} ms.`)
    this.#arm()
  }

  #tell(message: string): void {
    this.#late = new APIConnectionTimeoutError({ message })
    this.#waitingSince = undefined
    this.#arm()
    this.#onLate()
  }
}
