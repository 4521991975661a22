/**
 * Chance that repeats: the same seed gives the same answer on every machine, so that a test can compare
 * the bytes of a disturbed stream with those of an undisturbed one.
 */

/** A source of chance. */
export interface Random {
  /** From 0 up to, but not including, 1. */
  readonly next: () => number
  /** An integer from 0 up to, but not including, `limit`. */
  readonly below: (limit: number) => number
  /** One of the list, which must not be empty. */
  readonly pick: <T>(list: readonly T[]) => T
}

/** 32 bits of a text. Not for secrets. */
export function hash(text: string, seed: number = 0): number {
  let h = (0x811c9dc5 ^ seed) >>> 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  // FNV alone leaves texts that differ in their last letter close together; this spreads them.
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** A generator that gives the same numbers for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return fromNext(next)
}

/** The three verbs over any source of numbers, `Math.random` for one. */
export function fromNext(next: () => number): Random {
  const below = (limit: number): number => Math.floor(next() * limit)
  const pick = <T>(list: readonly T[]): T => {
    const item = list[below(list.length)]
    if (item === undefined) throw new RangeError('pick from an empty list')
    return item
  }
  return { next, below, pick }
}

/** Draws without repeating until everything was drawn, then shuffles again. */
export class Deck<T> {
  readonly #all: readonly T[]
  readonly #random: Random
  #left: T[] = []

  constructor(all: readonly T[], random: Random) {
    if (all.length === 0) throw new RangeError('an empty deck')
    this.#all = all
    this.#random = random
  }

  /** The next item that `fits`, in the deck's order; undefined when no item left in it does. */
  draw(fits: (item: T) => boolean = () => true): T | undefined {
    if (this.#left.length === 0) this.#left = this.#shuffled()
    const at = this.#left.findIndex(fits)
    return at < 0 ? undefined : this.#left.splice(at, 1)[0]
  }

  /** The next item, whatever it is. */
  deal(): T {
    const item = this.draw()
    if (item === undefined) throw new RangeError('an empty deck')
    return item
  }

  #shuffled(): T[] {
    const cards = [...this.#all]
    for (let i = cards.length - 1; i > 0; i--) {
      const j = this.#random.below(i + 1)
      const [a, b] = [cards[i], cards[j]]
      if (a === undefined || b === undefined) continue
      cards[i] = b
      cards[j] = a
    }
    return cards
  }
}
