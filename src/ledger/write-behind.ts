const RETRY_MS = 500

/** How often is written at most. */
export interface Gathering {
  /** Milliseconds from one writing to the next. */
  readonly ms: number
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
}

/**
 * Writes what changed in a turn of the event loop in the turn after: all of it in one transaction, again while
 * something is left, and later again when it fails. With `gathering`, what changes soon after a writing waits
 * for what else changes.
 */
export class WriteBehind {
  readonly #write: () => void
  readonly #hasMore: () => boolean
  readonly #gathering: Gathering | undefined
  #startedAt = -Infinity
  #soon: ReturnType<typeof setImmediate> | undefined
  #later: ReturnType<typeof setTimeout> | undefined
  #reason: string | undefined

  /** `write` writes a part of what there is, or throws; `hasMore` tells whether something is left. */
  constructor(write: () => void, hasMore: () => boolean, gathering?: Gathering) {
    this.#write = write
    this.#hasMore = hasMore
    this.#gathering = gathering
  }

  /** Why writing fails now. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** Something has changed. */
  due(): void {
    if (this.#later !== undefined || this.#soon !== undefined) return
    const wait = this.#gathering === undefined ? 0 : this.#startedAt + this.#gathering.ms - this.#gathering.now()
    if (wait <= 0) this.#soon = setImmediate(this.#turn)
    else this.#later = setTimeout(this.#turn, wait).unref()
  }

  /** Writes everything there is. Throws what `write` throws. */
  close(): void {
    clearImmediate(this.#soon)
    clearTimeout(this.#later)
    while (this.#hasMore()) this.#write()
  }

  readonly #turn = (): void => {
    this.#soon = this.#later = undefined
    if (this.#gathering !== undefined) this.#startedAt = this.#gathering.now()
    try {
      this.#write()
      this.#reason = undefined
      if (this.#hasMore()) this.#soon = setImmediate(this.#turn)
    } catch (thrown) {
      this.#reason = thrown instanceof Error ? thrown.message : String(thrown)
      this.#later = setTimeout(this.#turn, RETRY_MS)
      this.#later.unref()
    }
  }
}
