import type { CancelSignal } from '../cancel.ts'
import { SluiceError } from '../errors.ts'
import { Catalogue } from './catalogue.ts'
import type { MemoryAccount } from './memory-account.ts'
import { LogReader } from './reader.ts'
import { MemoryStream } from './memory-stream.ts'
import { Packer } from './packer.ts'
import { RecentBatches } from './recent-batches.ts'
import { Slabs } from './slabs.ts'
import type {
  BatchSource,
  ListFilter,
  LogHealth,
  StreamInit,
  StreamLog,
  StreamState,
  StreamWriter,
} from './stream-log.ts'

/** Bytes that streams share once they have ended. */
const LARGEST_SLAB = 1024 * 1024

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
  readonly #account: MemoryAccount<MemoryStream>

  constructor(options: MemoryLogOptions) {
    const { now, retentionMs = 3_600_000, maxBytes = 256 * 1024 * 1024, maxStreams = 100_000 } = options
    const account: MemoryAccount<MemoryStream> = {
      bytes: 0,
      isShut: false,
      expiresAfter: retentionMs,
      now,
      packer: new Packer(),
      // A 256th, because the oldest slab is counted until the last of its streams has gone.
      slabs: new Slabs(Math.min(LARGEST_SLAB, Math.floor(maxBytes / 256)), (bytes) => {
        account.bytes += bytes
      }),
      recent: new RecentBatches(),
      texts: [],
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
    if (this.#account.isShut) throw new SluiceError('log_unavailable', 'The log is closed')
    this.#catalogue.admit(init.id)
    const stream = new MemoryStream(init, this.#account)
    this.#catalogue.add(stream)
    return stream
  }

  find(id: string): Promise<StreamState | 'expired' | undefined> {
    const found = this.#catalogue.find(id)
    return Promise.resolve(typeof found === 'object' ? found.state() : found)
  }

  read(id: string, after: number, signal?: CancelSignal): BatchSource {
    return new LogReader(() => this.#catalogue.demand(id), after, signal)
  }

  list(owner: string, filter: ListFilter = {}): Promise<readonly StreamState[]> {
    return Promise.resolve(this.#catalogue.list(owner, filter))
  }

  listAll(filter: ListFilter = {}): Promise<readonly StreamState[]> {
    return Promise.resolve(this.#catalogue.list(undefined, filter))
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
    this.#account.isShut = true
    this.#catalogue.stop()
    for (const stream of this.#catalogue.values()) stream.stir()
    return Promise.resolve()
  }
}
