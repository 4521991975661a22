import { SluiceError } from '../errors.ts'
import type { ListFilter, StreamState } from './stream-log.ts'

/** So many expired ids are remembered, so that their cursors are answered with `cursor_expired`. */
const REMEMBERED = 50_000

/** The sweep runs at most this often, in milliseconds. */
const SWEEP_MS = 1_000

/** The longest a timer is set for, in milliseconds; Node's own limit is near 24 days. */
const LONGEST_MS = 3_600_000

/** What a log keeps of one stream, as far as finding, listing and expiring it goes. */
export interface Listed {
  readonly id: string
  readonly owner: string
  /** Milliseconds since 1970 at which it ended; undefined while open. */
  readonly closedAt: number | undefined
  state(): StreamState
}

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

/** The streams of a log by id and by owner, and which of them are due to go. */
export class Catalogue<S extends Listed> {
  readonly #retention: Retention
  readonly #shelf: Shelf<S>
  readonly #streams = new Map<string, S>()
  readonly #owners = new Map<string, Set<S>>()
  /** In the order they were closed, which is the order they expire in. */
  readonly #closed = new Set<S>()
  readonly #expired = new Set<string>()
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

  /** The ids of expired streams, oldest first. */
  get expired(): ReadonlySet<string> {
    return this.#expired
  }

  find(id: string): S | 'expired' | undefined {
    this.expire()
    return this.#streams.get(id) ?? (this.#expired.has(id) ? 'expired' : undefined)
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
    this.#expired.delete(stream.id)
    this.#streams.set(stream.id, stream)
    const owned = this.#owners.get(stream.owner)
    if (owned === undefined) this.#owners.set(stream.owner, new Set([stream]))
    else owned.add(stream)
    if (stream.closedAt !== undefined) this.close(stream)
  }

  /** The stream has ended; from now on it may expire. */
  close(stream: S): void {
    if (this.#streams.get(stream.id) !== stream) return
    this.#closed.add(stream)
    this.#schedule()
  }

  /** Forgets a stream without a trace. */
  remove(stream: S): void {
    if (this.#streams.get(stream.id) !== stream) return
    this.#streams.delete(stream.id)
    this.#closed.delete(stream)
    const owned = this.#owners.get(stream.owner)
    owned?.delete(stream)
    if (owned?.size === 0) this.#owners.delete(stream.owner)
  }

  /** Remembers an id as expired. */
  remember(id: string): void {
    this.#expired.add(id)
    for (const oldest of this.#expired) {
      if (this.#expired.size <= REMEMBERED) break
      this.#expired.delete(oldest)
    }
  }

  /** The owner's streams, newest first; undefined: everybody's. */
  list(owner: string | undefined, filter: ListFilter): StreamState[] {
    this.expire()
    const { status, conversation, limit = 100 } = filter
    const states: StreamState[] = []
    for (const stream of owner === undefined ? this.#streams.values() : (this.#owners.get(owner) ?? [])) {
      const state = stream.state()
      if (status !== undefined && state.status !== status) continue
      if (conversation !== undefined && state.conversation !== conversation) continue
      states.push(state)
    }
    // Reversed first, so that of two created in the same millisecond the later one leads.
    return states
      .reverse()
      .toSorted((a, b) => b.createdAt - a.createdAt)
      .slice(0, limit)
  }

  /** Lets go of what is past its time, and of the oldest while the log is overweight. */
  expire(): void {
    const due = this.#retention.now() - this.#retention.retentionMs
    for (const stream of this.#closed) {
      if ((stream.closedAt ?? 0) > due) break
      this.#drop(stream)
    }
    while (this.#shelf.isOverweight() && this.#expireOldest()) continue
  }

  /** Stops the sweep. */
  stop(): void {
    clearTimeout(this.#sweep)
    this.#sweep = undefined
  }

  #expireOldest(): boolean {
    for (const oldest of this.#closed) {
      this.#drop(oldest)
      return true
    }
    return false
  }

  #drop(stream: S): void {
    this.remove(stream)
    this.remember(stream.id)
    this.#shelf.onExpire(stream)
  }

  /** One timer for the log: finding and reading expire by themselves, it only frees memory in a quiet log. */
  #schedule(): void {
    if (this.#sweep !== undefined) return
    for (const oldest of this.#closed) {
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
      return
    }
  }
}
