import { SluiceError } from '../errors.ts'
import { Catalogue } from './catalogue.ts'
import type { Listed } from './catalogue.ts'
import { LogReader } from './reader.ts'
import type { Readable, Taken } from './reader.ts'
import type {
  Batch,
  ListFilter,
  LogHealth,
  NewEntry,
  Outcome,
  StreamInit,
  StreamLog,
  StreamState,
  StreamWriter,
} from './stream-log.ts'
import { Tail } from './tail.ts'
import type { Waiter } from './tail.ts'

/** Limits of a memory log. */
export interface MemoryLogOptions {
  /**
   * Milliseconds since 1970. It should not jump with the wall clock, or streams expire early:
   * `() => performance.timeOrigin + performance.now()`.
   */
  readonly now: () => number
  /** How long a closed stream can be read, in milliseconds. Default 1 hour. */
  readonly retentionMs?: number | undefined
  /** Beyond so many bytes (estimated) the oldest closed streams go early. Open ones never do. Default 256 MiB. */
  readonly maxBytes?: number | undefined
  /** At most so many streams; beyond, the oldest closed ones go. Default 100,000. */
  readonly maxStreams?: number | undefined
}

/**
 * A log that lives and dies with this process. Readers see an entry in the turn in which it was
 * appended. See `StreamLog` for the guarantees.
 *
 * `create` throws `SluiceError` `overloaded` when `maxStreams` streams are open.
 *
 * @example
 * const log = createMemoryLog({ now: () => performance.timeOrigin + performance.now() })
 * const writer = log.create({ id: 'st_1', owner: 'local', model: 'm', createdAt: Date.now() })
 * writer.append([{ kind: 'chunk', data: '{}' }])
 * for await (const batch of log.read('st_1', -1)) console.log(batch.entries)
 */
export function createMemoryLog(options: MemoryLogOptions): StreamLog {
  return new MemoryLog(options)
}

class MemoryLog implements StreamLog {
  readonly #catalogue: Catalogue<MemoryStream>
  readonly #account: Account
  #shut = false

  constructor(options: MemoryLogOptions) {
    const { now, retentionMs = 3_600_000, maxBytes = 256 * 1024 * 1024, maxStreams = 100_000 } = options
    const account: Account = {
      bytes: 0,
      expiresAfter: retentionMs,
      now,
      onClose: (stream) => this.#catalogue.close(stream),
      relieve: () => {
        if (account.bytes > maxBytes) this.#catalogue.expire()
      },
    }
    this.#account = account
    this.#catalogue = new Catalogue(
      { now, retentionMs, maxStreams },
      { isOverweight: () => account.bytes > maxBytes, onExpire: (stream) => stream.forget('expired') },
    )
  }

  create(init: StreamInit): StreamWriter {
    if (this.#shut) throw new SluiceError('log_unavailable', 'The log is closed')
    this.#catalogue.admit(init.id)
    const stream = new MemoryStream(init, this.#account)
    this.#catalogue.add(stream)
    return stream
  }

  find(id: string): Promise<StreamState | 'expired' | undefined> {
    const found = this.#catalogue.find(id)
    return Promise.resolve(typeof found === 'object' ? found.state() : found)
  }

  read(id: string, after: number, signal?: AbortSignal): AsyncIterable<Batch> {
    return new LogReader(() => this.#catalogue.demand(id), after, signal)
  }

  list(owner: string, filter: ListFilter = {}): Promise<readonly StreamState[]> {
    return Promise.resolve(this.#catalogue.list(owner, filter))
  }

  erase(id: string): Promise<void> {
    const found = this.#catalogue.find(id)
    if (typeof found === 'object') {
      this.#catalogue.remove(found)
      found.forget('erased')
    }
    return Promise.resolve()
  }

  health(): LogHealth {
    return { durability: 'memory', degraded: false }
  }

  close(): Promise<void> {
    this.#shut = true
    this.#catalogue.stop()
    for (const stream of this.#catalogue.values()) stream.shut()
    return Promise.resolve()
  }
}

/** What the streams of one log share. */
interface Account {
  /** What all entries in memory cost. */
  bytes: number
  readonly expiresAfter: number
  readonly now: () => number
  /** The stream has ended. */
  readonly onClose: (stream: MemoryStream) => void
  /** Makes room when there is too much. */
  readonly relieve: () => void
}

/** One stream: what its writer writes to and its readers read from. */
class MemoryStream implements StreamWriter, Readable, Listed {
  readonly id: string
  readonly owner: string
  readonly #init: StreamInit
  readonly #account: Account
  readonly #tail = new Tail()
  #outcome: Outcome | undefined
  #closedAt: number | undefined
  #gone: 'expired' | 'erased' | undefined
  #isShut = false

  constructor(init: StreamInit, account: Account) {
    this.id = init.id
    this.owner = init.owner
    // The request is of use only after a crash, which this log does not survive.
    const { request: _, ...kept } = init
    this.#init = kept
    this.#account = account
  }

  get closedAt(): number | undefined {
    return this.#closedAt
  }

  append(entries: readonly NewEntry[]): void {
    if (this.#gone !== undefined) return
    if (this.#outcome !== undefined) throw new SluiceError('internal', `Stream ${this.id} is closed`)
    const tail = this.#tail
    let cost = 0
    for (const entry of entries) cost += tail.push(entry)
    this.#account.bytes += cost
    tail.publish(tail.pushed)
    this.#account.relieve()
  }

  close(outcome: Outcome): Promise<void> {
    if (this.#outcome === undefined && this.#gone === undefined) {
      this.#outcome = outcome
      this.#closedAt = this.#account.now()
      this.#account.onClose(this)
      this.#tail.end()
    }
    return Promise.resolve()
  }

  take(after: number): Taken {
    if (this.#gone === 'erased') return 'end'
    if (this.#gone === 'expired') throw new SluiceError('cursor_expired', 'This stream is no longer kept')
    return this.#tail.take(after) ?? (this.#outcome === undefined && !this.#isShut ? 'wait' : 'end')
  }

  park(waiter: Waiter): void {
    this.#tail.park(waiter)
  }

  leave(waiter: Waiter): void {
    this.#tail.leave(waiter)
  }

  state(): StreamState {
    const closedAt = this.#closedAt
    return {
      ...this.#init,
      status: this.#outcome?.status ?? 'open',
      outcome: this.#outcome,
      first: 0,
      last: this.#tail.readable,
      expiresAt: closedAt === undefined ? undefined : closedAt + this.#account.expiresAfter,
    }
  }

  /** The log is closed: nobody waits for more. */
  shut(): void {
    this.#isShut = true
    this.#tail.stir()
  }

  /** Lets go of the content; readers learn of it when they look again. */
  forget(why: 'expired' | 'erased'): void {
    if (this.#gone !== undefined) return
    this.#gone = why
    this.#account.bytes -= this.#tail.bytes
    this.#tail.dropBefore(this.#tail.pushed + 1)
    this.#tail.end()
  }
}
