import { Chain, type Link } from './chain.ts'

/** Somebody who waits. */
export interface Waiter {
  readonly tokens: number
  /** In the clock's milliseconds; Infinity for none. */
  readonly deadline: number
  /** May go, or why not. Called once. */
  readonly decided: (outcome: 'admitted' | Error) => void
}

/** Waiters in the order they came, and the nearest of their deadlines. */
export class WaitingLine {
  readonly #line = new Chain<Waiter>()
  /** By deadline, from `#nearest` on. Those who left are in it until it is worth sweeping. */
  #deadlines: Link<Waiter>[] = []
  #nearest = 0

  get size(): number {
    return this.#line.size
  }

  get head(): Link<Waiter> | undefined {
    return this.#line.first
  }

  join(waiter: Waiter): Link<Waiter> {
    const link = this.#line.push(waiter)
    if (waiter.deadline < Infinity) this.#deadlines.splice(this.#placeOf(waiter.deadline), 0, link)
    return link
  }

  leave(link: Link<Waiter>): void {
    this.#line.remove(link)
    if (this.#deadlines.length <= 64 || this.#deadlines.length <= this.#line.size * 2) return
    this.#deadlines = this.#deadlines.filter(({ linked }) => linked)
    this.#nearest = 0
  }

  /** When the first of those who wait has waited enough; Infinity when nobody minds. */
  nearestDeadline(): number {
    while (this.#deadlines[this.#nearest]?.linked === false) this.#nearest++
    return this.#deadlines[this.#nearest]?.value.deadline ?? Infinity
  }

  /** Takes out those whose deadline has passed. */
  takeLate(now: number): readonly Waiter[] {
    const late: Waiter[] = []
    while (this.nearestDeadline() <= now) {
      const link = this.#deadlines[this.#nearest]
      if (link === undefined) break
      this.leave(link)
      late.push(link.value)
    }
    return late
  }

  /** The end, when all wait equally long: nothing is moved. */
  #placeOf(deadline: number): number {
    let low = this.#nearest
    let high = this.#deadlines.length
    if ((this.#deadlines[high - 1]?.value.deadline ?? -Infinity) <= deadline) return high
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#deadlines[middle]?.value.deadline ?? Infinity) <= deadline) low = middle + 1
      else high = middle
    }
    return low
  }
}
