/** A place in a chain. Belongs to the chain that gave it. */
export interface Link<T> {
  readonly value: T
  before: Link<T> | undefined
  after: Link<T> | undefined
  /** False once it was taken out. */
  linked: boolean
}

/**
 * A queue from whose middle things can be taken, each in constant time. An array would move its
 * elements; a Set or Map steps over those removed from its front, which costs the square of a long queue.
 */
export class Chain<T> {
  #first: Link<T> | undefined = undefined
  #last: Link<T> | undefined = undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The oldest; follow `after` for the others. */
  get first(): Link<T> | undefined {
    return this.#first
  }

  get last(): Link<T> | undefined {
    return this.#last
  }

  push(value: T): Link<T> {
    const link: Link<T> = { value, before: this.#last, after: undefined, linked: true }
    if (this.#last === undefined) this.#first = link
    else this.#last.after = link
    this.#last = link
    this.#size++
    return link
  }

  /** In front of `next`, which is in it. */
  insertBefore(next: Link<T>, value: T): Link<T> {
    const link: Link<T> = { value, before: next.before, after: next, linked: true }
    if (next.before === undefined) this.#first = link
    else next.before.after = link
    next.before = link
    this.#size++
    return link
  }

  /** Does nothing when it is out already. */
  remove(link: Link<T>): void {
    if (!link.linked) return
    link.linked = false
    if (link.before === undefined) this.#first = link.after
    else link.before.after = link.after
    if (link.after === undefined) this.#last = link.before
    else link.after.before = link.before
    // Whoever keeps it would keep all that was taken out after it, too.
    link.before = link.after = undefined
    this.#size--
  }
}
