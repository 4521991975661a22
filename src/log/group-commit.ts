import type { Journal } from './journal.ts'
import { Pace } from './pace.ts'
import { RecordWriter } from './record.ts'

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
  readonly #pace = new Pace(() => this.#turn())
  #busy = false
  #writing: Promise<void> = Promise.resolve()
  /** How many groups there were. */
  #count = 0
  #stall: NodeJS.Timeout | undefined
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
    if (this.#reason !== undefined) stream.relay()
    if (!stream.inLine) {
      stream.inLine = true
      this.#line.push(stream)
    }
    if (!this.#busy && this.#retry === undefined) this.#pace.ask()
  }

  /** Writes everything there is; throws when that fails. */
  async drain(): Promise<void> {
    clearTimeout(this.#retry)
    this.#retry = undefined
    for (;;) {
      // A group that has completed may have started the next one.
      while (this.#busy) await this.#writing
      if (this.#line.length === 0) return
      const before = this.#reason
      await this.#flush()
      if (this.#reason !== undefined && before !== undefined) throw new Error(this.#reason)
    }
  }

  #turn(): void {
    if (this.#line.length > 0 && !this.#busy) void this.#flush()
    else this.#pace.started()
  }

  /** One group. Does not throw: a failure degrades the log and is tried again. */
  #flush(): Promise<void> {
    this.#pace.started()
    this.#count++
    this.#busy = true
    this.#watch()
    return (this.#writing = this.#commit())
  }

  /** One timer for all groups: an append does not look at the clock. */
  #watch(): void {
    this.#stall ??= setTimeout(() => {
      const count = this.#count
      // Where it is the event loop that was stuck, the end of the write is seen in the turn that begins now.
      setImmediate(() => {
        if (this.#busy && this.#count === count) this.#degrade(`a write has taken more than ${STALL_MS} ms`)
      })
    }, STALL_MS).unref()
    this.#stall.refresh()
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
      this.#failed(thrown)
      this.#busy = false
      return
    }
    this.#retryMs = RETRY_FIRST_MS
    this.#reason = undefined
    const group = this.#group
    this.#group = []
    for (const stream of group) stream.onSaved(this.#journal.number)
    // Not before: what one of them adds must not start a group while others still have to learn of this one.
    this.#busy = false
    if (this.#line.length > 0) this.#pace.goOn()
  }

  #encode(): void {
    const writer = this.#writer
    writer.reset(this.#journal.salt)
    const line = this.#line
    this.#line = []
    let at = 0
    for (const stream of line) {
      if (writer.length >= GROUP_BYTES) break
      at++
      this.#group.push(stream)
      stream.inLine = !stream.encode(writer, GROUP_BYTES - writer.length)
      if (stream.inLine) this.#line.push(stream)
    }
    if (at < line.length) this.#line = this.#line.concat(line.slice(at))
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
      if (this.#line.length > 0 && !this.#busy) this.#pace.ask()
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
