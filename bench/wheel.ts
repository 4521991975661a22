/** Something that is due once per interval. */
export interface Paced {
  /** Milliseconds between two calls of `due`. */
  readonly interval: number
  due(): void
}

interface Seat {
  readonly paced: Paced
  readonly ring: Seat[]
  waiting: boolean
  left: boolean
}

/** A prime: steps of it visit every millisecond of an interval, and the first few are already far apart. */
const STRIDE = 617

/**
 * One timer for all streams. Streams of one interval are dealt over its milliseconds in turn, so that
 * 500 streams of 20 ms are 25 per millisecond and never a burst of 500.
 *
 * The loop gets its turn back after every few calls: the same process reads the answers, and what waits
 * in a socket while we write would count as latency of the target. Whatever falls due a second time
 * before it was served is dropped, so that the offered rate falls and shows: pacing that catches up in
 * bursts would make a slow generator look like a fast target.
 */
export class Wheel {
  readonly #rings = new Map<number, Seat[][]>()
  readonly #dealt = new Map<number, number>()
  readonly #seats = new Map<Paced, Seat>()
  #queue: Seat[] = []
  #next = 0
  #serving = false
  #last = 0
  #timer: NodeJS.Timeout | undefined

  static readonly PER_TURN = 8

  /** From now on time passes. Before, what is added waits. */
  start(): void {
    this.#last = Math.floor(performance.now())
    this.#timer = setInterval(() => this.#advance(), 1)
  }

  add(paced: Paced): void {
    const { interval } = paced
    let rings = this.#rings.get(interval)
    if (rings === undefined) {
      rings = Array.from({ length: interval }, () => [])
      this.#rings.set(interval, rings)
    }
    const turn = this.#dealt.get(interval) ?? 0
    this.#dealt.set(interval, turn + 1)
    const ring = rings[(turn * STRIDE) % interval] ?? []
    const seat = { paced, ring, waiting: false, left: false }
    ring.push(seat)
    this.#seats.set(paced, seat)
  }

  remove(paced: Paced): void {
    const seat = this.#seats.get(paced)
    if (seat === undefined) return
    seat.left = true
    seat.ring.splice(seat.ring.indexOf(seat), 1)
    this.#seats.delete(paced)
  }

  /** Everything is due now, whatever its phase. */
  hurry(): void {
    for (const seat of this.#seats.values()) this.#enqueue(seat)
    if (!this.#serving) this.#serve()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #advance(): void {
    const now = Math.floor(performance.now())
    for (const [interval, rings] of this.#rings) {
      for (let at = this.#last + 1; at <= now; at++) {
        for (const seat of rings[at % interval] ?? []) this.#enqueue(seat)
      }
    }
    this.#last = now
    if (!this.#serving) this.#serve()
  }

  #enqueue(seat: Seat): void {
    if (seat.waiting) return
    seat.waiting = true
    this.#queue.push(seat)
  }

  readonly #serve = (): void => {
    const until = Math.min(this.#queue.length, this.#next + Wheel.PER_TURN)
    while (this.#next < until) {
      const seat = this.#queue[this.#next++]
      if (seat === undefined) break
      seat.waiting = false
      if (!seat.left) seat.paced.due()
    }
    this.#serving = this.#next < this.#queue.length
    // Under overload the queue never runs empty, so what was served is cut off now and then.
    if (!this.#serving || this.#next > 4096) {
      this.#queue.splice(0, this.#next)
      this.#next = 0
    }
    if (this.#serving) setImmediate(this.#serve)
  }
}
