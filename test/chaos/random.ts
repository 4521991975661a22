/**
 * Chance that can be repeated: the same seed makes the same choices. What the operating system does
 * in between (which write ends first, how a socket cuts its bytes) is not ours to choose.
 */
export class Random {
  readonly #seed: number
  #state: number

  constructor(seed: number) {
    this.#seed = seed >>> 0
    this.#state = mix(this.#seed ^ 0x9e3779b9)
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    return mix(this.#state) / 2 ** 32
  }

  /** A whole number from 0 up to, but not, `n`. */
  below(n: number): number {
    return Math.floor(this.next() * n)
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  /** A whole number from `least` to `most`, small ones as likely as large ones by order of magnitude. */
  magnitude(least: number, most: number): number {
    return Math.min(most, Math.floor(least * ((most + 1) / least) ** this.next()))
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.below(from.length)] ?? from[0]
  }

  /** Chance of its own for a part of the work, whatever is drawn elsewhere meanwhile. */
  fork(label: number | string): Random {
    let hash = this.#seed
    for (const char of String(label)) hash = mix(hash ^ (char.codePointAt(0) ?? 0))
    return new Random(hash)
  }
}

function mix(value: number): number {
  let x = value
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
  return (x ^ (x >>> 15)) >>> 0
}
