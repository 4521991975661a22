const NOTHING = new Uint8Array(0)

/** Up to so many bytes, a loop copies faster than a view and `set`. */
const LOOPED_BYTES = 48
/** The first buffer: a token's event fits in. */
const FIRST_BYTES = 512
/** A buffer above this size is let go once it is read. */
const KEPT_BYTES = 4 * 1024
const SPARES_MOST = 16

/** Buffers of carries that hold nothing: of thousands of open streams, few are within an event at a time. */
const spares: Uint8Array[] = []

/**
 * The beginning of something whose end has not arrived. The buffer doubles when it is full, so that
 * bytes that come one by one are copied a constant number of times each.
 */
export class Carry {
  #buffer: Uint8Array = NOTHING
  #length = 0

  /** Bytes held. */
  get length(): number {
    return this.#length
  }

  /** Adds a copy of `bytes[start, end)`. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#length + end - start
    if (needed > this.#buffer.length) {
      const spare = spares.pop()
      const grown =
        spare !== undefined && spare.length >= needed
          ? spare
          : new Uint8Array(Math.max(needed, 2 * this.#buffer.length, FIRST_BYTES))
      grown.set(this.#buffer.subarray(0, this.#length))
      this.#buffer = grown
    }
    if (end - start <= LOOPED_BYTES) {
      for (let i = start, to = this.#length; i < end; i++, to++) this.#buffer[to] = bytes[i] ?? 0
    } else {
      this.#buffer.set(bytes.subarray(start, end), this.#length)
    }
    this.#length = needed
  }

  /** The buffer: what is held is `bytes[0, length)`, until the next `add` or `clear` of any carry. */
  get bytes(): Uint8Array {
    return this.#buffer
  }

  /** Holds nothing any more. */
  clear(): void {
    this.#length = 0
    if (this.#buffer !== NOTHING && this.#buffer.length <= KEPT_BYTES && spares.length < SPARES_MOST)
      spares.push(this.#buffer)
    this.#buffer = NOTHING
  }
}
