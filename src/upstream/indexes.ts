/** Below this an index is a bit. */
const BITS = 31

/** A set of small numbers, as indexes of choices are: a `Set` of one of them is 200 bytes for as long as a stream is open. */
export class Indexes {
  #bits = 0
  #others: Set<number> | undefined

  get isEmpty(): boolean {
    return this.#bits === 0 && (this.#others === undefined || this.#others.size === 0)
  }

  has(index: number): boolean {
    return isBit(index) ? (this.#bits & (1 << index)) !== 0 : this.#others?.has(index) === true
  }

  add(index: number): void {
    if (isBit(index)) this.#bits |= 1 << index
    else (this.#others ??= new Set()).add(index)
  }

  delete(index: number): void {
    if (isBit(index)) this.#bits &= ~(1 << index)
    else this.#others?.delete(index)
  }

  clear(): void {
    this.#bits = 0
    this.#others = undefined
  }
}

const isBit = (index: number): boolean => Number.isInteger(index) && index >= 0 && index < BITS
