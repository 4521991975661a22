import { Buffer } from 'node:buffer'

/** So many slabs that were let go are kept to be filled again, so that a busy log allocates none. */
const SPARES = 4

/** Bytes that streams share: filled from the front, let go of when the last of its streams is. */
export class Slab {
  readonly bytes: Buffer
  readonly view: DataView
  /** Bytes filled. */
  used = 0
  /** How many of the streams in it are still kept. */
  streams = 0

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size)
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, size)
  }

  /** Adds a stream's bytes, for which there must be room. Gives the place of the first. */
  add(from: Buffer, length: number): number {
    const at = this.used
    from.copy(this.bytes, at, 0, length)
    this.used = at + length
    this.streams++
    return at
  }
}

/** Told of every byte that is taken up, and, below zero, let go of. */
export type Count = (bytes: number) => void

/**
 * The slabs of one log. Streams are put into them in the order in which they close, which is nearly the order in
 * which they go, so that in the oldest slab only is much that nobody can read any more. Where streams are erased
 * early there is more: it stays counted until its slab is let go of.
 */
export class Slabs {
  readonly #size: number
  readonly #count: Count
  readonly #spares: Slab[] = []
  #newest: Slab | undefined

  /** `size`: of one slab, in bytes. */
  constructor(size: number, count: Count) {
    this.#size = size
    this.#count = count
  }

  /** The most bytes of one stream: what a larger one leaves at the end of a slab would be too much to lose. */
  get largest(): number {
    return this.#size >> 2
  }

  /** Adds bytes, at most `largest`, and counts them. They end where the slab's used part ends. */
  add(from: Buffer, length: number): Slab {
    const slab = this.#roomFor(length)
    slab.add(from, length)
    this.#count(length)
    return slab
  }

  /** One of the slab's streams is no longer kept. */
  release(slab: Slab): void {
    if (--slab.streams > 0) return
    if (slab === this.#newest) {
      this.#count(-slab.used)
      slab.used = 0
      return
    }
    this.#count(-this.#size)
    if (this.#spares.length < SPARES) this.#spares.push(slab)
  }

  #roomFor(length: number): Slab {
    const newest = this.#newest
    if (newest !== undefined) {
      if (newest.used + length <= this.#size) return newest
      this.#count(this.#size - newest.used)
    }
    const next = this.#spares.pop() ?? new Slab(this.#size)
    next.used = 0
    this.#newest = next
    return next
  }
}
