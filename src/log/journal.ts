import { rm } from 'node:fs/promises'
import type { Disk } from './disk.ts'
import { SEGMENT_HEADER_BYTES, createSegment, listSegments, segmentPath } from './segment.ts'

/** How a journal writes. */
export interface JournalOptions {
  readonly dir: string
  readonly disk: Disk
  readonly segmentBytes: number
  /** Whether a write has to survive power loss. */
  readonly power: boolean
  /** A random 32-bit number for each segment. */
  readonly salt: () => number
}

/**
 * The segments that appended entries go to first. A segment is kept while a stream is pinned to it:
 * while that stream's entries are nowhere else. There is one write at a time.
 */
export class Journal {
  readonly #options: JournalOptions
  /** Segments that are still there, by number, and how many streams are pinned to each. */
  readonly #pins: Map<number, number>
  #fd = -1
  #number: number
  #salt = 0
  #size = 0
  #broken = false

  private constructor(options: JournalOptions, existing: readonly number[]) {
    this.#options = options
    this.#pins = new Map(existing.map((number) => [number, 0]))
    this.#number = existing.at(-1) ?? 0
  }

  /**
   * Takes over the segments in the directory and begins a new one. `newestLength`: how much of the
   * newest one is sound; what stands beyond is the rest of a write that did not complete.
   */
  static async open(options: JournalOptions, newestLength: number): Promise<Journal> {
    const journal = new Journal(options, await listSegments(options.dir, 'journal'))
    journal.#size = newestLength
    await journal.#begin()
    return journal
  }

  /** What the checks of the next write start from. */
  get salt(): number {
    return this.#salt
  }

  /** Number of the segment that the next write goes to. */
  get number(): number {
    return this.#number
  }

  /** How many segments there are. */
  get count(): number {
    return this.#pins.size
  }

  /** The number of the oldest segment. */
  get oldest(): number {
    for (const number of this.#pins.keys()) return number
    return this.#number
  }

  /** Whether the next write needs `roll` first. */
  get isFull(): boolean {
    return this.#broken || this.#size >= this.#options.segmentBytes
  }

  /** Begins the next segment. Throws what the disk throws; nothing has changed then. */
  async roll(): Promise<void> {
    const old = this.#fd
    await this.#begin()
    await this.#options.disk.close(old)
    this.sweep()
  }

  /**
   * Adds so many bytes to the segment; when it returns they are as durable as promised. When it
   * throws, the segment ends where it ended before.
   */
  async append(bytes: Uint8Array, length: number): Promise<void> {
    const { disk, power } = this.#options
    try {
      await disk.write(this.#fd, bytes, length, this.#size)
      if (power) await disk.sync(this.#fd)
    } catch (thrown) {
      // After a failed sync nobody knows what the disk holds: such a segment takes nothing more.
      this.#broken = power
      await disk.truncate(this.#fd, this.#size).catch(() => (this.#broken = true))
      throw thrown
    }
    this.#size += length
  }

  /** Keeps a segment because a stream's entries are in it. */
  pin(number: number): void {
    this.#pins.set(number, (this.#pins.get(number) ?? 0) + 1)
  }

  unpin(number: number): void {
    const pins = this.#pins.get(number)
    if (pins === undefined) return
    this.#pins.set(number, pins - 1)
    if (pins === 1) this.sweep()
  }

  /** Deletes the oldest segments that nobody needs. */
  sweep(): void {
    for (const [number, pins] of this.#pins) {
      if (pins > 0 || number === this.#number) break
      this.#pins.delete(number)
      // A file that stays because it could not be deleted is read again at the next start, and found to be of no use.
      void rm(segmentPath(this.#options.dir, 'journal', number), { force: true }).catch(() => undefined)
    }
  }

  async close(): Promise<void> {
    await this.#options.disk.close(this.#fd)
  }

  async #begin(): Promise<void> {
    const { dir, disk, salt, power } = this.#options
    const header = { kind: 'journal', number: this.#number + 1, salt: salt(), previousLength: this.#size } as const
    this.#fd = await createSegment(disk, segmentPath(dir, 'journal', header.number), header, power)
    this.#number = header.number
    this.#salt = header.salt
    this.#size = SEGMENT_HEADER_BYTES
    this.#broken = false
    this.#pins.set(header.number, 0)
  }
}
