import { freshBatch, readBatch } from './batch.ts'
import type { Batch, Entry, EntryKind, NewEntry } from './stream-log.ts'
import type { TextRun } from './text-run.ts'
import { TextStore } from './text-store.ts'

/** Batches kept so that readers at the same place are given the same object. A power of two. */
const RECENT = 2

/**
 * So many entries are kept as they came until they are readable; beyond, the older ones are read back from their
 * bytes. Behind a disk that cannot follow they would be most of what the garbage collector has to move.
 */
const FRESH_MOST = 4

/** Where some entries are no plain chunks, one is not looked for farther ahead than this. */
const LONGEST_RUN = 1_024

/** Never written to. A list that is made with its first member has room for it; one that begins empty, for 17. */
const NONE: NewEntry[] = []
const NOBODY: Waiter[] = []
const NOT_KEPT: (Batch | WeakRef<Batch> | undefined)[] = []

/** What one kept entry costs beside its data: two numbers that say where it is, and its share of a page. */
export const ENTRY_OVERHEAD = 32

/** A reader that has read everything and waits. */
export interface Waiter {
  /** The offset it has read. */
  readonly after: number
  /** Where it stands among the waiters; the tail's own note, so that leaving costs no search. */
  slot: number
  /** The next entries are here; `result` is shared by all who are woken by them. */
  wake(result: IteratorYieldResult<Batch>): void
  /** Something else changed: look again. */
  retry(): void
}

/** What an entry is, where it is not a plain chunk. Most entries are, so this is kept apart. */
export interface Oddity {
  readonly kind: EntryKind
  readonly name: string | undefined
}

/**
 * The part of one stream that is in memory: data in order, who waits for more, and the newest batches.
 * Entries are kept as bare text outside the heap and become objects when somebody reads them.
 *
 * Entries are pushed first and become readable by `publish`: at once in the memory log, when they are
 * safe on disk in the file log.
 */
export class Tail {
  readonly #data: TextStore
  /** The newest of what was pushed and is not readable yet, so that waiting readers get it as it came. */
  #fresh: NewEntry[] = NONE
  #odd: Map<number, Oddity> | undefined
  #waiters = NOBODY
  #recent = NOT_KEPT
  #ended = false
  #newest = 0
  #base: number
  #pushed: number
  #readable: number
  #bytes = 0

  /** `next`: the offset the first pushed entry gets. `data`: where texts are kept, empty. */
  constructor(next = 0, data: TextStore = new TextStore()) {
    this.#data = data
    this.#base = next
    this.#pushed = next - 1
    this.#readable = next - 1
  }

  /** Offset of the oldest entry that is still in memory. */
  get base(): number {
    return this.#base
  }

  /** Offset of the newest entry, readable or not. */
  get pushed(): number {
    return this.#pushed
  }

  /** Offset of the newest entry that readers may have. */
  get readable(): number {
    return this.#readable
  }

  /** What the entries in memory cost, estimated. */
  get bytes(): number {
    return this.#bytes
  }

  /** The data of the entries in memory. */
  get texts(): TextStore {
    return this.#data
  }

  /** By offset, which entries are no plain chunks. */
  get oddities(): ReadonlyMap<number, Oddity> | undefined {
    return this.#odd
  }

  /** How many readers wait. */
  get waiting(): number {
    return this.#waiters.length
  }

  /** Adds an entry, not readable yet. Returns what it costs. */
  push(entry: NewEntry): number {
    const offset = ++this.#pushed
    const cost = this.#data.push(entry.data, entry.around) + ENTRY_OVERHEAD
    if (this.#fresh === NONE || this.#fresh.length >= FRESH_MOST) this.#fresh = [entry]
    else this.#fresh.push(entry)
    if (entry.kind !== 'chunk' || entry.name !== undefined) {
      this.#odd ??= new Map()
      this.#odd.set(offset, { kind: entry.kind, name: entry.name })
    }
    this.#bytes += cost
    return cost
  }

  /** Makes everything up to this offset readable and wakes who waits for it. `fresh`: the newest, where they are at hand. */
  publish(upTo: number, fresh: readonly NewEntry[] = this.#fresh): void {
    const from = this.#readable
    if (upTo <= from) return
    this.#readable = upTo
    const first = this.#pushed - fresh.length + 1
    this.#fresh = upTo === this.#pushed ? NONE : fresh.slice(Math.max(0, upTo + 1 - first))
    const waiters = this.#waiters
    if (waiters.length === 0) return
    // With a single reader there is nobody to share with: kept batches would only outlive their use.
    const value = first > from + 1 ? readBatch(this, from + 1, upTo) : freshBatch(fresh, first, from + 1, upTo)
    if (waiters.length > 1) this.#remember(value)
    const result = { value, done: false as const }
    // Who is woken parks itself again at once: an emptied list would begin to grow anew with every token.
    if (waiters.length === 1) return wake(waiters.pop(), from, result)
    for (const waiter of waiters.splice(0)) wake(waiter, from, result)
  }

  /** Lets every waiting reader look again: the stream was closed, erased or expired. */
  stir(): void {
    for (const waiter of this.#waiters.splice(0)) waiter.retry()
  }

  /** Puts a reader among the waiting. */
  park(waiter: Waiter): void {
    if (this.#waiters === NOBODY) this.#waiters = [waiter]
    else this.#waiters.push(waiter)
    waiter.slot = this.#waiters.length - 1
  }

  /** Takes a reader from among the waiting. */
  leave(waiter: Waiter): void {
    const { slot } = waiter
    if (this.#waiters[slot] !== waiter) return
    const moved = this.#waiters.pop()
    if (moved === undefined || moved === waiter) return
    moved.slot = slot
    this.#waiters[slot] = moved
  }

  /**
   * The readable entries after `after`, bounded; undefined when there are none. They must be in memory.
   * `isShared`: whether another reader is likely to want the same.
   */
  take(after: number, isShared = true): Batch | undefined {
    if (after >= this.#readable) return undefined
    const first = after + 1
    for (const kept of this.#recent) {
      const batch = kept instanceof WeakRef ? kept.deref() : kept
      if (batch?.entries[0]?.offset === first) return batch
    }
    const batch = readBatch(this, first, this.#readable)
    if (isShared) this.#remember(batch)
    return batch
  }

  #remember(batch: Batch): void {
    const kept = this.#ended ? new WeakRef(batch) : batch
    if (this.#recent === NOT_KEPT) this.#recent = [kept]
    else this.#recent[this.#newest] = kept
    this.#newest = (this.#newest + 1) % RECENT
  }

  /** The entry at this offset, which must be in memory. */
  entry(offset: number): Entry {
    const data = this.#data.get(offset - this.#base)
    if (data === undefined) throw new RangeError(`offset ${offset} is not in memory`)
    const odd = this.#odd?.get(offset)
    if (odd === undefined) return { offset, kind: 'chunk', data }
    if (odd.name === undefined) return { offset, kind: odd.kind, data }
    return { offset, kind: odd.kind, data, name: odd.name }
  }

  /** As `entry`, but as it was pushed, without an object of its own, where that is still at hand. */
  pushedEntry(offset: number): NewEntry {
    const at = this.#fresh.length - 1 - (this.#pushed - offset)
    return (at >= 0 ? this.#fresh[at] : undefined) ?? this.entry(offset)
  }

  /**
   * The data of plain chunks from this offset on, up to `last`, as it is kept: as much as has much in common, and no
   * more once it has so many characters. Undefined for an entry that is no plain chunk. They must be in memory.
   */
  run(offset: number, last: number, characters: number): TextRun | undefined {
    const odd = this.#odd
    let end = last + 1
    if (odd !== undefined) {
      if (odd.has(offset)) return undefined
      end = offset + 1
      while (end <= last && end - offset < LONGEST_RUN && !odd.has(end)) end++
    }
    return this.#data.run(offset - this.#base, end - this.#base, characters)
  }

  /** Forgets the entries before this offset, which are kept elsewhere or given up. Returns what that freed. */
  dropBefore(offset: number): number {
    if (offset <= this.#base) return 0
    const count = Math.min(offset - this.#base, this.#data.length)
    const freed = this.#data.drop(count) + count * ENTRY_OVERHEAD
    this.#base += count
    for (const at of this.#odd?.keys() ?? []) if (at < this.#base) this.#odd?.delete(at)
    this.#bytes -= freed
    return freed
  }

  /**
   * There will be no more entries. From here on the shared batches, and the frames that deliverers
   * keep in them, live only as long as somebody uses them.
   */
  end(): void {
    this.#ended = true
    this.#data.trim()
    for (const [at, batch] of this.#recent.entries()) {
      if (batch !== undefined && !(batch instanceof WeakRef)) this.#recent[at] = new WeakRef(batch)
    }
    this.stir()
  }
}

/** A reader may wait beyond the head (PROTOCOL 5): it is asked to look again. */
function wake(waiter: Waiter | undefined, from: number, result: IteratorYieldResult<Batch>): void {
  if (waiter?.after === from) waiter.wake(result)
  else waiter?.retry()
}
