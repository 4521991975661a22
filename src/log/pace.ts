/**
 * While groups come thick and fast, so many milliseconds lie between their starts. A write costs some
 * 30 us of CPU on Node's thread pool however small it is, and those that gather share it.
 */
const GATHER_MS = 1

/** A timer takes one to two milliseconds however little it is asked for: less than this is not waited for. */
const LEAST_MS = 0.5

/** So many milliseconds what is to start with the end of the turn of the event loop waits for it. */
const TURN_MS = 1

/** The clock is looked at once for so many additions; it costs 0.1 us. A power of two. */
const LOOK_EVERY = 8

/**
 * Says when a group starts: at the end of the turn of the event loop, and no sooner than `GATHER_MS`
 * after the last one did, about.
 *
 * Timers and immediates alone are not enough. A turn of a saturated loop has no early end: libuv takes up
 * to 48 times 1,024 reads before it looks at either, half a second at 2,000 busy sockets. So what is
 * added looks at the clock too.
 */
export class Pace {
  readonly #go: () => void
  readonly #now: () => number
  #startedAt = -Infinity
  #startBy = 0
  #asked = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #immediate: ReturnType<typeof setImmediate> | undefined

  /** `go` starts a group, and says so with `started`. `now`: milliseconds from anywhere. */
  constructor(go: () => void, now: () => number = () => performance.now()) {
    this.#go = go
    this.#now = now
  }

  /** Something was added to the group that is to start next. */
  ask(): void {
    if (this.#timer === undefined && this.#immediate === undefined) return this.#arm()
    this.#asked = (this.#asked + 1) % LOOK_EVERY
    if (this.#asked === 0 && this.#now() >= this.#startBy) this.#go()
  }

  /** As `ask`, for what has gathered while a write was under way. */
  goOn(): void {
    if (this.#now() >= this.#startedAt + GATHER_MS - LEAST_MS) this.#go()
    else this.ask()
  }

  /** A group starts. */
  started(): void {
    this.#startedAt = this.#now()
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    this.#timer = this.#immediate = undefined
  }

  #arm(): void {
    const now = this.#now()
    const wait = this.#startedAt + GATHER_MS - now
    if (wait > LEAST_MS) {
      this.#startBy = now + wait
      this.#timer = setTimeout(this.#go, wait)
    } else {
      this.#startBy = now + TURN_MS
      this.#immediate = setImmediate(this.#go)
    }
  }
}
