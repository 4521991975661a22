const RETRY_MS = 500

/**
 * Writes what changed in a turn of the event loop in the turn after: all of it in one transaction, again while
 * something is left, and later again when it fails.
 */
export class WriteBehind {
  readonly #write: () => void
  readonly #hasMore: () => boolean
  #soon: ReturnType<typeof setImmediate> | undefined
  #later: ReturnType<typeof setTimeout> | undefined
  #reason: string | undefined

  /** `write` writes a part of what there is, or throws; `hasMore` tells whether something is left. */
  constructor(write: () => void, hasMore: () => boolean) {
    this.#write = write
    this.#hasMore = hasMore
  }

  /** Why writing fails now. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** Something has changed. */
  due(): void {
    if (this.#later === undefined) this.#soon ??= setImmediate(this.#turn)
  }

  /** Writes everything there is. Throws what `write` throws. */
  close(): void {
    clearImmediate(this.#soon)
    clearTimeout(this.#later)
    while (this.#hasMore()) this.#write()
  }

  readonly #turn = (): void => {
    this.#soon = this.#later = undefined
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
