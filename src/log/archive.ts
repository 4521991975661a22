import { rm } from 'node:fs/promises'
import type { Place } from './block.ts'
import { writeIndex } from './archive-index.ts'
import { createArchived, loadArchive } from './archive-load.ts'
import type { ArchivedSegment, ArchiveContents } from './archive-load.ts'
import type { Disk } from './disk.ts'
import type { BlockRef, GoneNote, HeadNote } from './notes.ts'
import { HEADER_BYTES, RecordType, RecordWriter } from './record.ts'
import { SEGMENT_HEADER_BYTES, createSegment, segmentPath } from './segment.ts'

/** How an archive writes. */
export interface ArchiveOptions {
  readonly dir: string
  readonly disk: Disk
  readonly segmentBytes: number
  /** Whether a write has to survive power loss. */
  readonly power: boolean
  /** A random 32-bit number for each segment. */
  readonly salt: () => number
}

/**
 * The segments of closed streams, each stream in one piece (or a few, when it was long). A segment is
 * kept while a stream is in it. When a segment is full, an index beside it repeats its heads: that is
 * the checkpoint that makes a start independent of how much is kept. There is one write at a time.
 */
export class Archive {
  readonly #options: ArchiveOptions
  readonly #segments: Map<number, ArchivedSegment>
  /** The segment that is written to; made at the first write, so that a start leaves no empty file. */
  #current: ArchivedSegment | undefined
  #fd = -1
  /** Numbers are not used twice: the deletion of a file may still be under way. */
  #highest: number
  /** The heads and gones of the current segment, for its index. */
  readonly #notes = new RecordWriter()
  /** Segments that could not be cleared; not tried again. */
  readonly #immovable = new Set<number>()
  #bytes = 0

  private constructor(options: ArchiveOptions, segments: Map<number, ArchivedSegment>) {
    this.#options = options
    this.#segments = segments
    this.#highest = Math.max(0, ...segments.keys())
    for (const segment of segments.values()) this.#bytes += segment.size
  }

  /** Takes over the segments in the directory; says what is in them. */
  static async open(options: ArchiveOptions): Promise<{ archive: Archive; contents: ArchiveContents }> {
    const contents = await loadArchive(options.dir)
    const archive = new Archive(options, contents.segments)
    for (const { segment, index } of contents.unindexed) await writeIndex(options, segment, index)
    return { archive, contents }
  }

  /** Size of all segments, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** What the checks of the next write start from. Needs `prepare` first. */
  get salt(): number {
    return this.#current?.salt ?? 0
  }

  /** Where the next write goes. Needs `prepare` first. */
  get place(): Place {
    return { segment: this.#current?.number ?? 0, base: this.#current?.size ?? 0 }
  }

  /** Makes sure that there is a segment to write to. */
  async prepare(): Promise<void> {
    if (this.#current !== undefined && this.#current.size < this.#options.segmentBytes) return
    await this.#finish()
    const { dir, disk, salt, power } = this.#options
    const number = this.#highest + 1
    const header = { kind: 'archive', number, salt: salt(), previousLength: 0 } as const
    this.#fd = await createSegment(disk, segmentPath(dir, 'archive', number), header, power)
    this.#highest = number
    this.#current = createArchived(number, header.salt, SEGMENT_HEADER_BYTES)
    this.#notes.reset(header.salt)
    this.#segments.set(number, this.#current)
    this.#bytes += SEGMENT_HEADER_BYTES
  }

  /** Adds so many bytes at `place`; when it returns they are as durable as promised. */
  async append(bytes: Uint8Array, length: number): Promise<void> {
    const current = this.#current
    if (current === undefined) throw new Error('prepare first')
    const { disk, power } = this.#options
    try {
      await disk.write(this.#fd, bytes, length, current.size)
      if (power) await disk.sync(this.#fd)
    } catch (thrown) {
      await disk.truncate(this.#fd, current.size).catch(() => undefined)
      // Nobody knows what the disk holds after a failed sync, so nothing more goes to this segment.
      if (power) await this.#finish().catch(() => undefined)
      throw thrown
    }
    current.size += length
    this.#bytes += length
  }

  /** Repeats a head that was appended in the segment's index. */
  indexHead(note: HeadNote, key: number): void {
    this.#notes.json(RecordType.head, key, 0, 0, 0, note)
  }

  /** Repeats a gone note that was appended in the segment's index. */
  indexGone(note: GoneNote): void {
    this.#notes.json(RecordType.gone, 0, 0, 0, 0, note)
    if (this.#current === undefined) return
    if (note.erased.length > 0) this.#current.erases = true
    this.#current.expired.push(...note.expired)
  }

  /** A stream's record is in this segment. */
  hold(segment: number, bytes: number): void {
    const held = this.#segments.get(segment)
    if (held === undefined) return
    held.streams++
    held.live += bytes
  }

  /** It is no longer needed. */
  release(segment: number, bytes: number): void {
    const held = this.#segments.get(segment)
    if (held === undefined) return
    held.streams--
    held.live -= bytes
  }

  /**
   * Deletes the segments that hold nothing. One that says what was erased outlives those before it,
   * or a restart would bring the erased back. Gives the expired ids that were noted in the deleted.
   */
  sweep(): string[] {
    const expired: string[] = []
    let isOldest = true
    for (const [number, segment] of this.#segments) {
      const isFree = segment.streams === 0 && segment !== this.#current && (isOldest || !segment.erases)
      if (!isFree) {
        isOldest = false
        continue
      }
      this.#segments.delete(number)
      this.#immovable.delete(number)
      expired.push(...segment.expired)
      this.#bytes -= segment.size
      for (const kind of ['index', 'archive'] as const) {
        void rm(segmentPath(this.#options.dir, kind, number), { force: true }).catch(() => undefined)
      }
    }
    return expired
  }

  /** A finished segment of which less than a quarter is still needed. */
  sparse(): number | undefined {
    for (const segment of this.#segments.values()) {
      if (segment === this.#current || this.#immovable.has(segment.number)) continue
      if (segment.streams > 0 && segment.live * 4 < segment.size) return segment.number
    }
    return undefined
  }

  /** Something in this segment cannot be copied: it stays as it is. */
  leave(segment: number): void {
    if (this.#segments.has(segment)) this.#immovable.add(segment)
  }

  /** A block's record as it stands on disk, and what its checks start from. Shorter when the file is. */
  async read(ref: BlockRef): Promise<{ record: Buffer; salt: number }> {
    const { dir, disk } = this.#options
    const fd = await disk.open(segmentPath(dir, 'archive', ref.segment), 'r')
    try {
      const record = Buffer.allocUnsafe(ref.bytes)
      const count = await disk.read(fd, record, ref.at)
      return { record: record.subarray(0, count), salt: this.#segments.get(ref.segment)?.salt ?? 0 }
    } finally {
      await disk.close(fd)
    }
  }

  /** Overwrites a block's content with zeros: what was erased is no longer on the disk. */
  async wipe(ref: BlockRef): Promise<void> {
    if (!this.#segments.has(ref.segment)) return
    const { dir, disk } = this.#options
    const fd = await disk.open(segmentPath(dir, 'archive', ref.segment), 'r+')
    try {
      const length = ref.bytes - HEADER_BYTES
      await disk.write(fd, Buffer.alloc(length), length, ref.at + HEADER_BYTES)
    } finally {
      await disk.close(fd)
    }
  }

  async close(): Promise<void> {
    await this.#finish()
  }

  async #finish(): Promise<void> {
    const finished = this.#current
    if (finished === undefined) return
    this.#current = undefined
    await this.#options.disk.close(this.#fd)
    await writeIndex(this.#options, finished, this.#notes.bytes.subarray(0, this.#notes.length))
  }
}
