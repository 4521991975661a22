import { SluiceError } from '../errors.ts'
import { ExpiredIds } from './expired-ids.ts'
import type { Listed } from './listed.ts'
import type { ListFilter, StreamState } from './stream-log.ts'

/** The sweep runs at most this often, in milliseconds. */
const SWEEP_MS = 1_000

/** The longest a timer is set for, in milliseconds; Node's own limit is near 24 days. */
const LONGEST_MS = 3_600_000

/** Limits of a log, shared by all kinds. */
export interface Retention {
  /**
   * Milliseconds since 1970. It should not jump with the wall clock, or streams expire early:
   * `() => performance.timeOrigin + performance.now()`.
   */
  readonly now: () => number
  /** How long a closed stream can be read, in milliseconds. */
  readonly retentionMs: number
  /** At most so many streams, open ones included. */
  readonly maxStreams: number
}

/** What the catalogue asks of its log. */
export interface Shelf<S> {
  /** Whether closed streams must go before their time. */
  readonly isOverweight: () => boolean
  /** The stream is gone from the catalogue: let go of its content. */
  readonly onExpire: (stream: S) => void
}

/**
 * The streams of a log by id and by owner, and which of them are due to go.
 *
 * Its lists are linked through the streams: two hash tables less to be filled, and a `Set` from whose front much was
 * deleted is slow to look into (`ExpiredIds`).
 */
export class Catalogue<S extends Listed<S>> {
  readonly #retention: Retention
  readonly #shelf: Shelf<S>
  readonly #streams = new Map<string, S>()
  /** Each owner's newest stream. */
  readonly #owners = new Map<string, S>()
  /** The ends of the list of closed streams, in the order they were closed, which is the order they expire in. */
  #oldestClosed: S | undefined
  #newestClosed: S | undefined
  readonly expired: ExpiredIds = new ExpiredIds()
  #sweep: ReturnType<typeof setTimeout> | undefined

  constructor(retention: Retention, shelf: Shelf<S>) {
    this.#retention = retention
    this.#shelf = shelf
  }

  /** How many streams there are. */
  get size(): number {
    return this.#streams.size
  }

  /** Every stream, in no particular order. */
  values(): Iterable<S> {
    return this.#streams.values()
  }

  find(id: string): S | 'expired' | undefined {
    this.expire()
    return this.#streams.get(id) ?? (this.expired.has(id) ? 'expired' : undefined)
  }

  /** As `find`, for a reader: throws `stream_not_found` or `cursor_expired`. */
  demand(id: string): S {
    const found = this.find(id)
    if (found === 'expired') throw new SluiceError('cursor_expired', 'This stream is no longer kept')
    if (found === undefined) throw new SluiceError('stream_not_found', 'There is no such stream')
    return found
  }

  /** Throws `conflict` when the id exists, `overloaded` when there is no room left to make. */
  admit(id: string): void {
    if (this.#streams.has(id)) throw new SluiceError('conflict', `Stream ${id} exists already`)
    const { maxStreams } = this.#retention
    this.expire()
    while (this.#streams.size >= maxStreams) {
      if (!this.#expireOldest()) {
        throw new SluiceError('overloaded', `All ${maxStreams} streams are open`, { limit: 'streams' })
      }
    }
  }

  add(stream: S): void {
    this.expired.delete(stream.id)
    this.#streams.set(stream.id, stream)
    const older = this.#owners.get(stream.owner)
    if (older !== undefined) older.newerOwned = stream
    stream.olderOwned = older
    this.#owners.set(stream.owner, stream)
    if (stream.closedAt !== undefined) this.close(stream)
  }

  /** The stream has ended; from now on it may expire. Called once. */
  close(stream: S): void {
    if (this.#streams.get(stream.id) !== stream) return
    const older = this.#newestClosed
    if (older === undefined) this.#oldestClosed = stream
    else older.newerClosed = stream
    stream.olderClosed = older
    this.#newestClosed = stream
    this.#schedule()
  }

  /** Forgets a stream without a trace. */
  remove(stream: S): void {
    if (this.#streams.get(stream.id) !== stream) return
    this.#streams.delete(stream.id)
    this.#leaveClosed(stream)
    this.#leaveOwner(stream)
  }

  /** Remembers an id as expired. */
  remember(id: string): void {
    this.expired.add(id)
  }

  /** The owner's streams, newest first; undefined: everybody's. */
  list(owner: string | undefined, filter: ListFilter): StreamState[] {
    this.expire()
    // The newest first, so that of two created in the same millisecond the later one leads.
    const streams = owner === undefined ? [...this.#streams.values()].reverse() : this.#ownedBy(owner)
    return streams
      .filter((stream) => stream.suits(filter))
      .sort((a, b) => b.createdAt - a.createdAt)
      .slice(0, filter.limit ?? 100)
      .map((stream) => stream.state())
  }

  /** Lets go of what is past its time, and of the oldest while the log is overweight. */
  expire(): void {
    const due = this.#retention.now() - this.#retention.retentionMs
    while ((this.#oldestClosed?.closedAt ?? Infinity) <= due) this.#expireOldest()
    while (this.#shelf.isOverweight() && this.#expireOldest()) continue
  }

  /** Stops the sweep. */
  stop(): void {
    clearTimeout(this.#sweep)
    this.#sweep = undefined
  }

  #expireOldest(): boolean {
    const oldest = this.#oldestClosed
    if (oldest === undefined) return false
    this.remove(oldest)
    this.remember(oldest.id)
    this.#shelf.onExpire(oldest)
    return true
  }

  #ownedBy(owner: string): S[] {
    const owned: S[] = []
    for (let stream = this.#owners.get(owner); stream !== undefined; stream = stream.olderOwned) owned.push(stream)
    return owned
  }

  /** Its own links are cut too: an old object that nobody needs would keep the newer ones alive. */
  #leaveOwner(stream: S): void {
    const { olderOwned: older, newerOwned: newer, owner } = stream
    if (older !== undefined) older.newerOwned = newer
    if (newer !== undefined) newer.olderOwned = older
    else if (older !== undefined) this.#owners.set(owner, older)
    else this.#owners.delete(owner)
    stream.olderOwned = stream.newerOwned = undefined
  }

  #leaveClosed(stream: S): void {
    const { olderClosed: older, newerClosed: newer } = stream
    if (older !== undefined) older.newerClosed = newer
    else if (this.#oldestClosed === stream) this.#oldestClosed = newer
    if (newer !== undefined) newer.olderClosed = older
    else if (this.#newestClosed === stream) this.#newestClosed = older
    stream.olderClosed = stream.newerClosed = undefined
  }

  /** One timer for the log: finding and reading expire by themselves, it only frees memory in a quiet log. */
  #schedule(): void {
    if (this.#sweep !== undefined) return
    const oldest = this.#oldestClosed
    if (oldest === undefined) return
    const left = (oldest.closedAt ?? 0) + this.#retention.retentionMs - this.#retention.now()
    this.#sweep = setTimeout(
      () => {
        this.#sweep = undefined
        this.expire()
        this.#schedule()
      },
      Math.min(Math.max(left, SWEEP_MS), LONGEST_MS),
    )
    this.#sweep.unref()
  }
}
