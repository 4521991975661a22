import type { Journal } from './journal.ts'
import { RecordWriter } from './record.ts'

/**
 * While writes come thick and fast, so many milliseconds lie between their starts. A write costs some
 * 30 us of CPU on Node's thread pool however small it is; at 25,000 tokens a second 50 of them share it.
 */
const GATHER_MS = 2

/** With so few streams in a group there is little to share, and half the wait. */
const SMALL_GROUP = 8

/**
 * A group is at most about so large; the rest goes with the next one. A saturated event loop starts few
 * groups a second, and each must take all that came meanwhile: with 1 MiB the rest piled up without end.
 */
const GROUP_BYTES = 16 * 1024 * 1024

/** While a write has been under way for so long, readers are served from memory. */
const STALL_MS = 2_000

const RETRY_FIRST_MS = 100
const RETRY_LONGEST_MS = 2_000

/** A stream that has something to be written. */
export interface Committable {
  /** Whether it stands in line; the group commit's own note. */
  inLine: boolean
  /** Writes what is new, up to about `room` bytes. False when something is left for the next group. */
  encode(into: RecordWriter, room: number): boolean
  /** What it wrote last is safe in this segment. */
  onSaved(segment: number): void
  /** What it wrote last is not safe, and will be asked for again. */
  onUnsaved(): void
  /** Nothing can be made safe for now: readers get it from memory. */
  relay(): void
}

/**
 * Group commit: everything that streams have gathered in a turn of the event loop becomes one
 * asynchronous write, and while it is under way the next group gathers.
 */
export class GroupCommit {
  readonly #journal: Journal
  readonly #onRoll: () => void
  readonly #writer = new RecordWriter()
  #line: Committable[] = []
  #group: Committable[] = []
  #scheduled = false
  #busy = false
  #writing: Promise<void> = Promise.resolve()
  #lastStart = 0
  #lastSize = 0
  #reason: string | undefined
  #retryMs = RETRY_FIRST_MS
  #retry: ReturnType<typeof setTimeout> | undefined

  /** `onRoll` is called when a new segment was begun. */
  constructor(journal: Journal, onRoll: () => void) {
    this.#journal = journal
    this.#onRoll = onRoll
  }

  /** Why entries are delivered without being safe; undefined when they are not. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** Puts a stream in line for the next write. */
  add(stream: Committable): void {
    if (this.#busy && this.#reason === undefined && performance.now() - this.#lastStart > STALL_MS) {
      this.#degrade(`a write has taken more than ${STALL_MS} ms`)
    }
    if (this.#reason !== undefined) stream.relay()
    if (stream.inLine) return
    stream.inLine = true
    this.#line.push(stream)
    this.#schedule()
  }

  /** Writes everything there is; throws when that fails. */
  async drain(): Promise<void> {
    clearTimeout(this.#retry)
    this.#retry = undefined
    await this.#writing
    while (this.#line.length > 0) {
      const before = this.#reason
      await this.#flush()
      if (this.#reason !== undefined && before !== undefined) throw new Error(this.#reason)
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#busy || this.#retry !== undefined) return
    this.#scheduled = true
    const gather = this.#lastSize < SMALL_GROUP ? GATHER_MS / 2 : GATHER_MS
    const wait = this.#lastStart + gather - performance.now()
    if (wait <= 0) setImmediate(this.#turn)
    else setTimeout(this.#turn, wait)
  }

  readonly #turn = (): void => {
    this.#scheduled = false
    if (this.#line.length > 0 && !this.#busy) void this.#flush()
  }

  /** One group. Does not throw: a failure degrades the log and is tried again. */
  #flush(): Promise<void> {
    this.#lastStart = performance.now()
    this.#busy = true
    return (this.#writing = this.#commit())
  }

  async #commit(): Promise<void> {
    try {
      if (this.#journal.isFull) {
        await this.#journal.roll()
        this.#onRoll()
      }
      this.#encode()
      await this.#journal.append(this.#writer.bytes, this.#writer.length)
    } catch (thrown) {
      this.#busy = false
      this.#failed(thrown)
      return
    }
    this.#busy = false
    this.#retryMs = RETRY_FIRST_MS
    this.#reason = undefined
    const group = this.#group
    this.#group = []
    this.#lastSize = group.length
    for (const stream of group) stream.onSaved(this.#journal.number)
    if (this.#line.length > 0) this.#schedule()
  }

  #encode(): void {
    const writer = this.#writer
    writer.reset(this.#journal.salt)
    const line = this.#line
    this.#line = []
    for (const [at, stream] of line.entries()) {
      if (writer.length >= GROUP_BYTES) {
        this.#line = this.#line.concat(line.slice(at))
        return
      }
      this.#group.push(stream)
      stream.inLine = !stream.encode(writer, GROUP_BYTES - writer.length)
      if (stream.inLine) this.#line.push(stream)
    }
  }

  #failed(thrown: unknown): void {
    for (const stream of this.#group) {
      stream.onUnsaved()
      if (stream.inLine) continue
      stream.inLine = true
      this.#line.push(stream)
    }
    this.#group = []
    this.#degrade(thrown instanceof Error ? thrown.message : String(thrown))
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      this.#schedule()
    }, this.#retryMs)
    this.#retry.unref()
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_LONGEST_MS)
  }

  #degrade(reason: string): void {
    this.#reason = reason
    for (const stream of this.#group) stream.relay()
    for (const stream of this.#line) stream.relay()
  }
}
