/** One timer for everything that waits: 500 streams of 50 tokens a second must not be 25,000 timers. */

/** Something that wants to be woken. */
export interface Sleeper {
  /** Milliseconds on the wheel's clock. Set by the sleeper before `add`. */
  due: number
  /** Where on the wheel it waits; negative when it does not. Set by the wheel and, before `wake` returns, by the sleeper. */
  slot: number
  /** Called when `due` has come, with the time it is. May `add` itself again. */
  wake(now: number): void
}

const SLOTS = 1024

/** A ring of slots, one per millisecond; what is due later than a round away stays in its slot until then. */
export class Wheel {
  readonly #slots: Sleeper[][] = Array.from({ length: SLOTS }, () => [])
  readonly #clock: () => number
  #waiting = 0
  /** The last millisecond whose slot was emptied. */
  #tick = 0
  #timer: NodeJS.Timeout | undefined
  #timerTick = 0

  /** @param clock - milliseconds that never go back */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock
  }

  /** The time now, in milliseconds. */
  now(): number {
    return this.#clock()
  }

  /** Wakes the sleeper at its `due`, in the next turn of the loop at the earliest. */
  add(sleeper: Sleeper): void {
    if (this.#waiting === 0) this.#tick = Math.floor(this.#clock())
    const tick = Math.max(Math.ceil(sleeper.due), this.#tick + 1)
    sleeper.slot = tick % SLOTS
    this.#slots[sleeper.slot]?.push(sleeper)
    this.#waiting++
    if (this.#timer === undefined || tick < this.#timerTick) this.#arm(tick)
  }

  /** Forgets a sleeper; one that does not wait is no error. */
  remove(sleeper: Sleeper): void {
    const slot = this.#slots[sleeper.slot]
    const at = slot?.indexOf(sleeper) ?? -1
    if (slot === undefined || at < 0) return
    slot.splice(at, 1)
    sleeper.slot = -1
    this.#waiting--
  }

  /** Forgets everyone. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waiting = 0
    for (const slot of this.#slots) slot.length = 0
  }

  #arm(tick: number): void {
    clearTimeout(this.#timer)
    this.#timerTick = tick
    this.#timer = setTimeout(() => this.#turn(), Math.max(tick - this.#clock(), 0))
  }

  #turn(): void {
    this.#timer = undefined
    const now = this.#clock()
    const until = Math.floor(now)
    // After a long pause one round is enough: it visits every slot.
    const from = Math.max(this.#tick + 1, until - SLOTS + 1)
    this.#tick = until
    for (let tick = from; tick <= until; tick++) this.#empty(tick % SLOTS, now)
    this.#armNext()
  }

  #empty(at: number, now: number): void {
    const slot = this.#slots[at]
    if (slot === undefined || slot.length === 0) return
    this.#slots[at] = []
    for (const sleeper of slot) {
      if (sleeper.due > now) {
        // Due in a later round.
        this.#slots[at]?.push(sleeper)
        continue
      }
      this.#waiting--
      sleeper.wake(now)
    }
  }

  #armNext(): void {
    if (this.#waiting === 0) return
    for (let tick = this.#tick + 1; tick <= this.#tick + SLOTS; tick++) {
      if ((this.#slots[tick % SLOTS]?.length ?? 0) === 0) continue
      if (this.#timer === undefined || tick < this.#timerTick) this.#arm(tick)
      return
    }
  }
}
