import type { Usage } from '../completion/chunk.ts'

/** What a limiter does when a reservation ends. */
export interface ReservationEnd {
  settle(tokens: number): void
  refund(): void
}

/**
 * A request's place, its tokens and its slot, taken together. Ends once, whichever comes first: later
 * calls do nothing. `using` settles it with what was reserved.
 */
export class Reservation {
  /** How many tokens were reserved. */
  readonly tokens: number
  readonly #end: ReservationEnd
  #ended = false

  constructor(tokens: number, end: ReservationEnd) {
    this.tokens = tokens
    this.#end = end
  }

  get ended(): boolean {
    return this.#ended
  }

  /**
   * The request is over: the slot is free, and what it really used counts from now on; what was reserved,
   * when nobody knows.
   */
  settle(used?: number | Pick<Usage, 'total_tokens'> | null): void {
    if (this.#ended) return
    this.#ended = true
    const tokens = typeof used === 'object' ? used?.total_tokens : used
    this.#end.settle(tokens !== undefined && tokens >= 0 ? Math.ceil(tokens) : this.tokens)
  }

  /** The request was never sent: as if it had not been. */
  refund(): void {
    if (this.#ended) return
    this.#ended = true
    this.#end.refund()
  }

  [Symbol.dispose](): void {
    this.settle()
  }
}
