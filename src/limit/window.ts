import { Chain, type Link } from './chain.ts'

/** What was taken in one stretch of time; it leaves the window together, when the last of it may. */
export interface Slice {
  /** When the first of it was taken. */
  readonly from: number
  /** When the last of it was. */
  to: number
  requests: number
  tokens: number
}

/** So many are kept one by one. */
const EXACT = 256
/** Beyond, those of a stretch of the window as long as this part of it are one: 60 ms of a minute. */
const PARTS = 1_000
/** No more slices than these are looked at to say how long a wait is; beyond, it is at least so long. */
const LOOK = 256

/**
 * What was taken in a sliding window, and how much that is. Pure: time comes in with every call, in
 * milliseconds of one clock that never goes back. What was taken at `t` counts in `[t, t + length)`, never
 * shorter. The first 256 in a window are known one by one and count exactly so long; of more, those of a
 * thousandth of the window (60 ms of a minute) are known together and count until the last of them may go.
 * So it holds 1,257 slices at most: one per request were 144,000 of them, and as many links for the garbage
 * collector, for a key with 2,400 requests a second.
 */
export class SlidingWindow {
  readonly #slices = new Chain<Slice>()
  readonly #length: number
  readonly #part: number
  #requests = 0
  #tokens = 0

  /** `length`: milliseconds. */
  constructor(length: number) {
    this.#length = length
    this.#part = length / PARTS
  }

  get requests(): number {
    return this.#requests
  }

  get tokens(): number {
    return this.#tokens
  }

  /** How many slices it holds. */
  get size(): number {
    return this.#slices.size
  }

  /** Counts these from now on; the slice they are in. */
  add(requests: number, tokens: number, now: number): Link<Slice> {
    this.#requests += requests
    this.#tokens += tokens
    const { last } = this.#slices
    if (last === undefined || this.#slices.size < EXACT || now >= last.value.from + this.#part) {
      return this.#slices.push({ from: now, to: now, requests, tokens })
    }
    last.value.to = now
    last.value.requests += requests
    last.value.tokens += tokens
    return last
  }

  /** So many more (or fewer) of those that are in this slice; nothing, if it has left the window. */
  alter(slice: Link<Slice>, requests: number, tokens: number): void {
    if (!slice.linked) return
    const { value } = slice
    value.requests += requests
    value.tokens += tokens
    this.#requests += requests
    this.#tokens += tokens
    if (value.requests === 0 && value.tokens === 0) this.#slices.remove(slice)
  }

  /** Lets go what is too old. */
  expire(now: number): void {
    for (let oldest = this.#slices.first; oldest !== undefined; oldest = this.#slices.first) {
      const { to, requests, tokens } = oldest.value
      if (to + this.#length > now) return
      this.#requests -= requests
      this.#tokens -= tokens
      this.#slices.remove(oldest)
    }
  }

  /** Milliseconds until all of it has left. */
  emptyIn(now: number): number {
    const newest = this.#slices.last
    return newest === undefined ? 0 : newest.value.to + this.#length - now
  }

  /** Milliseconds until a request leaves. */
  requestIn(now: number): number {
    let oldest = this.#slices.first
    for (let looked = 1; oldest?.value.requests === 0 && looked < LOOK; looked++) oldest = oldest.after
    return oldest === undefined ? 0 : oldest.value.to + this.#length - now
  }

  /** Milliseconds until so many tokens have left. */
  tokensIn(tokens: number, now: number): number {
    let missing = tokens
    let slice = this.#slices.first
    for (let looked = 1; slice !== undefined; looked++) {
      missing -= slice.value.tokens
      if (missing <= 0 || looked === LOOK || slice.after === undefined) break
      slice = slice.after
    }
    return slice === undefined ? 0 : slice.value.to + this.#length - now
  }
}
