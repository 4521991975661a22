/** At least so many are remembered, and at most twice as many. */
const REMEMBERED = 50_000

/**
 * Ids of streams that are no longer kept, so that their cursors are answered with `cursor_expired`. They are forgotten
 * many at once: a `Set` from whose front ids are deleted one by one is slow to look into, because V8 passes over every
 * deleted place.
 */
export class ExpiredIds {
  #ids = new Set<string>()
  #before = new Set<string>()

  has(id: string): boolean {
    return this.#ids.has(id) || this.#before.has(id)
  }

  add(id: string): void {
    if (this.#ids.size >= REMEMBERED) {
      this.#before = this.#ids
      this.#ids = new Set()
    }
    this.#ids.add(id)
  }

  delete(id: string): void {
    this.#ids.delete(id)
    this.#before.delete(id)
  }
}
